//! `titan serve`

mod dev;
mod screen;

use self::dev::Dev;
use self::screen::{Ports, screen};
use super::ConfigFile;
use crate::config::Settings;
use crate::server::{Listeners, serve};
use crate::system::{SystemClock, SystemEntropy};
use crate::telemetry;
use crate::wire::App;
use anyhow::Result;
use clap::Args;
use std::sync::Arc;
use tokio::signal::unix::{Signal, SignalKind, signal};

#[derive(Args)]
pub(super) struct Serve {
    #[command(flatten)]
    config: ConfigFile,
    /// Try Titan: create a master key, listen on 127.0.0.1, and guard a small demo API
    #[arg(long)]
    dev: bool,
}

impl Serve {
    pub(super) fn run(self) -> Result<()> {
        // For what is not a request: following the log, writing uses, signals. Requests have their workers.
        tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(self.serve())
    }

    async fn serve(&self) -> Result<()> {
        let mut config = self.config.load()?;
        let log = Arc::new(telemetry::start(&config.log, config.log_format)?);
        let dev = if self.dev { Some(Dev::prepare(&config).await?) } else { None };
        if let Some(dev) = &dev {
            dev.fill(&mut config);
        }
        let settings = Settings::check(config)?;
        let listeners = Listeners::bind(&settings)?;
        let address = listeners.public_address()?;
        let app = App::start(&settings, Arc::new(SystemClock), Arc::new(SystemEntropy), log).await?;
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
        // Before the first line of the log, so that nothing pushes it off the screen.
        if let Some(dev) = &dev {
            let (has_tls, has_console) = (settings.tls.is_some(), settings.console);
            let ports =
                Ports { public: address, control: listeners.control_address()?, has_tls, has_console };
            print!("{}", screen(&ports, dev)?);
        }
        let control = listeners.control_address()?.map(tracing::field::display);
        let metrics = listeners.metrics_address()?.map(tracing::field::display);
        tracing::info!(%address, control, metrics, "ready");
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

/// SIGHUP: opens the file of the access log again, and reloads upstreams and policies. The certificates of the ports are
/// reloaded separately. Ports, keys and the database change only with a restart.
fn reload(app: &App, file: &ConfigFile, dev: Option<&Dev>) {
    let read = || {
        let mut config = file.load()?;
        if let Some(dev) = dev {
            dev.fill(&mut config);
        }
        app.reload(&Settings::check(config)?)
    };
    app.reopen_access_log();
    match read() {
        Ok(()) => tracing::info!("upstreams and policies were read again"),
        Err(error) => tracing::error!(
            error = format!("{error:#}"),
            "the configuration cannot be read again; the old one stays in force"
        ),
    }
}
