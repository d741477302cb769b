//! `titan config check|schema`

use super::ConfigFile;
use crate::config::{Config, Settings};
use crate::server::Tls;
use anyhow::Result;
use clap::Subcommand;
use titan_core::access::Catalogue;

#[derive(Subcommand)]
pub(super) enum Command {
    /// Check the file, the environment, the policies and the certificates
    Check(ConfigFile),
    /// Print the JSON schema of titan.toml
    Schema,
}

impl Command {
    pub(super) fn run(self) -> Result<()> {
        match self {
            Self::Check(file) => check(&file),
            Self::Schema => {
                println!("{}", serde_json::to_string_pretty(&schemars::schema_for!(Config))?);
                Ok(())
            }
        }
    }
}

fn check(file: &ConfigFile) -> Result<()> {
    let settings = Settings::check(file.load()?)?;
    let catalogue = Catalogue::new(settings.scopes.iter().cloned())?;
    settings.upstream_map(&catalogue)?;
    settings.tls.map(Tls::load).transpose()?;
    println!("The configuration is good. Titan would listen on {}.", settings.listen);
    for upstream in &settings.upstreams {
        println!("{} -> {} ({})", upstream.paths.join(", "), upstream.url, upstream.policy.join(", "));
    }
    Ok(())
}
