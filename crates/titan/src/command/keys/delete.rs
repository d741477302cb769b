//! `titan keys delete`

use super::view::KeyView;
use super::{path, reaching};
use crate::command::client::Client;
use crate::command::remote::{Remote, confirm};
use crate::command::table::clean;
use anyhow::Result;
use clap::Args;
use serde::Deserialize;

#[derive(Args)]
pub(super) struct Delete {
    /// The key's id
    #[arg(value_name = "ID")]
    id: String,
    /// Revoke also the keys that it made, and theirs
    #[arg(long)]
    descendants: bool,
    /// Do not ask
    #[arg(long)]
    yes: bool,
}

impl Delete {
    pub(super) fn run(&self, remote: &Remote) -> Result<()> {
        let path = path(&self.id)?;
        let client = remote.client()?;
        confirm(self.yes, || self.question(&client, &path))?;
        let answer = client.delete(&path, &reaching(self.descendants))?;
        let others = if self.descendants { " and every key that comes from it" } else { "" };
        remote.print_done(&answer, &format!("{}{others} is revoked for good.", self.id))
    }

    /// Says the label, as nobody knows keys by their ids.
    fn question(&self, client: &Client, path: &str) -> Result<String> {
        let key = KeyView::deserialize(&client.get(path, &[])?.data)?;
        let others = if self.descendants { " and every key that comes from it" } else { "" };
        Ok(format!("Revoke {} ({}, tenant {}){others} for good?", self.id, clean(&key.label), key.tenant_id))
    }
}
