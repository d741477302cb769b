//! The thread of a worker.

use super::accept::accept;
use super::connections::Connections;
use super::worker::Worker;
use super::{GRACE, Listeners, http};
use crate::dispatch::Port;
use crate::wire::App;
use anyhow::{Context, Result};
use std::future::Future;
use std::sync::Arc;
use std::thread;
use tokio::runtime::Builder;
use tokio::sync::{mpsc, oneshot, watch};

/// Starts the thread of a worker. The future completes when the worker ends.
pub(super) fn start_worker(
    number: usize,
    app: Arc<App>,
    listeners: Listeners,
    connections: Arc<Connections>,
    stopped: watch::Receiver<bool>,
) -> Result<impl Future<Output = Result<()>> + use<>> {
    let runtime = Builder::new_current_thread().enable_all().build()?;
    let (ended, end) = oneshot::channel();
    thread::Builder::new().name(format!("worker-{number}")).spawn(move || {
        let result = runtime.block_on(work(&app, listeners, connections, stopped));
        // The last one closes the database, which needs a runtime.
        runtime.block_on(async { drop(app) });
        // A DNS look-up that still runs must not delay the end.
        runtime.shutdown_background();
        // From here on, the database can be opened again.
        let _ = ended.send(result);
    })?;
    Ok(async { end.await.context("a worker panicked")? })
}

/// Accepts and serves until the stop, and then until running requests are complete.
async fn work(
    app: &App,
    listeners: Listeners,
    connections: Arc<Connections>,
    stopped: watch::Receiver<bool>,
) -> Result<()> {
    let dispatcher = Arc::new(app.dispatcher());
    let (alive, mut ended) = mpsc::channel(1);
    let worker = Arc::new(Worker {
        dispatcher: Arc::clone(&dispatcher),
        connections,
        http: http::builder(),
        limits: listeners.limits,
        tls: listeners.tls(),
        alive,
    });
    let public_port = if listeners.control.is_some() { Port::Public } else { Port::Only };
    let public = tokio::net::TcpListener::from_std(listeners.public)?;
    let [control, metrics] = [listeners.control, listeners.metrics]
        .map(|listener| listener.map(tokio::net::TcpListener::from_std).transpose());
    let public = accept(Arc::clone(&worker), public, public_port, stopped.clone());
    let other = async |listener, port| {
        if let Some(listener) = listener {
            accept(Arc::clone(&worker), listener, port, stopped.clone()).await;
        }
    };
    tokio::join!(public, other(control?, Port::Control), other(metrics?, Port::Metrics));
    drop(worker);
    let finished = async { tokio::join!(ended.recv(), dispatcher.tunnels_closed()) };
    if tokio::time::timeout(GRACE, finished).await.is_err() {
        tracing::warn!("requests were cut off after {} seconds", GRACE.as_secs());
    }
    Ok(())
}
