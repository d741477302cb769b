//! What `titan serve --dev` makes: a master key and an API to guard.

use crate::config::{Config, location};
use crate::demo;
use crate::system::{SystemClock, SystemEntropy};
use crate::wire::make_folder;
use anyhow::{Context, Result};
use base64_simd::{STANDARD, URL_SAFE_NO_PAD};
use std::io::ErrorKind;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use titan_core::entropy::random;
use titan_core::time::Clock;
use titan_store::make_secret_file;
use tokio::net::TcpListener;

/// Where files are made if the database is not one.
const FOLDER: &str = "titan-data";

/// What `--dev` made, and what was configured in its place.
pub(super) struct Dev {
    pub(super) master_key: MasterKey,
    pub(super) master_key_file: PathBuf,
    /// The file of the seal key, if none is configured and there is no place beside the database.
    pub(super) seal_key_file: Option<PathBuf>,
    /// The demo upstream, if no other is configured.
    pub(super) demo: Option<SocketAddr>,
}

/// Where the master key comes from.
pub(super) enum MasterKey {
    /// From a file that was there before.
    File,
    /// Made just now and written to the file: shown this once.
    Made(String),
    /// From the configuration itself.
    Value,
}

impl Dev {
    /// Makes what a first look needs and what is not configured: a master key, an upstream.
    pub(super) async fn prepare(config: &Config) -> Result<Self> {
        let database = location(config)?;
        let folder = database.file().map_or(Some(Path::new(FOLDER)), Path::parent);
        let folder = folder.unwrap_or(Path::new(".")).to_owned();
        make_folder(&folder)?;
        let seal_key_file = match (&config.seal_key, &config.seal_key_file, database.file()) {
            (None, None, None) => Some(make_seal_key(&folder.join("seal-key"))?),
            _ => None,
        };
        let master_key_file = config.master_key_file.clone().unwrap_or(folder.join("master-key"));
        let master_key = match (&config.master_key, &config.master_key_file) {
            (Some(_), _) => MasterKey::Value,
            (None, Some(_)) => MasterKey::File,
            (None, None) => make_master_key(&master_key_file)?,
        };
        let has_upstream = config.upstream.is_some() || !config.upstreams.is_empty();
        let demo = if has_upstream { None } else { Some(start_demo().await?) };
        Ok(Self { master_key, master_key_file, seal_key_file, demo })
    }

    /// Fills in what is not configured.
    pub(super) fn fill(&self, config: &mut Config) {
        if config.listen == Config::default().listen {
            config.listen = "127.0.0.1:8080".to_owned();
        }
        if config.master_key.is_none() && config.master_key_file.is_none() {
            config.master_key_file = Some(self.master_key_file.clone());
        }
        if let Some(file) = &self.seal_key_file {
            config.seal_key_file = Some(file.clone());
        }
        if let Some(demo) = self.demo.filter(|_| config.upstream.is_none() && config.upstreams.is_empty()) {
            config.upstream = Some(format!("http://{demo}"));
            config.policy = vec!["whatsapp".to_owned()];
        }
    }
}

/// Makes the file, readable by its owner alone, unless it is there already.
fn make_master_key(path: &Path) -> Result<MasterKey> {
    let key = URL_SAFE_NO_PAD.encode_to_string(random::<32>(&SystemEntropy));
    match make_secret_file(path, key.as_bytes()) {
        Ok(()) => Ok(MasterKey::Made(key)),
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(MasterKey::File),
        Err(error) => Err(error).with_context(|| format!("{}", path.display())),
    }
}

/// The seal key for a database that is not a file, so that there is no place beside it.
fn make_seal_key(path: &Path) -> Result<PathBuf> {
    let key = STANDARD.encode_to_string(random::<32>(&SystemEntropy));
    match make_secret_file(path, key.as_bytes()) {
        Err(error) if error.kind() != ErrorKind::AlreadyExists => {
            Err(error).with_context(|| format!("{}", path.display()))
        }
        _ => Ok(path.to_owned()),
    }
}

async fn start_demo() -> Result<SocketAddr> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    let router = demo::router(|| SystemClock.now().to_string());
    tokio::spawn(async move {
        if let Err(error) = axum::serve(listener, router).await {
            tracing::error!(%error, "the demo upstream ended");
        }
    });
    Ok(address)
}
