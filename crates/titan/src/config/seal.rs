//! Where the seal keys come from: a value, a file, the output of a command, or a file beside the database.

use super::Config;
use anyhow::{Result, bail};
use std::path::PathBuf;
use titan_store::Location;

/// Where a seal key comes from.
#[derive(Clone)]
pub enum SealSource {
    /// A file beside the database, made with it.
    Beside(PathBuf),
    /// What a program prints: its name and its arguments.
    Command(Vec<String>),
    /// A file that must be there.
    File(PathBuf),
    /// The configuration itself.
    Value(String),
}

/// Where both come from.
pub(crate) struct SealSources {
    pub(crate) current: SealSource,
    pub(crate) previous: Option<SealSource>,
}

impl SealSources {
    pub(crate) fn check(config: &Config, database: &Location) -> Result<Self> {
        let current = source(
            "TITAN_SEAL_KEY",
            config.seal_key.as_ref(),
            config.seal_key_file.as_ref(),
            config.seal_key_command.as_ref(),
        )?;
        let previous = source(
            "TITAN_SEAL_KEY_PREVIOUS",
            config.seal_key_previous.as_ref(),
            config.seal_key_previous_file.as_ref(),
            config.seal_key_previous_command.as_ref(),
        )?;
        match current.or_else(|| database.seal_key_file().map(SealSource::Beside)) {
            Some(current) => Ok(Self { current, previous }),
            None => bail!(
                "TITAN_SEAL_KEY: is not set. Every instance needs the same one. Create it once with\n\n    openssl rand \
                 -base64 32\n\nand set TITAN_SEAL_KEY, or TITAN_SEAL_KEY_FILE to a file that contains it, or \
                 TITAN_SEAL_KEY_COMMAND to a program that prints it."
            ),
        }
    }
}

fn source(
    option: &str,
    value: Option<&String>,
    file: Option<&PathBuf>,
    command: Option<&Vec<String>>,
) -> Result<Option<SealSource>> {
    match (value, file, command) {
        (None, None, None) => Ok(None),
        (Some(value), None, None) => Ok(Some(SealSource::Value(value.clone()))),
        (None, Some(path), None) => Ok(Some(SealSource::File(path.clone()))),
        (None, None, Some(words)) if words.first().is_none_or(String::is_empty) => {
            bail!("{option}_COMMAND: must name a program")
        }
        (None, None, Some(words)) => Ok(Some(SealSource::Command(words.clone()))),
        _ => bail!("{option}: its value, its file and its command exclude each other; set one"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(change: impl FnOnce(&mut Config)) -> Result<SealSources> {
        let mut config = Config::default();
        change(&mut config);
        SealSources::check(&config, &Location::Sqlite("titan.db".into()))
    }

    #[test]
    fn a_key_has_one_source_and_the_previous_one_may_have_none() {
        let sources = check(|_| {}).unwrap();
        assert!(matches!(sources.current, SealSource::Beside(_)) && sources.previous.is_none());
        let sources = check(|config| {
            config.seal_key_command = Some(vec!["kms".to_owned(), "decrypt".to_owned()]);
            config.seal_key_previous_file = Some("old".into());
        });
        let sources = sources.unwrap();
        assert!(matches!(sources.current, SealSource::Command(words) if words == ["kms", "decrypt"]));
        assert!(matches!(sources.previous, Some(SealSource::File(_))));
    }

    #[test]
    fn two_sources_of_one_key_and_an_empty_command_are_refused_by_their_names() {
        let error = |change: fn(&mut Config)| check(change).err().unwrap().to_string();
        let both = error(|config| {
            config.seal_key = Some("secret".to_owned());
            config.seal_key_command = Some(vec!["kms".to_owned()]);
        });
        assert!(both.starts_with("TITAN_SEAL_KEY: ") && !both.contains("secret"), "{both}");
        let both = error(|config| {
            config.seal_key_previous_file = Some("old".into());
            config.seal_key_previous_command = Some(vec!["kms".to_owned()]);
        });
        assert!(both.starts_with("TITAN_SEAL_KEY_PREVIOUS: "), "{both}");
        let empty = error(|config| config.seal_key_command = Some(Vec::new()));
        assert!(empty.starts_with("TITAN_SEAL_KEY_COMMAND: must name a program"), "{empty}");
    }
}
