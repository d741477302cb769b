//! Listening: connections in, requests to the dispatcher, an orderly end.
//!
//! Each core has a worker: a thread with a runtime, a dispatcher and connections of its own. A connection stays with
//! the worker that accepted it, so a request is never handed from one thread to another (`docs/adr/0009`).

use crate::dispatch::{Dispatcher, Port};
use crate::wire::App;
use anyhow::{Context, Result, anyhow};
use http::Request;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use hyper_util::server::graceful::GracefulShutdown;
use std::convert::Infallible;
use std::future::Future;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, available_parallelism};
use std::time::Duration;
use titan_edge::gateway::Peer;
use tokio::net::TcpStream;
use tokio::runtime::Builder;
use tokio::sync::{oneshot, watch};
use tokio::task::JoinSet;

/// What runs may finish for this long.
const GRACE: Duration = Duration::from_secs(10);
/// A client that takes longer to send its headers is cut off.
const HEADERS: Duration = Duration::from_secs(15);
/// All headers of a request.
const HEADER_BYTES: usize = 64 * 1024;
/// After accepting failed (no file handles left), before it is tried again.
const RETRY: Duration = Duration::from_millis(100);

/// Open sockets, not yet served.
pub struct Listeners {
    public: TcpListener,
    control: Option<TcpListener>,
}

impl Listeners {
    /// Binds the addresses.
    pub async fn bind(public: SocketAddr, control: Option<SocketAddr>) -> Result<Self> {
        let public = bind(public).await?;
        let control = match control {
            Some(address) => Some(bind(address).await?),
            None => None,
        };
        Ok(Self { public, control })
    }

    /// Where the public port is: with port 0 the system chose it.
    pub fn public_address(&self) -> Result<SocketAddr> {
        Ok(self.public.local_addr()?)
    }

    /// Where the control plane's own port is.
    pub fn control_address(&self) -> Result<Option<SocketAddr>> {
        Ok(self.control.as_ref().map(TcpListener::local_addr).transpose()?)
    }

    /// Once more the same sockets, for another worker.
    fn try_clone(&self) -> std::io::Result<Self> {
        let control = self.control.as_ref().map(TcpListener::try_clone).transpose()?;
        Ok(Self { public: self.public.try_clone()?, control })
    }
}

async fn bind(address: SocketAddr) -> Result<TcpListener> {
    let listener = tokio::net::TcpListener::bind(address).await;
    listener
        .and_then(tokio::net::TcpListener::into_std)
        .with_context(|| format!("cannot listen on {address}"))
}

/// Serves until `stop` is done; then finishes what runs and writes what is left to write.
///
/// Fails if a worker or the follower ends before: a Titan that serves with a part of its cores, or that no revocation
/// reaches, must be started anew.
pub async fn serve(app: Arc<App>, listeners: Listeners, stop: impl Future<Output = ()>) -> Result<()> {
    let (stopping, stopped) = watch::channel(false);
    let follower = Arc::clone(&app.follower);
    let mut keeping = tokio::spawn(async move { follower.run().await });
    let mut workers = JoinSet::new();
    for number in 0..available_parallelism()?.get() {
        workers.spawn(start_worker(number, Arc::clone(&app), listeners.try_clone()?, stopped.clone())?);
    }
    drop(listeners);
    let ended = tokio::select! {
        () = stop => Ok(()),
        Some(worker) = workers.join_next() => {
            worker.map_err(Into::into).flatten().and_then(|()| Err(anyhow!("a worker ended by itself")))
        }
        follower = &mut keeping => Err(anyhow!("nothing follows the log of revisions any more: {follower:?}")),
    };
    tracing::info!("stopping");
    stopping.send_replace(true);
    while let Some(worker) = workers.join_next().await {
        if let Err(error) = worker.map_err(Into::into).flatten() {
            tracing::error!(error = format!("{error:#}"), "a worker did not end in order");
        }
    }
    keeping.abort();
    app.follower.write_uses().await;
    ended
}

/// A thread of its own, and what awaits its end.
fn start_worker(
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

async fn accept(
    dispatcher: Arc<Dispatcher>,
    listener: tokio::net::TcpListener,
    port: Port,
    mut stopped: watch::Receiver<bool>,
) {
    let mut builder = auto::Builder::new(TokioExecutor::new());
    builder.http1().timer(TokioTimer::new()).header_read_timeout(HEADERS).max_buf_size(HEADER_BYTES);
    builder.http2().timer(TokioTimer::new()).max_header_list_size(64 * 1024);
    builder.http2().keep_alive_interval(HEADERS).keep_alive_timeout(HEADERS);
    let graceful = GracefulShutdown::new();
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            _ = stopped.wait_for(|is_stopped| *is_stopped) => break,
        };
        match accepted {
            Ok((stream, address)) => {
                let _ = stream.set_nodelay(true);
                connection(&builder, &graceful, Arc::clone(&dispatcher), stream, address, port);
            }
            Err(error) => {
                tracing::warn!(%error, "a connection cannot be accepted");
                tokio::time::sleep(RETRY).await;
            }
        }
    }
    drop(listener);
    if tokio::time::timeout(GRACE, graceful.shutdown()).await.is_err() {
        tracing::warn!("requests were cut off after {} seconds", GRACE.as_secs());
    }
}

fn connection(
    builder: &auto::Builder<TokioExecutor>,
    graceful: &GracefulShutdown,
    dispatcher: Arc<Dispatcher>,
    stream: TcpStream,
    address: SocketAddr,
    port: Port,
) {
    let has_asked = Arc::new(AtomicBool::new(false));
    let asks = Arc::clone(&has_asked);
    let shared = Arc::new((dispatcher, Peer::new(address)));
    let service = service_fn(move |request: Request<Incoming>| {
        asks.store(true, Ordering::Relaxed);
        let shared = Arc::clone(&shared);
        async move {
            let (dispatcher, peer) = &*shared;
            Ok::<_, Infallible>(dispatcher.handle(request, peer, port).await)
        }
    });
    let connection = builder.serve_connection_with_upgrades(TokioIo::new(stream), service).into_owned();
    let connection = graceful.watch(connection);
    tokio::spawn(async move {
        let mut connection = std::pin::pin!(connection);
        // Before the first request, hyper waits without a limit to learn which version is spoken.
        let ended = tokio::select! {
            ended = connection.as_mut() => ended,
            () = tokio::time::sleep(HEADERS) => {
                if !has_asked.load(Ordering::Relaxed) {
                    return;
                }
                connection.await
            }
        };
        if let Err(error) = ended {
            tracing::debug!(%error, "connection ended");
        }
    });
}
