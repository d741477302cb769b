//! `titan keys upgrade`: who still uses a key of another system.

use super::list::table;
use crate::command::remote::Remote;
use crate::command::stream::{Extent, Rows};
use anyhow::Result;
use clap::Args;

const PATH: &str = "/admin/imported-keys";

#[derive(Args)]
pub(super) struct Upgrade {
    #[command(flatten)]
    extent: Extent,
}

impl Upgrade {
    pub(super) fn run(&self, remote: &Remote) -> Result<()> {
        let rows = Rows::new(std::io::stdout(), "No imported key is left.", table);
        self.extent.print(remote, PATH, &[], rows)
    }
}
