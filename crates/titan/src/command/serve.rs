//! `titan serve`

use super::ConfigFile;
use crate::config::{Config, Settings};
use crate::server::{Listeners, serve};
use crate::system::{SystemClock, SystemEntropy};
use crate::wire::{App, make_folder};
use crate::{demo, telemetry};
use anyhow::{Context, Result};
use base64_simd::URL_SAFE_NO_PAD;
use clap::Args;
use std::io::ErrorKind;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use titan_core::entropy::random;
use titan_core::time::Clock;
use titan_store::{Location, make_secret_file};
use tokio::net::TcpListener;
use tokio::signal::unix::{Signal, SignalKind, signal};

#[derive(Args)]
pub(super) struct Serve {
    #[command(flatten)]
    config: ConfigFile,
    /// Try Titan: makes a master key, listens on 127.0.0.1, and starts a small upstream to guard
    #[arg(long)]
    dev: bool,
}

/// What `--dev` made.
struct Dev {
    master_key_file: PathBuf,
    /// Set if it was made just now: shown this once.
    new_master_key: Option<String>,
    /// The demo upstream, if no other is configured.
    demo: Option<SocketAddr>,
}

impl Serve {
    pub(super) fn run(self) -> Result<()> {
        // For what is not a request: following the log, writing uses, signals. Requests have their workers.
        tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(self.serve())
    }

    async fn serve(&self) -> Result<()> {
        let mut config = self.config.load()?;
        telemetry::start(&config.log, config.log_format)?;
        let dev = if self.dev { Some(Dev::prepare(&config).await?) } else { None };
        if let Some(dev) = &dev {
            dev.fill(&mut config);
        }
        let settings = Settings::check(config)?;
        let listeners = Listeners::bind(&settings)?;
        let address = listeners.public_address()?;
        let app = App::start(&settings, Arc::new(SystemClock), Arc::new(SystemEntropy::new())).await?;
        let app = Arc::new(app);
        let mut hangup = signal(SignalKind::hangup())?;
        let reload = {
            let (app, tls, dev) = (Arc::clone(&app), listeners.tls(), &dev);
            async move {
                while hangup.recv().await.is_some() {
                    reload(&app, &self.config, dev.as_ref());
                    if let Some(tls) = &tls {
                        tls.reload();
                    }
                }
            }
        };
        let (terminate, interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
        tracing::info!(%address, control = ?listeners.control_address()?, "ready");
        if let Some(dev) = &dev {
            print!("{}", tour(address, dev));
        }
        tokio::select! {
            served = serve(app, listeners, stopped(terminate, interrupt)) => served,
            () = reload => Ok(()),
        }
    }
}

async fn stopped(mut terminate: Signal, mut interrupt: Signal) {
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
}

/// SIGHUP: upstreams and policies anew; certificates are beside this. Ports, keys and the database stay as they are until a restart.
fn reload(app: &App, file: &ConfigFile, dev: Option<&Dev>) {
    let read = || {
        let mut config = file.load()?;
        if let Some(dev) = dev {
            dev.fill(&mut config);
        }
        app.reload(&Settings::check(config)?)
    };
    match read() {
        Ok(()) => tracing::info!("upstreams and policies were read anew"),
        Err(error) => tracing::error!(error = format!("{error:#}"), "the old policies stay in force"),
    }
}

impl Dev {
    /// Makes what a first look needs and what is not configured: a master key, an upstream.
    async fn prepare(config: &Config) -> Result<Self> {
        let Location::Sqlite(database) = Location::parse(&config.database_url)?;
        let folder = database.parent().unwrap_or(Path::new(".")).to_owned();
        make_folder(&folder)?;
        let master_key_file = folder.join("master-key");
        let has_key = config.master_key.is_some() || config.master_key_file.is_some();
        let new_master_key = if has_key { None } else { make_master_key(&master_key_file)? };
        let has_upstream = config.upstream.is_some() || !config.upstreams.is_empty();
        let demo = if has_upstream { None } else { Some(start_demo().await?) };
        Ok(Self { master_key_file, new_master_key, demo })
    }

    /// Puts it where nothing is configured.
    fn fill(&self, config: &mut Config) {
        if config.listen == Config::default().listen {
            config.listen = "127.0.0.1:8080".to_owned();
        }
        if config.master_key.is_none() && config.master_key_file.is_none() {
            config.master_key_file = Some(self.master_key_file.clone());
        }
        if let Some(demo) = self.demo.filter(|_| config.upstream.is_none() && config.upstreams.is_empty()) {
            config.upstream = Some(format!("http://{demo}"));
            config.policy = vec!["whatsapp".to_owned()];
        }
    }
}

/// Makes the file, readable by its owner alone; `None` if it is there already.
fn make_master_key(path: &Path) -> Result<Option<String>> {
    let key = URL_SAFE_NO_PAD.encode_to_string(random::<32>(&SystemEntropy::new()));
    match make_secret_file(path, key.as_bytes()) {
        Ok(()) => Ok(Some(key)),
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(None),
        Err(error) => Err(error).with_context(|| format!("{}", path.display())),
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

/// One screen: what to paste next.
fn tour(address: SocketAddr, dev: &Dev) -> String {
    let file = dev.master_key_file.display();
    let secret = match &dev.new_master_key {
        Some(key) => format!("Your master key, shown this once and kept in {file}:\n\n    {key}\n"),
        None => format!("Your master key is in {file}.\n"),
    };
    format!(
        r#"
Titan listens on http://{address} and guards a small demo API. Explorer: http://{address}/docs
{secret}
Paste this into another terminal, in this folder:

    export TITAN=http://{address} MASTER_KEY=$(cat {file})
    field() {{ sed "s/.*\"$1\":\"\([^\"]*\)\".*/\1/"; }}

    # 1. a key that may read sessions, and nothing else
    MADE=$(curl -s $TITAN/admin/keys -H "Authorization: Bearer $MASTER_KEY" -H 'Content-Type: application/json' \
      -d '{{"label":"tour","lifetimeDays":1,"scopes":["sessions:read"]}}'); echo "$MADE"
    ID=$(echo "$MADE" | field id) KEY=$(echo "$MADE" | field key)

    # 2. call the API with it; 3. be refused what it may not do
    curl $TITAN/api/sessions -H "Authorization: Bearer $KEY"; echo
    curl -X POST $TITAN/api/sessions -H "Authorization: Bearer $KEY"; echo

    # 4. rotate it; 5. the old one is dead
    curl -s -X POST $TITAN/admin/keys/$ID/rotate -H "Authorization: Bearer $MASTER_KEY"; echo
    curl $TITAN/api/sessions -H "Authorization: Bearer $KEY"; echo

Ctrl-C stops it.
"#
    )
}
