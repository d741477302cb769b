//! `titan man`

use super::Titan;
use super::remote::print;
use anyhow::{Context, Result};
use clap::{Args, CommandFactory};
use std::fs;
use std::path::PathBuf;

#[derive(Args)]
pub(super) struct Man {
    /// Write the pages of all commands into this folder
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
}

impl Man {
    pub(super) fn run(&self) -> Result<()> {
        let command = Titan::command();
        let Some(folder) = &self.dir else {
            let mut page = Vec::new();
            clap_mangen::Man::new(command).render(&mut page)?;
            return print(String::from_utf8(page)?.trim_end());
        };
        let written = fs::create_dir_all(folder).and_then(|()| clap_mangen::generate_to(command, folder));
        written.with_context(|| format!("{}", folder.display()))
    }
}
