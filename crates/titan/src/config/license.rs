//! The license, and whether it may be used here.

use super::Config;
use crate::platform;
use anyhow::{Context, Result, anyhow, bail};
use titan_core::license::{License, Place, Platform, is_aws_account};
use titan_token::LicensePublicKey;

/// Reads the license that the configuration names.
pub(super) fn license(config: &Config) -> Result<Option<License>> {
    let place = place(config)?;
    let key = config.license_public_key.as_deref().map(public_key).transpose()?;
    let Some(path) = &config.license_file else { return Ok(None) };
    let key =
        key.context("license_file: needs license_public_key, the public key of whoever issued the license")?;
    let text = std::fs::read_to_string(path).with_context(|| format!("license_file: {}", path.display()))?;
    let license = License::read(&text, &key);
    let license = license.and_then(|license| license.check_place(&place).map(|()| license));
    license.map(Some).map_err(|wrong| anyhow!("license_file: {} {wrong}", path.display()))
}

pub(crate) fn public_key(text: &str) -> Result<LicensePublicKey> {
    LicensePublicKey::parse(text.trim()).map_err(|_| {
        anyhow!("license_public_key: must be 43 characters, as `titan license keygen` prints them")
    })
}

fn place(config: &Config) -> Result<Place> {
    let named = config.platform.iter().map(|name| {
        let platform = Platform::parse(name).filter(|platform| *platform != Platform::Any);
        platform.with_context(|| format!("platform: `{name}` must be aws, azure, docker, gcp or kubernetes"))
    });
    let named = named.collect::<Result<Vec<_>>>()?;
    let account = config.aws_account_id.clone();
    if account.as_deref().is_some_and(|id| !is_aws_account(id)) {
        bail!("aws_account_id: must have 12 digits");
    }
    // Only a license asks.
    let looks = named.is_empty() && config.license_file.is_some();
    Ok(Place { platforms: if looks { platform::found() } else { named }, aws_account_id: account })
}
