//! `titan license keygen`

use super::super::remote::{print, print_json};
use crate::system::SystemEntropy;
use anyhow::{Context, Result};
use clap::Args;
use serde_json::json;
use std::fs::OpenOptions;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::PathBuf;
use titan_core::entropy::random;
use titan_token::LicenseKey;
use zeroize::Zeroizing;

#[derive(Args)]
pub(super) struct Keygen {
    /// The new file for the private key. Whoever has it can make licenses
    file: PathBuf,
}

impl Keygen {
    pub(super) fn run(self, json: bool) -> Result<()> {
        let seed: Zeroizing<[u8; 32]> = Zeroizing::new(random(&SystemEntropy));
        let key = LicenseKey::from_seed(&seed);
        let pem = key.to_pem().context("the key cannot be written as PKCS #8")?;
        let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&self.file);
        file.and_then(|mut file| file.write_all(pem.as_bytes()).and_then(|()| file.sync_all()))
            .with_context(|| self.file.display().to_string())?;
        let public = key.public().to_string();
        if json {
            return print_json(&json!({ "publicKey": public }));
        }
        eprintln!(
            "The private key is in {}. Every Titan that accepts its licenses needs:",
            self.file.display()
        );
        print(&format!("TITAN_LICENSE_PUBLIC_KEY={public}"))
    }
}
