//! The wire between an instance and PostgreSQL: a proxy that can be cut, and worse.
//!
//! It reads the messages of PostgreSQL's protocol (PostgreSQL manual, 54.2), so that it can lose one and delay another.

mod messages;

use anyhow::Result;
use bytes::BytesMut;
use messages::{Direction, LogReads, Reader};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::time::sleep;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Flow {
    #[default]
    Whole,
    /// Nothing arrives until it is mended, and nobody is told.
    Silent,
    /// Connections are closed, and new ones are closed at once.
    Cut,
}

/// What the wire does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Mode {
    pub(crate) flow: Flow,
    /// By how much each answer comes late.
    pub(crate) delay: Duration,
    /// Notifications are lost.
    pub(crate) loses_news: bool,
    /// Reading the log does not get through; all else does.
    pub(crate) stalls_log: bool,
}

/// A proxy on a port of its own.
pub(crate) struct Wire {
    pub(crate) address: SocketAddr,
    mode: Arc<watch::Sender<Mode>>,
}

impl Wire {
    pub(crate) async fn to(server: SocketAddr) -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let mode = Arc::new(watch::Sender::new(Mode::default()));
        let sender = Arc::downgrade(&mode);
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let Some(mode) = sender.upgrade() else { return };
                tokio::spawn(carry(client, server, mode.subscribe()));
            }
        });
        Ok(Self { address, mode })
    }

    pub(crate) fn set(&self, mode: Mode) {
        self.mode.send_replace(mode);
    }
}

async fn carry(client: TcpStream, server: SocketAddr, mode: watch::Receiver<Mode>) {
    if mode.borrow().flow == Flow::Cut {
        return;
    }
    let Ok(server) = TcpStream::connect(server).await else { return };
    let _ = (client.set_nodelay(true), server.set_nodelay(true));
    let ((from_client, to_client), (from_server, to_server)) = (client.into_split(), server.into_split());
    // The end of either direction is the end of both.
    tokio::select! {
        _ = pump(from_client, to_server, Direction::ToServer, mode.clone()) => {}
        _ = pump(from_server, to_client, Direction::ToClient, mode) => {}
    }
}

/// `None` at the end.
async fn pump(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    direction: Direction,
    mut mode: watch::Receiver<Mode>,
) -> Option<()> {
    let (mut reader, mut log_reads) = (Reader::new(direction), LogReads::default());
    let mut buffer = BytesMut::new();
    loop {
        let mut is_cut = mode.clone();
        tokio::select! {
            read = from.read_buf(&mut buffer) => if read.ok()? == 0 { return None },
            _ = is_cut.wait_for(|mode| mode.flow == Flow::Cut) => return None,
        }
        let mut out = BytesMut::new();
        while let Some(message) = reader.next(&mut buffer) {
            let reads_log = log_reads.has(direction, &message);
            if passes(&message, direction, reads_log, &mut mode).await? {
                out.extend_from_slice(&message);
            }
        }
        delay(direction, &mode).await;
        to.write_all(&out).await.ok()?;
    }
}

async fn delay(direction: Direction, mode: &watch::Receiver<Mode>) {
    let delay = mode.borrow().delay;
    if direction == Direction::ToClient && !delay.is_zero() {
        sleep(delay).await;
    }
}

/// Waits while the message is held, and says whether it goes on. `None` if the wire is cut.
async fn passes(
    message: &[u8],
    direction: Direction,
    reads_log: bool,
    mode: &mut watch::Receiver<Mode>,
) -> Option<bool> {
    let holds = |mode: &Mode| mode.flow == Flow::Silent || (mode.stalls_log && reads_log);
    let now = *mode.wait_for(|mode| !holds(mode)).await.ok()?;
    if now.flow == Flow::Cut {
        return None;
    }
    Some(!(now.loses_news && direction.is_news(message)))
}
