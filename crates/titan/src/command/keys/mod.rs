//! `titan keys …`

mod create;
mod delete;
mod get;
mod inspect;
mod list;
mod revoke_all;
mod rotate;
mod update;
mod upgrade;
mod view;
mod which;

use super::remote::Remote;
use anyhow::Result;
use clap::{Args, Subcommand};
pub(super) use inspect::read_secret;
use titan_token::KeyId;
pub(super) use view::yes_or_no;

const PATH: &str = "/admin/keys";

#[derive(Args)]
pub(super) struct Keys {
    #[command(flatten)]
    remote: Remote,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// List keys; without a filter by time or --sort, the newest first
    List(list::List),
    /// Create a key
    Create(create::Create),
    /// Show a key
    Get(get::Get),
    /// Rename, enable or disable a key
    Update(update::Update),
    /// Replace a key by a new one and revoke the old one
    Rotate(rotate::Rotate),
    /// Revoke a key. This cannot be undone
    Delete(delete::Delete),
    /// Revoke all keys that a key created. This cannot be undone
    RevokeAll(revoke_all::RevokeAll),
    /// List the imported keys that their holders have not replaced yet, and when they were last used
    Upgrade(upgrade::Upgrade),
    /// Show what a key contains. Works offline
    Inspect(inspect::Inspect),
}

impl Keys {
    pub(super) fn run(self) -> Result<()> {
        let Self { remote, command } = self;
        match command {
            Command::List(list) => list.run(&remote),
            Command::Create(create) => create.run(&remote),
            Command::Get(get) => get.run(&remote),
            Command::Update(update) => update.run(&remote),
            Command::Rotate(rotate) => rotate.run(&remote),
            Command::Delete(delete) => delete.run(&remote),
            Command::RevokeAll(revoke_all) => revoke_all.run(&remote),
            Command::Upgrade(upgrade) => upgrade.run(&remote),
            Command::Inspect(inspect) => inspect.run(remote.json),
        }
    }
}

fn path(id: KeyId) -> String {
    format!("{PATH}/{id}")
}

fn reaching(has_descendants: bool) -> Vec<(&'static str, String)> {
    if has_descendants { vec![("descendants", true.to_string())] } else { Vec::new() }
}
