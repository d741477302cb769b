//! `titan keys delete`

use super::view::KeyView;
use super::which::Which;
use super::{path, reaching};
use crate::command::client::Client;
use crate::command::remote::{Remote, confirm};
use crate::command::table::clean;
use anyhow::Result;
use clap::Args;
use serde::Deserialize;
use titan_token::KeyId;

#[derive(Args)]
pub(super) struct Delete {
    #[command(flatten)]
    which: Which,
    /// Also revoke the keys that this key created, and the keys that those created
    #[arg(long)]
    descendants: bool,
    /// Do not ask for confirmation
    #[arg(long)]
    yes: bool,
}

impl Delete {
    pub(super) fn run(&self, remote: &Remote) -> Result<()> {
        let (client, id) = self.which.find(remote)?;
        confirm(self.yes, || self.question(&client, id))?;
        let answer = client.delete(&path(id), &reaching(self.descendants))?;
        let others = if self.descendants { " and every key that comes from it" } else { "" };
        remote.print_done(&answer, &format!("{id}{others} is revoked for good."))
    }

    /// Says the label, as nobody knows keys by their ids.
    fn question(&self, client: &Client, id: KeyId) -> Result<String> {
        let key = KeyView::deserialize(&client.get(&path(id), &[])?.data)?;
        let others = if self.descendants { " and every key that comes from it" } else { "" };
        Ok(format!("Revoke {id} ({}, tenant {}){others} for good?", clean(&key.label), key.tenant_id))
    }
}
