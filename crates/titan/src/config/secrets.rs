//! Secrets of the configuration: the master keys, and what has a value or a file.

use super::Config;
use anyhow::{Context, Result, bail};
use std::path::PathBuf;
use titan_core::access::{MASTER_KEY_LENGTH, MasterKeys};

/// The master keys in force.
pub struct MasterSecrets(Vec<String>);

impl MasterSecrets {
    pub(super) fn check(config: &Config) -> Result<Self> {
        let current = secret("MASTER_KEY", config.master_key.as_ref(), config.master_key_file.as_ref())?;
        let previous = secret(
            "MASTER_KEY_PREVIOUS",
            config.master_key_previous.as_ref(),
            config.master_key_previous_file.as_ref(),
        )?;
        let Some(current) = current else {
            bail!(
                "MASTER_KEY is not set. Create one with\n\n    openssl rand -base64 32\n\nand set MASTER_KEY, or \
                 MASTER_KEY_FILE to a file that contains it. To try Titan, run `titan serve --dev`: it creates its own."
            );
        };
        let keys = [Some(current), previous].into_iter().flatten().collect::<Vec<_>>();
        for key in &keys {
            check_master_key(key)?;
        }
        Ok(Self(keys))
    }

    /// For comparing with what callers present.
    pub fn hashed(&self) -> MasterKeys {
        MasterKeys::new(self.0.iter().map(String::as_str))
    }
}

fn check_master_key(key: &str) -> Result<()> {
    if key.chars().count() < MASTER_KEY_LENGTH {
        bail!(
            "MASTER_KEY: must have at least {MASTER_KEY_LENGTH} characters; create one with: openssl rand -base64 32"
        );
    }
    if !key.bytes().all(|c| c.is_ascii_graphic()) {
        bail!("MASTER_KEY: must be visible ASCII characters, because it is sent in a header");
    }
    if key.starts_with("titan_") || key.starts_with("whm_") {
        bail!("MASTER_KEY: must not look like an API key");
    }
    Ok(())
}

/// A secret from its value or its file, never both.
pub(super) fn secret(option: &str, value: Option<&String>, file: Option<&PathBuf>) -> Result<Option<String>> {
    match (value, file) {
        (Some(_), Some(_)) => bail!("{option}: its value and its file are both set; set one"),
        (Some(value), None) => Ok(Some(value.trim().to_owned())),
        (None, Some(path)) => {
            let text =
                std::fs::read_to_string(path).with_context(|| format!("{option}: {}", path.display()))?;
            Ok(Some(text.trim().to_owned()))
        }
        (None, None) => Ok(None),
    }
}
