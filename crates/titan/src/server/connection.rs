//! Serving one connection.

use crate::dispatch::{Dispatcher, Port};
use http::Request;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use hyper_util::server::graceful::GracefulShutdown;
use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::net::TcpStream;

/// A client that takes longer to send its headers is cut off.
const HEADERS: Duration = Duration::from_secs(15);
/// All headers of a request.
const HEADER_BYTES: usize = 64 * 1024;

/// How HTTP is spoken.
pub(super) fn builder() -> auto::Builder<TokioExecutor> {
    let mut builder = auto::Builder::new(TokioExecutor::new());
    builder.http1().timer(TokioTimer::new()).header_read_timeout(HEADERS).max_buf_size(HEADER_BYTES);
    builder.http2().timer(TokioTimer::new()).max_header_list_size(64 * 1024);
    builder.http2().keep_alive_interval(HEADERS).keep_alive_timeout(HEADERS);
    builder
}

pub(super) fn connection(
    builder: &auto::Builder<TokioExecutor>,
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
