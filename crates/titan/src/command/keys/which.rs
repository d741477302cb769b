//! Which key a command is about.

use super::inspect::read_secret;
use crate::command::client::Client;
use crate::command::remote::Remote;
use anyhow::{Context, Result, anyhow, bail};
use clap::Args;
use titan_token::{KeyId, Presented};

#[derive(Args)]
pub(super) struct Which {
    /// The id of the key, or - to read the key itself from standard input
    #[arg(value_name = "ID")]
    id: String,
}

impl Which {
    /// The key's id, and the Titan that has it.
    pub(super) fn find(&self, remote: &Remote) -> Result<(Client, KeyId)> {
        if self.id == "-" {
            let key = read_secret("Key: ")?;
            let client = remote.client()?;
            let id = verified_id(&client, key.trim())?;
            return Ok((client, id));
        }
        let id = parse(&self.id)?;
        Ok((remote.client()?, id))
    }
}

/// Anybody can write a text with somebody else's id in it, so only Titan's word about a key counts.
fn verified_id(client: &Client, key: &str) -> Result<KeyId> {
    let answer = client.verify(key)?;
    let id = answer.data["keyId"].as_str().context("standard input: Titan did not issue this key")?;
    id.parse().map_err(|error| anyhow!("Titan answered with a bad key id: {error}"))
}

/// An id is checked here, so that no text can reach another path.
pub(super) fn parse(id: &str) -> Result<KeyId> {
    match id.parse() {
        Ok(id) => Ok(id),
        // The key is not repeated: what is on standard error may be kept.
        Err(_) if Presented::parse(id).is_ok() => {
            bail!(
                "ID: this is a key, and other users can read arguments. Use - and send the key to standard input"
            )
        }
        Err(_) => bail!("ID: must be key_ and 26 characters, as `titan keys list` shows it"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_ids_become_part_of_a_path() {
        assert!(parse("key_01jt5vfjg0frvt5patj9q544hw").is_ok());
        for text in ["", "..", "key_01jt5vfjg0frvt5patj9q544hw/rotate", "key_", "?"] {
            assert!(parse(text).unwrap_err().to_string().starts_with("ID: must be key_"), "{text}");
        }
    }

    #[test]
    fn a_key_in_place_of_an_id_is_refused_and_not_repeated() {
        let key = format!("whm_{}", "0".repeat(32));
        let error = parse(&key).unwrap_err().to_string();
        assert!(error.contains("standard input") && !error.contains(&key), "{error}");
    }
}
