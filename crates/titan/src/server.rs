//! Listening: connections in, requests to the dispatcher, an orderly end.

use crate::dispatch::{Dispatcher, Port};
use crate::wire::App;
use anyhow::{Context, Result};
use http::Request;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use hyper_util::server::graceful::GracefulShutdown;
use std::convert::Infallible;
use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

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
}

async fn bind(address: SocketAddr) -> Result<TcpListener> {
    TcpListener::bind(address).await.with_context(|| format!("cannot listen on {address}"))
}

/// Serves until `stop` is done; then finishes what runs and writes what is left to write.
pub async fn serve(app: Arc<App>, listeners: Listeners, stop: impl Future<Output = ()>) {
    let (stopping, stopped) = watch::channel(false);
    let keeper = Arc::clone(&app.keeper);
    let keeping = tokio::spawn(async move { keeper.run().await });
    let (public, control) = match listeners.control {
        None => (Port::Only, None),
        Some(control) => (Port::Public, Some(control)),
    };
    let mut ports =
        vec![tokio::spawn(accept(Arc::clone(&app.dispatcher), listeners.public, public, stopped.clone()))];
    if let Some(control) = control {
        ports.push(tokio::spawn(accept(Arc::clone(&app.dispatcher), control, Port::Control, stopped)));
    }
    stop.await;
    tracing::info!("stopping");
    stopping.send_replace(true);
    let tunnels = tokio::time::timeout(GRACE, app.dispatcher.tunnels_closed());
    let drained = async {
        for port in ports {
            let _ = port.await;
        }
    };
    let _ = tokio::join!(drained, tunnels);
    keeping.abort();
    app.keeper.write_uses().await;
}

async fn accept(
    dispatcher: Arc<Dispatcher>,
    listener: TcpListener,
    port: Port,
    mut stopped: watch::Receiver<bool>,
) {
    let mut builder = Builder::new(TokioExecutor::new());
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
    builder: &Builder<TokioExecutor>,
    graceful: &GracefulShutdown,
    dispatcher: Arc<Dispatcher>,
    stream: TcpStream,
    address: SocketAddr,
    port: Port,
) {
    let has_asked = Arc::new(AtomicBool::new(false));
    let asks = Arc::clone(&has_asked);
    let service = service_fn(move |request: Request<Incoming>| {
        asks.store(true, Ordering::Relaxed);
        let dispatcher = Arc::clone(&dispatcher);
        async move { Ok::<_, Infallible>(dispatcher.handle(request, address, port).await) }
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
