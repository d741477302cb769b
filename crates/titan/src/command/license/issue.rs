//! `titan license issue`

use super::super::remote::{moment, print};
use crate::pem::Pem;
use crate::system::SystemClock;
use anyhow::{Context, Result, anyhow, bail};
use clap::Args;
use std::fs::OpenOptions;
use std::io::Write;
use std::path::PathBuf;
use titan_core::license::{License, Platform, is_aws_account};
use titan_core::time::{Clock, Timestamp};
use titan_token::LicenseKey;

#[derive(Args)]
pub(super) struct Issue {
    /// The file with the private key, made by `titan license keygen`
    #[arg(long, value_name = "FILE")]
    key: PathBuf,
    /// How many sessions may be open at the same time [default: any number]
    #[arg(long, value_name = "NUMBER")]
    session_limit: Option<u32>,
    /// Where it may be used: any, aws, azure, docker, gcp or kubernetes
    #[arg(long, default_value = "any", value_parser = platform)]
    platform: Platform,
    /// When it expires: a date (midnight UTC) or a time (RFC 3339)
    #[arg(long, value_name = "DATE", value_parser = end)]
    expires: Timestamp,
    /// For how many days after that requests still pass
    #[arg(long, value_name = "DAYS", default_value_t = 0)]
    grace_days: u16,
    /// The AWS account in which alone it may be used
    #[arg(long, value_name = "ID", value_parser = account)]
    aws_account_id: Option<String>,
    /// The new file for the license [default: standard output]
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

impl Issue {
    pub(super) fn run(self) -> Result<()> {
        let issued_at = SystemClock.now().whole_seconds();
        if self.expires <= issued_at {
            bail!("--expires: {} is past", self.expires);
        }
        let key = private_key(&self.key)?;
        let license = License {
            session_limit: self.session_limit,
            platform: self.platform,
            issued_at,
            expires_at: self.expires.whole_seconds(),
            grace_period_days: self.grace_days.into(),
            aws_account_id: self.aws_account_id,
        };
        let text = key.sign(&serde_json::to_string(&license)?);
        let Some(path) = self.out else { return print(text.trim_end()) };
        let file = OpenOptions::new().write(true).create_new(true).open(&path);
        file.and_then(|mut file| file.write_all(text.as_bytes())).with_context(|| path.display().to_string())
    }
}

fn private_key(path: &std::path::Path) -> Result<LicenseKey> {
    let pem = Pem::read("--key", path)?;
    let der = pem.private_key()?;
    LicenseKey::from_pkcs8(der.secret_der())
        .ok_or_else(|| anyhow!(pem.wrong("holds no Ed25519 key, as `titan license keygen` makes one")))
}

fn platform(text: &str) -> Result<Platform, String> {
    Platform::parse(text).ok_or("must be any, aws, azure, docker, gcp or kubernetes".to_owned())
}

fn end(text: &str) -> Result<Timestamp, String> {
    Timestamp::parse(&moment(text)?).ok_or_else(|| "must be a time".to_owned())
}

fn account(text: &str) -> Result<String, String> {
    is_aws_account(text).then(|| text.to_owned()).ok_or("must have 12 digits".to_owned())
}
