//! `titan keys update`

use super::view::{KeyView, fields};
use super::which::Which;
use super::{path, reaching};
use crate::command::remote::{Remote, Switch};
use anyhow::Result;
use clap::{ArgGroup, Args};
use serde::Serialize;
use serde_json::json;

#[derive(Args)]
#[command(group(ArgGroup::new("change").args(["label", "enable", "disable", "rate_limit"]).required(true).multiple(true)))]
pub(super) struct Update {
    #[command(flatten)]
    which: Which,
    /// A new label: 1 to 100 characters
    #[arg(long)]
    label: Option<String>,
    #[command(flatten)]
    switch: Switch,
    /// How many requests the key may make in any 60 seconds. 0 is no limit of its own
    #[arg(long, value_name = "NUMBER")]
    rate_limit: Option<u32>,
    /// Also disable the keys that this key created, and the keys that those created
    #[arg(long, requires = "disable", conflicts_with = "enable")]
    descendants: bool,
}

/// What shall change of a key.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Changes<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    label: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    is_active: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    rate_limit: Option<u32>,
}

impl Update {
    pub(super) fn run(&self, remote: &Remote) -> Result<()> {
        let (client, id) = self.which.find(remote)?;
        let changes = Changes {
            label: self.label.as_deref(),
            is_active: self.switch.is_active(),
            rate_limit: self.rate_limit,
        };
        let answer = client.patch(&path(id), &reaching(self.descendants), &json!(changes))?;
        remote.print(&answer, |key: KeyView| format!("{}\n", fields(&key)))
    }
}
