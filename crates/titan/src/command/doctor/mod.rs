//! `titan doctor`: looks at all that `titan serve` needs, changes nothing, and says what to do.

mod database;
mod files;
mod finding;
mod network;
mod system;

use super::ConfigFile;
use super::remote::{print, print_json};
use crate::config::{Config, SealSource, SealSources, Settings, location};
use crate::system::{SystemClock, SystemEntropy};
use crate::wire::read_seal_key;
use anyhow::{Result, bail};
use clap::Args;
use finding::{Finding, State};
use serde_json::json;
use titan_core::access::Catalogue;
use titan_core::time::Clock;
use titan_store::{Location, SealKey, SealKeys};

#[derive(Args)]
pub(super) struct Doctor {
    #[command(flatten)]
    config: ConfigFile,
    /// Print the findings as JSON
    #[arg(long)]
    json: bool,
}

impl Doctor {
    pub(super) fn run(self) -> Result<()> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let findings = runtime.block_on(examine(&self.config));
        if self.json {
            print_json(&json!(findings.iter().map(Finding::to_json).collect::<Vec<_>>()))?;
        } else {
            print(&findings.iter().map(Finding::to_text).collect::<Vec<_>>().join("\n"))?;
        }
        match findings.iter().filter(|finding| finding.state == State::Problem).count() {
            0 => Ok(()),
            1 => bail!("1 problem"),
            count => bail!("{count} problems"),
        }
    }
}

async fn examine(file: &ConfigFile) -> Vec<Finding> {
    let mut findings = vec![system::open_files(), system::uptime(&SystemClock).await];
    match file.load() {
        Err(error) => findings.push(bad_configuration(&error)),
        Ok(config) => examine_all(config, &mut findings).await,
    }
    findings
}

async fn examine_all(config: Config, findings: &mut Vec<Finding>) {
    match location(&config) {
        Ok(location) => examine_database(&config, &location, findings).await,
        Err(error) => findings.push(bad_configuration(&error)),
    }
    match Settings::check(config) {
        Ok(settings) => examine_settings(&settings, findings).await,
        // The first mistake may have been named already.
        Err(error) => findings.push(bad_configuration(&error)),
    }
}

async fn examine_database(config: &Config, location: &Location, findings: &mut Vec<Finding>) {
    let seal = seal_keys(config, location, findings).await;
    if let Some(path) = location.file() {
        findings.extend(files::examine(path));
    }
    findings.extend(database::examine(location, seal.as_ref(), SystemClock.now()).await);
}

async fn seal_keys(config: &Config, location: &Location, findings: &mut Vec<Finding>) -> Option<SealKeys> {
    let is_new = location.file().is_some_and(|file| !file.exists());
    let sources = SealSources::check(config, location).ok()?;
    let previous = match &sources.previous {
        Some(source) => seal_key("TITAN_SEAL_KEY_PREVIOUS", source, false, findings).await,
        None => None,
    };
    let current = seal_key("TITAN_SEAL_KEY", &sources.current, is_new, findings).await?;
    Some(SealKeys::new(current, previous))
}

/// One that the first start makes may be missing.
async fn seal_key(
    variable: &str,
    source: &SealSource,
    is_new: bool,
    findings: &mut Vec<Finding>,
) -> Option<SealKey> {
    match read_seal_key(variable, source, false, &SystemEntropy).await {
        Ok(seal) => Some(seal),
        Err(_) if is_new && matches!(source, SealSource::Beside(_)) => None,
        Err(error) => {
            let advice =
                "Put the seal key there with which the database was created, readable by Titan's user alone.";
            findings.push(Finding::problem("seal key", format!("{error:#}"), advice));
            None
        }
    }
}

async fn examine_settings(settings: &Settings, findings: &mut Vec<Finding>) {
    findings.push(Finding::ok("configuration", "file and environment are good"));
    let policies = Catalogue::new(settings.scopes.iter().cloned())
        .map_err(anyhow::Error::from)
        .and_then(|catalogue| settings.upstream_map(&catalogue));
    findings.push(match policies {
        Ok(_) => Finding::ok("policies", "all can be read"),
        Err(error) => {
            let advice = "Correct it; `titan policy check FILE` checks a policy.";
            Finding::problem("policies", format!("{error:#}"), advice)
        }
    });
    findings.extend(files::certificate(settings, SystemClock.now()));
    findings.extend(network::upstreams(settings).await);
    findings.extend(network::ports(settings).await);
}

fn bad_configuration(error: &anyhow::Error) -> Finding {
    Finding::problem(
        "configuration",
        format!("{error:#}"),
        "Correct it; docs/configuration.md has all options.",
    )
}
