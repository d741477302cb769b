//! `titan restore`: a backup becomes the database of the configuration.

use super::ConfigFile;
use super::backup::{object, summary, warning};
use super::bar::Bar;
use super::remote::{confirm, print, print_json};
use crate::config::{Config, SealSources, location};
use crate::system::{SystemClock, SystemEntropy};
use crate::wire::{make_folder, seal_keys};
use anyhow::{Context, Result};
use clap::Args;
use serde_json::{Value, json};
use std::path::PathBuf;
use std::sync::Arc;
use titan_core::time::Clock;
use titan_store::{Ended, Location, Restored, look_into};

#[derive(Args)]
pub(super) struct Restore {
    #[command(flatten)]
    config: ConfigFile,
    /// The backup
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Restore although there is a database (only SQLite). The old one is kept beside the new one
    #[arg(long)]
    replace: bool,
    /// Print the result as JSON
    #[arg(long)]
    json: bool,
    /// Do not ask for confirmation
    #[arg(long)]
    yes: bool,
}

impl Restore {
    pub(super) fn run(self) -> Result<()> {
        let config = self.config.load()?;
        let target = location(&config)?;
        tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?
            .block_on(self.restore(&config, &target))
    }

    async fn restore(&self, config: &Config, target: &Location) -> Result<()> {
        let contents = look_into(&self.file).await?;
        let entropy = SystemEntropy;
        let sources = SealSources::check(config, target)?;
        let seal = seal_keys(&sources, false, &entropy)
            .await
            .context("restore needs the seal key of the installation that was backed up")?;
        confirm(self.yes, || {
            Ok(format!(
                "Restore {} ({}) into {target}? No API key, session, invitation or password of before will work, because \
                 the backup does not know which of them were revoked since. No Titan must use this database.",
                self.file.display(),
                summary(&contents)
            ))
        })?;
        if let Some(folder) =
            target.file().and_then(|file| file.parent()).filter(|path| !path.as_os_str().is_empty())
        {
            make_folder(folder)?;
        }
        let mut bar = Bar::new();
        let restore = titan_store::Restore {
            backup: &self.file,
            target,
            seal,
            replaces: self.replace,
            now: SystemClock.now(),
        };
        let restored = restore.run(Arc::new(entropy), &mut |progress| bar.show(progress)).await;
        bar.end();
        let restored = restored?;
        if self.json { print_json(&result(&restored, target)) } else { print(&text(&restored, target)) }
    }
}

fn text(restored: &Restored, target: &Location) -> String {
    let Ended { tenants, keys, opaque_keys, sessions, invitations, users } = restored.ended;
    let kept = restored.kept.as_ref().map(|path| format!("\nThe old database is {}.\n", path.display()));
    format!(
        "Restored {target} ({}).
{}
These do not work any more:
    {keys} API keys and platform keys, and {opaque_keys} opaque keys, of {tenants} tenants
    {sessions} sessions
    {invitations} invitations
    the passwords and recovery codes of {users} users, who are disabled

What was changed since the backup is lost: also roles, tenants that were disabled, and settings. Look at those first.
Then start Titan and issue new keys (`titan keys rotate ID` keeps label and scopes). For each user who may sign in, run
`titan users set-password ID` and `titan users update ID --enable`.{}",
        summary(&restored.contents),
        kept.unwrap_or_default(),
        warning(&restored.contents)
    )
}

fn result(restored: &Restored, target: &Location) -> Value {
    let ended = &restored.ended;
    json!({
        "to": target.to_string(),
        "kept": restored.kept,
        "contents": object(&restored.contents),
        "ended": {
            "tenants": ended.tenants,
            "keys": ended.keys,
            "opaqueKeys": ended.opaque_keys,
            "sessions": ended.sessions,
            "invitations": ended.invitations,
            "users": ended.users,
        },
    })
}
