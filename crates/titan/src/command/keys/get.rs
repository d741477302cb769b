//! `titan keys get`

use super::path;
use super::view::{KeyView, fields};
use super::which::Which;
use crate::command::remote::Remote;
use anyhow::Result;
use clap::Args;

#[derive(Args)]
pub(super) struct Get {
    #[command(flatten)]
    which: Which,
}

impl Get {
    pub(super) fn run(&self, remote: &Remote) -> Result<()> {
        let (client, id) = self.which.find(remote)?;
        remote.print(&client.get(&path(id), &[])?, |key: KeyView| fields(&key))
    }
}
