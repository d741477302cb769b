//! `titan completions`

use super::Titan;
use super::remote::print;
use anyhow::Result;
use clap::{Args, CommandFactory};
use clap_complete::{Shell, generate};

#[derive(Args)]
pub(super) struct Completions {
    /// The shell
    shell: Shell,
}

impl Completions {
    pub(super) fn run(&self) -> Result<()> {
        let mut script = Vec::new();
        generate(self.shell, &mut Titan::command(), "titan", &mut script);
        print(String::from_utf8(script)?.trim_end())
    }
}
