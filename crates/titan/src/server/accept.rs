//! Accepting connections from one listening socket.

use super::connection;
use super::worker::Worker;
use crate::dispatch::{Client, Port};
use rustix::io::Errno;
use std::io::Error;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use titan_edge::gateway::Peer;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// The pause after accepting failed because there were no file descriptors and no idle connection to close.
const RETRY: Duration = Duration::from_millis(100);

/// Accepts until Titan stops.
pub(super) async fn accept(
    worker: Arc<Worker>,
    listener: TcpListener,
    port: Port,
    mut stopped: watch::Receiver<bool>,
) {
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            // If the sender is gone, that is a stop as well.
            _ = stopped.wait_for(|is_stopped| *is_stopped) => return,
        };
        match accepted {
            Ok((socket, address)) => admit(&worker, socket, address, port),
            Err(error) => recover(&worker, &error).await,
        }
        // So that connections that were given up close before more are accepted.
        tokio::task::yield_now().await;
    }
}

fn admit(worker: &Arc<Worker>, socket: TcpStream, address: SocketAddr, port: Port) {
    let Some(place) = worker.connections.admit(port, address.ip()) else { return };
    let _ = socket.set_nodelay(true);
    let client = Client { peer: Peer::new(address, worker.tls(port).is_some()), port };
    tokio::spawn(connection::serve(Arc::clone(worker), socket, Arc::new(client), place));
}

/// A failure of one client does not affect the next one. If there are no file descriptors, an idle connection is
/// closed.
async fn recover(worker: &Worker, error: &Error) {
    let used_up = [Errno::MFILE, Errno::NFILE, Errno::NOBUFS, Errno::NOMEM];
    if !error.raw_os_error().is_some_and(|code| used_up.iter().any(|errno| errno.raw_os_error() == code)) {
        tracing::debug!(%error, "a connection was gone before it was accepted");
    } else if !worker.connections.give_up_one() {
        tracing::warn!(%error, "a connection cannot be accepted, and all others are busy");
        tokio::time::sleep(RETRY).await;
    }
}
