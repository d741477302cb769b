//! `titan keys get`

use super::path;
use super::view::{KeyView, fields};
use crate::command::remote::Remote;
use anyhow::Result;
use clap::Args;

#[derive(Args)]
pub(super) struct Get {
    /// The key's id
    #[arg(value_name = "ID")]
    id: String,
}

impl Get {
    pub(super) fn run(&self, remote: &Remote) -> Result<()> {
        let path = path(&self.id)?;
        remote.print(&remote.client()?.get(&path, &[])?, |key: KeyView| fields(&key))
    }
}
