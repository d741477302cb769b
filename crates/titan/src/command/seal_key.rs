//! `titan seal-key …`: which key seals the secrets in the database.

use super::remote::Remote;
use anyhow::Result;
use clap::{Args, Subcommand};
use serde::Deserialize;

const PATH: &str = "/admin/seal-key";

#[derive(Args)]
pub(super) struct SealKey {
    #[command(flatten)]
    remote: Remote,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Seal with the new seal key (`seal_key`), and seal anew what the previous one (`seal_key_previous`) sealed
    Rotate,
    /// Show which key seals, and how many secrets each one sealed
    Status,
}

/// The state, as Titan answers it.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct SealKeyView {
    sealing_key: String,
    has_previous: bool,
    is_unfinished: bool,
    sealed_by_current: u64,
    sealed_by_previous: u64,
}

/// What was sealed anew, as Titan answers it.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct ResealedView {
    signing_keys: u64,
    second_factors: u64,
}

impl SealKey {
    pub(super) fn run(self) -> Result<()> {
        let Self { remote, command } = self;
        let client = remote.client()?;
        match command {
            Command::Rotate => {
                let answer = client.post(&format!("{PATH}/rotate"), None, None)?;
                remote.print(&answer, |done: ResealedView| rotated(&done))
            }
            Command::Status => {
                let answer = client.get(PATH, &[])?;
                remote.print(&answer, |view: SealKeyView| status(&view))
            }
        }
    }
}

fn rotated(done: &ResealedView) -> String {
    format!(
        "Sealed anew: signing keys {}, second factors {}. The previous key is not needed any more: remove \
         seal_key_previous from every instance. Keep the key for backups that were made before.",
        done.signing_keys, done.second_factors
    )
}

fn status(view: &SealKeyView) -> String {
    let what = match (view.is_unfinished, view.has_previous, view.sealing_key.as_str()) {
        (true, ..) => "A rotation was interrupted: run `titan seal-key rotate`.",
        (false, true, "previous") => "Once every instance has both keys, run `titan seal-key rotate`.",
        (false, true, _) => "The previous key is not needed any more: remove seal_key_previous.",
        (false, false, _) => "There is no previous key.",
    };
    format!(
        "The {} key seals. Sealed by the current key: {}, by the previous key: {}. {what}",
        view.sealing_key, view.sealed_by_current, view.sealed_by_previous
    )
}
