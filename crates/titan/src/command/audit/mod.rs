//! `titan audit …`: who changed what, and whether the log is whole.

mod verify;

use super::remote::{Remote, moment};
use super::stream::{Extent, Rows, given};
use super::table::Table;
use anyhow::{Context, Result};
use clap::{Args, Subcommand};
use serde::Deserialize;
use serde_json::Value;

const PATH: &str = "/admin/audit";

#[derive(Args)]
pub(super) struct Audit {
    #[command(flatten)]
    remote: Remote,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// List what was changed, the newest first
    List(List),
    /// Check that no row was changed, removed or moved
    Verify(verify::Verify),
}

#[derive(Args)]
struct List {
    /// Show only what this actor did: `master`, `system`, or the id of a key or a user
    #[arg(long, value_name = "ID")]
    actor: Option<String>,
    /// Show only this action, for example key.update
    #[arg(long, value_name = "ACTION")]
    action: Option<String>,
    /// Show only what was done to this: the id of a key, a user or a session, or the number of a tenant
    #[arg(long, value_name = "ID")]
    subject: Option<String>,
    /// Show only what was done at or after this time, for example 2026-01-31 or 2026-01-31T12:00:00Z
    #[arg(long, value_name = "TIME", value_parser = moment)]
    since: Option<String>,
    /// Show only what was done before this time
    #[arg(long, value_name = "TIME", value_parser = moment)]
    until: Option<String>,
    #[command(flatten)]
    extent: Extent,
}

/// A row, as Titan answers it.
#[derive(Deserialize)]
struct RowView {
    sequence: i64,
    at: String,
    actor: String,
    action: String,
    subject: String,
    ip: Option<String>,
    detail: Value,
}

impl Audit {
    pub(super) fn run(self) -> Result<()> {
        let Self { remote, command } = self;
        match command {
            Command::List(list) => {
                let rows = Rows::new(std::io::stdout(), "No rows.", table);
                list.extent.print(&remote, PATH, &list.query(), rows)
            }
            Command::Verify(verify) => verify.run(&remote),
        }
    }
}

impl List {
    fn query(&self) -> Vec<(&'static str, String)> {
        given([
            ("actor", self.actor.clone()),
            ("action", self.action.clone()),
            ("subject", self.subject.clone()),
            ("since", self.since.clone()),
            ("until", self.until.clone()),
        ])
    }
}

fn table(items: &[Value], is_first: bool) -> Result<Table> {
    let headings = ["ROW", "TIME", "ACTOR", "ADDRESS", "ACTION", "SUBJECT", "DETAIL"];
    let start = if is_first { Table::headed(headings) } else { Table::default() };
    items.iter().try_fold(start, |table, item| {
        let row = RowView::deserialize(item).context("this Titan has another version: use --json")?;
        let (sequence, detail) = (row.sequence.to_string(), row.detail.to_string());
        let ip = row.ip.as_deref().unwrap_or("");
        Ok(table.row([&sequence, &row.at, &row.actor, ip, &row.action, &row.subject, &detail]))
    })
}
