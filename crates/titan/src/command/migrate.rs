//! `titan migrate`: moves an installation to another database.

use super::ConfigFile;
use super::bar::Bar;
use super::remote::{confirm, hex, print, print_json};
use crate::config::Config;
use crate::system::{SystemClock, SystemEntropy};
use anyhow::{Context, Result};
use clap::Args;
use serde_json::{Value, json};
use std::path::{Path, PathBuf, absolute};
use titan_core::time::Clock;
use titan_store::{Location, MoveError, Report, Sum, move_database, undo_move};

#[derive(Args)]
pub(super) struct Migrate {
    #[command(flatten)]
    config: ConfigFile,
    /// The database to move: `sqlite://path/to/titan.db`. Titan must not run on it
    #[arg(long, value_name = "URL")]
    from: String,
    /// An empty PostgreSQL database: `postgres://user:password@host/database`
    #[arg(long, value_name = "URL", required_unless_present = "undo")]
    to: Option<String>,
    /// Print the result as JSON
    #[arg(long)]
    json: bool,
    /// Let Titan run again on a database that was moved
    #[arg(long, conflicts_with_all = ["to", "json"])]
    undo: bool,
    /// Do not ask for confirmation of --undo
    #[arg(long, requires = "undo")]
    yes: bool,
}

impl Migrate {
    pub(super) fn run(self) -> Result<()> {
        let config = self.config.load()?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let from = location("--from", &self.from)?;
        match &self.to {
            Some(to) => runtime.block_on(self.move_to(&from, &location("--to", to)?, &config)),
            None => runtime.block_on(self.undo(&from)),
        }
    }

    async fn move_to(&self, from: &Location, to: &Location, config: &Config) -> Result<()> {
        let entropy = SystemEntropy;
        let mut bar = Bar::new();
        let now = SystemClock.now();
        let moved = move_database(from, to, now, &entropy, &mut |progress| bar.show(progress)).await;
        bar.end();
        let (report, seal) = (moved?, seal_key(config, from));
        if self.json {
            print_json(&object(&report, from, to, &seal))
        } else {
            print(&text(&report, from, to, &seal))
        }
    }

    async fn undo(&self, from: &Location) -> Result<()> {
        if from.file().is_none() {
            return Err(MoveError::Direction.into());
        }
        confirm(self.yes, || {
            Ok(format!(
                "Let Titan run on {from} again? It knows nothing of what was changed since the move: keys that were \
                 revoked in the other database are good here. No Titan must use the other one."
            ))
        })?;
        let place = undo_move(from).await?;
        print(&format!(
            "Titan can run on {from} again. What is in {place} was not changed; do not use it any more."
        ))
    }
}

/// The error does not repeat the URL, which may contain a password.
fn location(option: &str, url: &str) -> Result<Location> {
    Location::parse(url).ok().with_context(|| {
        format!("{option}: must be sqlite://path/to/titan.db or postgres://user:password@host/database")
    })
}

/// The variable that gives the new installation its seal key, and its value if that is no secret.
fn seal_key(config: &Config, from: &Location) -> (&'static str, Option<PathBuf>) {
    let beside = || from.seal_key_file().filter(|file| file.exists());
    let file = if config.seal_key.is_some() { None } else { config.seal_key_file.clone().or_else(beside) };
    match file {
        Some(file) => ("TITAN_SEAL_KEY_FILE", Some(whole(&file))),
        None => ("TITAN_SEAL_KEY", None),
    }
}

fn whole(path: &Path) -> PathBuf {
    absolute(path).unwrap_or_else(|_| path.to_owned())
}

fn rows(report: &Report) -> u64 {
    report.tables.iter().map(|table| table.rows).sum()
}

fn text(report: &Report, from: &Location, to: &Location, seal: &(&str, Option<PathBuf>)) -> String {
    let resumed = match report.resumed {
        0 => String::new(),
        rows => format!(" An earlier attempt had copied {rows} of them."),
    };
    let seal = match seal {
        (variable, Some(file)) => format!("{variable}={}", file.display()),
        (variable, None) => format!("{variable}=…    # the same seal key as until now"),
    };
    format!(
        "Moved {} rows to {to}, and compared them: nothing differs.{resumed}

Start Titan with this environment, and with the rest as before:

    TITAN_DATABASE_URL={to}    # with the password
    {seal}

From now on Titan refuses to run on {from}. Keep the file until all is well.",
        rows(report)
    )
}

fn object(report: &Report, from: &Location, to: &Location, seal: &(&str, Option<PathBuf>)) -> Value {
    let table = |sum: &Sum| json!({ "table": sum.table, "rows": sum.rows, "sha256": hex(&sum.sha256) });
    let (variable, file) = seal;
    json!({
        "from": from.to_string(),
        "to": to.to_string(),
        "rows": rows(report),
        "resumedRows": report.resumed,
        "tables": report.tables.iter().map(table).collect::<Vec<_>>(),
        "environment": { "TITAN_DATABASE_URL": to.to_string(), *variable: file },
    })
}
