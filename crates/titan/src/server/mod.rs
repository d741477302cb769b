//! Listening: it accepts connections, passes requests to the dispatcher, and stops in order.
//!
//! Each core has a worker: a thread with its own runtime, dispatcher and connections. A connection stays with the
//! worker that accepted it, so a request never moves from one thread to another (`docs/adr/0009`).

mod accept;
mod activity;
mod connection;
mod connections;
mod counted;
mod exchange;
mod http;
mod limits;
mod listeners;
mod open_files;
mod patience;
mod queue;
mod running;
mod stream;
mod thread;
mod tls;
mod worker;

pub use limits::Limits;
pub use listeners::Listeners;
pub use tls::{Tls, TlsFiles};

use crate::wire::App;
use anyhow::{Result, anyhow};
use connections::Connections;
use limits::Caps;
use std::future::Future;
use std::sync::Arc;
use std::thread::available_parallelism;
use std::time::Duration;
use thread::start_worker;
use tokio::sync::watch;
use tokio::task::JoinSet;

/// How long running requests may take to finish.
const GRACE: Duration = Duration::from_secs(10);

/// Serves until `stop` is done. Then running requests finish, and the last uses of keys are written.
///
/// Fails if a worker or the follower ends before that: a Titan that uses only a part of its cores, or that no
/// revocation reaches, must be restarted.
pub async fn serve(app: Arc<App>, listeners: Listeners, stop: impl Future<Output = ()>) -> Result<()> {
    let (stopping, stopped) = watch::channel(false);
    let follower = Arc::clone(&app.follower);
    let mut keeping = tokio::spawn(async move { follower.run().await });
    let caps = Caps::new(&listeners.limits, open_files::raise());
    let connections = Connections::new(caps, app.trusted_proxies().clone());
    let counted = Arc::clone(&connections);
    app.metrics().watch(move || counted.counts());
    let mut workers = JoinSet::new();
    for number in 0..available_parallelism()?.get() {
        let (app, connections) = (Arc::clone(&app), Arc::clone(&connections));
        workers.spawn(start_worker(number, app, listeners.try_clone()?, connections, stopped.clone())?);
    }
    let follow_files = follow(listeners.tls());
    drop(listeners);
    let ended = tokio::select! {
        () = stop => Ok(()),
        Some(worker) = workers.join_next() => {
            worker.map_err(Into::into).flatten().and_then(|()| Err(anyhow!("a worker ended by itself")))
        }
        follower = &mut keeping => Err(anyhow!("nothing follows the log of revisions any more: {follower:?}")),
        () = follow_files => Err(anyhow!("nothing follows the files of certificates any more")),
        never = connections.report() => match never {},
        never = app.upkeep.run() => match never {},
        never = app.keep_usage() => match never {},
    };
    tracing::info!("stopping");
    stopping.send_replace(true);
    connections.finish();
    while let Some(worker) = workers.join_next().await {
        if let Err(error) = worker.map_err(Into::into).flatten() {
            tracing::error!(error = format!("{error:#}"), "a worker did not end in order");
        }
    }
    let leaving = async {
        app.follower.write_uses().await;
        app.flush_usage().await;
        app.follower.leave().await;
    };
    if tokio::time::timeout(GRACE, leaving).await.is_err() {
        tracing::warn!("the database does not answer: the last uses of keys, and the last usage, are lost");
    }
    keeping.abort();
    app.close_traces().await;
    app.close_access_log().await;
    ended
}

async fn follow(tls: Option<Arc<Tls>>) {
    match tls {
        Some(tls) => tls.follow().await,
        None => std::future::pending().await,
    }
}
