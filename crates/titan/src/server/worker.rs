//! A worker: a thread with a runtime, a dispatcher and connections of its own.

use super::accept::accept;
use super::{GRACE, Listeners};
use crate::dispatch::Port;
use crate::wire::App;
use anyhow::{Context, Result};
use std::future::Future;
use std::sync::Arc;
use std::thread;
use tokio::runtime::Builder;
use tokio::sync::{oneshot, watch};

/// A thread of its own, and what awaits its end.
pub(super) fn start_worker(
    number: usize,
    app: Arc<App>,
    listeners: Listeners,
    stopped: watch::Receiver<bool>,
) -> Result<impl Future<Output = Result<()>> + use<>> {
    let runtime = Builder::new_current_thread().enable_all().build()?;
    let (ended, end) = oneshot::channel();
    thread::Builder::new().name(format!("worker-{number}")).spawn(move || {
        let result = runtime.block_on(work(&app, listeners, stopped));
        // A name that is still being looked up must not hold up the end.
        runtime.shutdown_background();
        // After this the database can be opened again.
        drop(app);
        let _ = ended.send(result);
    })?;
    Ok(async { end.await.context("a worker panicked")? })
}

/// Accepts and serves until it is stopped, and until what runs is done.
async fn work(app: &App, listeners: Listeners, stopped: watch::Receiver<bool>) -> Result<()> {
    let dispatcher = Arc::new(app.dispatcher());
    let (port, control) = match listeners.control {
        None => (Port::Only, None),
        Some(control) => (Port::Public, Some(tokio::net::TcpListener::from_std(control)?)),
    };
    let public = tokio::net::TcpListener::from_std(listeners.public)?;
    let public = accept(Arc::clone(&dispatcher), public, port, stopped.clone());
    let control = async {
        if let Some(control) = control {
            accept(Arc::clone(&dispatcher), control, Port::Control, stopped.clone()).await;
        }
    };
    let tunnels = async {
        // The sender may be gone: that is a stop, too.
        let _ = stopped.clone().wait_for(|is_stopped| *is_stopped).await;
        let _ = tokio::time::timeout(GRACE, dispatcher.tunnels_closed()).await;
    };
    tokio::join!(public, control, tunnels);
    Ok(())
}
