//! A wire to a server that a test can cut: bytes go both ways until it is told otherwise.

use std::net::SocketAddr;
use std::sync::Arc;
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// What the wire does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// Connections are closed, and new ones are closed at once.
    Cut,
    Whole,
    /// Nothing arrives any more, and nobody is told: what a network does that loses everything.
    Silent,
}

/// A proxy on a port of its own.
pub(crate) struct Wire {
    pub(crate) address: SocketAddr,
    state: Arc<watch::Sender<State>>,
}

impl Wire {
    pub(crate) async fn to(server: String) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let state = Arc::new(watch::Sender::new(State::Whole));
        let watched = Arc::clone(&state);
        tokio::spawn(async move {
            loop {
                let (client, _) = listener.accept().await.unwrap();
                tokio::spawn(carry(client, server.clone(), watched.subscribe()));
            }
        });
        Self { address, state }
    }

    /// A wire to the PostgreSQL of this URL, and the URL that goes over it.
    pub(crate) async fn to_database(url: &str) -> (Self, String) {
        let rest = url.split_once('@').unwrap().1;
        let server = rest.split_once('/').unwrap().0;
        let wire = Self::to(server.to_owned()).await;
        let url = url.replace(server, &wire.address.to_string());
        (wire, url)
    }

    pub(crate) fn cut(&self) {
        self.state.send_replace(State::Cut);
    }

    pub(crate) fn silence(&self) {
        self.state.send_replace(State::Silent);
    }

    pub(crate) fn mend(&self) {
        self.state.send_replace(State::Whole);
    }
}

async fn carry(mut client: TcpStream, server: String, mut state: watch::Receiver<State>) {
    let Ok(mut server) = TcpStream::connect(server).await else { return };
    loop {
        let now = *state.borrow_and_update();
        match now {
            State::Cut => return,
            State::Silent => state.changed().await.unwrap(),
            State::Whole => tokio::select! {
                // Dropped in the middle, it loses what it has read: like a wire.
                _ = copy_bidirectional(&mut client, &mut server) => return,
                changed = state.changed() => changed.unwrap(),
            },
        }
    }
}
