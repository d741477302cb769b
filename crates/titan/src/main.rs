//! The `titan` program.

use clap::Parser;
use std::process::ExitCode;
use titan::command::Titan;

fn main() -> ExitCode {
    titan::command::run(Titan::parse())
}
