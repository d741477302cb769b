//! `titan signing-keys …`: the keys that sign keys.

use super::remote::{Remote, confirm};
use super::table::Table;
use anyhow::Result;
use clap::{Args, Subcommand};
use serde::Deserialize;

const PATH: &str = "/admin/signing-keys";

#[derive(Args)]
pub(super) struct SigningKeys {
    #[command(flatten)]
    remote: Remote,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// List the signing keys
    List,
    /// Start to sign with a new key. The older signing keys still verify
    Rotate,
    /// Retire a signing key. This revokes every API key that it signed
    Retire(Retire),
}

#[derive(Args)]
struct Retire {
    /// The slot of the signing key: 0 to 15
    #[arg(value_parser = clap::value_parser!(u8).range(0..=15), value_name = "SLOT")]
    slot: u8,
    /// Do not ask for confirmation
    #[arg(long)]
    yes: bool,
}

/// A signing key, as Titan answers it.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct SigningKeyView {
    slot: u8,
    created_at: String,
    retired_at: Option<String>,
}

impl SigningKeys {
    pub(super) fn run(self) -> Result<()> {
        let Self { remote, command } = self;
        let client = remote.client()?;
        match command {
            Command::List => {
                let answer = client.get(PATH, &[])?;
                remote.print(&answer, |keys: Vec<SigningKeyView>| table(&keys))
            }
            Command::Rotate => {
                let answer = client.post(PATH, None, None)?;
                remote.print(&answer, |key: SigningKeyView| {
                    format!(
                        "Slot {} signs from now on. The older keys go on verifying what they signed.",
                        key.slot
                    )
                })
            }
            Command::Retire(Retire { slot, yes }) => {
                confirm(yes, || {
                    Ok(format!("Retire slot {slot}, and revoke every key that it signed, for good?"))
                })?;
                let answer = client.delete(&format!("{PATH}/{slot}"), &[])?;
                remote.print_done(
                    &answer,
                    &format!("Slot {slot} is retired. Every key that it signed is revoked."),
                )
            }
        }
    }
}

/// Titan signs with the youngest that is not retired; of two made in one second, with the higher slot.
fn signer(keys: &[SigningKeyView]) -> Option<u8> {
    let good = keys.iter().filter(|key| key.retired_at.is_none());
    good.max_by_key(|key| (&key.created_at, key.slot)).map(|key| key.slot)
}

fn table(keys: &[SigningKeyView]) -> String {
    let signer = signer(keys);
    let table = Table::headed(["SLOT", "STATE", "CREATED", "RETIRED"]);
    let table = keys.iter().fold(table, |table, key| {
        let state = match &key.retired_at {
            Some(_) => "retired",
            None if signer == Some(key.slot) => "signs",
            None => "verifies",
        };
        table.row([&key.slot.to_string(), state, &key.created_at, key.retired_at.as_deref().unwrap_or("")])
    });
    table.to_string()
}
