//! Accepting connections from one listening socket.

use super::GRACE;
use super::connection::{self, connection};
use crate::dispatch::{Dispatcher, Port};
use hyper_util::server::graceful::GracefulShutdown;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;

/// After accepting failed (no file handles left), before it is tried again.
const RETRY: Duration = Duration::from_millis(100);

pub(super) async fn accept(
    dispatcher: Arc<Dispatcher>,
    listener: tokio::net::TcpListener,
    port: Port,
    mut stopped: watch::Receiver<bool>,
) {
    let builder = connection::builder();
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
