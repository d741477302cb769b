//! The commands.

mod audit;
mod backup;
mod bar;
mod client;
mod completions;
mod config;
mod doctor;
mod import;
mod instances;
mod keys;
mod license;
mod man;
mod migrate;
mod openapi;
mod policy;
mod remote;
mod restore;
mod seal_key;
mod serve;
mod settings;
mod signing_keys;
mod stream;
mod table;
mod tenants;
mod tls;
mod usage;
mod users;

use clap::{Parser, Subcommand};
use std::collections::HashMap;
use std::path::PathBuf;
use std::process::ExitCode;

/// Issue, check and revoke API keys.
#[derive(Parser)]
#[command(name = "titan", version, propagate_version = true)]
pub struct Titan {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Start the server: the control plane, /auth/verify and the gateway
    Serve(serve::Serve),
    /// Manage the API keys of a running Titan, and inspect a key offline
    Keys(keys::Keys),
    /// Take over the keys of another system, into a running Titan
    Import(import::Import),
    /// Manage the tenants of a running Titan
    Tenants(tenants::Tenants),
    /// Show and change the settings of a running Titan: limits, and what it logs
    Settings(settings::Settings),
    /// Make and read licenses, and show that of a running Titan
    License(license::License),
    /// Manage the users of a running Titan, and their roles
    Users(users::Users),
    /// Manage the signing keys of a running Titan
    SigningKeys(signing_keys::SigningKeys),
    /// Show which seal key a running Titan seals with, and change it
    SealKey(seal_key::SealKey),
    /// Show who changed what in a running Titan, and check that the log is whole
    Audit(audit::Audit),
    /// Show how the keys of a running Titan are used, over time or by key, route, tenant or code
    Usage(usage::Usage),
    /// List the instances that use the database of a running Titan
    Instances(instances::Instances),
    /// Check a policy, or explain what it decides for a request
    #[command(subcommand)]
    Policy(policy::Command),
    /// Check the configuration, or print its JSON schema
    #[command(subcommand)]
    Config(config::Command),
    /// Look at all that `titan serve` needs, and say what to do. Nothing is changed
    Doctor(doctor::Doctor),
    /// Write a backup of the database, also while Titan runs
    Backup(backup::Backup),
    /// Make a database of a backup. Every key, session and password of before stops working
    Restore(restore::Restore),
    /// Move the database from SQLite to PostgreSQL
    Migrate(migrate::Migrate),
    /// Print the OpenAPI document
    Openapi,
    /// Print completions for a shell
    Completions(completions::Completions),
    /// Print the manual page, or write the pages of all commands
    Man(man::Man),
}

/// Where the configuration is.
#[derive(clap::Args)]
pub(crate) struct ConfigFile {
    /// The configuration file [default: titan.toml, if it exists]
    #[arg(long, env = "TITAN_CONFIG", value_name = "FILE")]
    config: Option<PathBuf>,
}

impl ConfigFile {
    pub(crate) fn load(&self) -> anyhow::Result<crate::config::Config> {
        crate::config::Config::load(self.config.as_deref(), &environment())
    }
}

/// The environment. A variable that is not UTF-8 is none of ours.
fn environment() -> HashMap<String, String> {
    std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
        .collect()
}

/// Runs a command. Errors go to standard error, each with its causes.
pub fn run(titan: Titan) -> ExitCode {
    let result = match titan.command {
        Command::Serve(serve) => serve.run(),
        Command::Keys(keys) => keys.run(),
        Command::Import(import) => import.run(),
        Command::Tenants(tenants) => tenants.run(),
        Command::Settings(settings) => settings.run(),
        Command::License(license) => license.run(),
        Command::Users(users) => users.run(),
        Command::SigningKeys(signing_keys) => signing_keys.run(),
        Command::SealKey(seal_key) => seal_key.run(),
        Command::Audit(audit) => audit.run(),
        Command::Usage(usage) => usage.run(),
        Command::Instances(instances) => instances.run(),
        Command::Policy(command) => command.run(),
        Command::Config(command) => command.run(),
        Command::Doctor(doctor) => doctor.run(),
        Command::Backup(backup) => backup.run(),
        Command::Restore(restore) => restore.run(),
        Command::Migrate(migrate) => migrate.run(),
        Command::Openapi => openapi::run(),
        Command::Completions(completions) => completions.run(),
        Command::Man(man) => man.run(),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("titan: {error:#}");
            ExitCode::FAILURE
        }
    }
}
