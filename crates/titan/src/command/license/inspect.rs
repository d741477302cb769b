//! `titan license inspect`

use super::super::ConfigFile;
use super::super::remote::{print, print_json};
use super::super::table::Table;
use crate::config::public_key;
use crate::system::SystemClock;
use anyhow::{Context, Result, anyhow, bail};
use clap::Args;
use serde_json::json;
use std::path::PathBuf;
use titan_core::license::{License, Validity};
use titan_core::time::Clock;
use titan_token::UntrustedLicense;

#[derive(Args)]
pub(super) struct Inspect {
    /// The license
    file: PathBuf,
    /// The public key that must have signed it [default: that of the configuration]
    #[arg(long, value_name = "KEY")]
    public_key: Option<String>,
    #[command(flatten)]
    config: ConfigFile,
}

impl Inspect {
    pub(super) fn run(self, json: bool) -> Result<()> {
        let path = self.file.display().to_string();
        let text = std::fs::read_to_string(&self.file).with_context(|| path.clone())?;
        let license =
            UntrustedLicense::parse(&text).map_err(|error| anyhow!("{path}: is no license: {error}"))?;
        let claims =
            License::parse(license.unverified_claims()).map_err(|wrong| anyhow!("{path}: {wrong}"))?;
        let key = self.public_key.or(self.config.load()?.license_public_key);
        let signature = match key.as_deref().map(public_key).transpose()? {
            None => "not checked: give --public-key",
            Some(key) if license.verify(&key).is_ok() => "good",
            Some(_) => "BAD: another key has signed it, or it was changed",
        };
        if json {
            print_json(&json!({ "claims": claims, "signature": signature }))?;
        } else {
            print(&table(&claims, signature))?;
        }
        if signature.starts_with("BAD") {
            bail!("{path}: the signature is bad");
        }
        Ok(())
    }
}

fn table(license: &License, signature: &str) -> String {
    let state = match license.validity(SystemClock.now()) {
        Validity::Ended => "over".to_owned(),
        Validity::InGrace => format!("expired, in its grace period until {}", license.ends_at()),
        Validity::Valid => "valid".to_owned(),
    };
    let limit = license.session_limit.map_or("any number".to_owned(), |limit| limit.to_string());
    Table::default()
        .row(["signature", signature])
        .row(["state", &state])
        .row(["sessions", &limit])
        .row(["platform", license.platform.name()])
        .row(["issued", &license.issued_at.to_string()])
        .row(["expires", &license.expires_at.to_string()])
        .row(["grace", &format!("{} days", license.grace_period_days)])
        .row(["AWS account", license.aws_account_id.as_deref().unwrap_or("any")])
        .to_string()
}
