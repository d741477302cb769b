//! `titan license …`

mod inspect;
mod issue;
mod keygen;
mod running;

use super::remote::Remote;
use anyhow::Result;
use clap::{Args, Subcommand};

#[derive(Args)]
pub(super) struct License {
    #[command(flatten)]
    remote: Remote,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Make a key that signs licenses, and print its public key
    Keygen(keygen::Keygen),
    /// Make a license
    Issue(issue::Issue),
    /// Show what a license says, without a running Titan
    Inspect(inspect::Inspect),
    /// Show the license of a running Titan
    Show,
    /// List the open sessions that a running Titan counts
    Sessions(running::Sessions),
    /// Count a session no longer, as it has ended without Titan's knowledge
    Release(running::Release),
}

impl License {
    pub(super) fn run(self) -> Result<()> {
        let Self { remote, command } = self;
        match command {
            Command::Keygen(keygen) => keygen.run(remote.json),
            Command::Issue(issue) => issue.run(),
            Command::Inspect(inspect) => inspect.run(remote.json),
            Command::Show => running::show(&remote),
            Command::Sessions(sessions) => sessions.run(&remote),
            Command::Release(release) => release.run(&remote),
        }
    }
}
