//! `titan keys …`

mod create;
mod delete;
mod get;
mod inspect;
mod list;
mod revoke_all;
mod rotate;
mod update;
mod view;

use super::remote::Remote;
use anyhow::{Result, bail};
use clap::{Args, Subcommand};
use titan_token::{KeyId, Presented};
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
    /// Make a key
    Create(create::Create),
    /// See a key
    Get(get::Get),
    /// Rename, enable or disable a key
    Update(update::Update),
    /// Replace a key by a new one
    Rotate(rotate::Rotate),
    /// Revoke a key for good
    Delete(delete::Delete),
    /// Permanently revoke all keys that a key created
    RevokeAll(revoke_all::RevokeAll),
    /// Say what a key says, without asking anybody
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
            Command::Inspect(inspect) => inspect.run(remote.json),
        }
    }
}

/// Where a key is.
fn path(id: &str) -> Result<String> {
    Ok(format!("{PATH}/{}", check_id(id)?))
}

/// An id is checked here, so that no text can reach another path.
fn check_id(id: &str) -> Result<String> {
    match id.parse::<KeyId>() {
        Ok(id) => Ok(id.to_string()),
        // A key is not repeated: what is on standard error may be kept.
        Err(_) if Presented::parse(id).is_ok() => {
            bail!("ID: this is a key; `titan keys inspect -` says its id")
        }
        Err(_) => bail!("ID: must be key_ and 26 characters, as `titan keys list` shows it"),
    }
}

fn reaching(has_descendants: bool) -> Vec<(&'static str, String)> {
    if has_descendants { vec![("descendants", true.to_string())] } else { Vec::new() }
}
