//! Opening connections.

use super::Address;
use super::address::Place;
use super::link::Link;
use super::stream::Stream;
use crate::body_error::BodyError;
use http::Uri;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioIo;
use std::error::Error;
use std::io::ErrorKind;
use std::time::Duration;
use tokio::net::{TcpStream, UnixStream};
use tokio::time::timeout;
use tower::ServiceExt;

/// Opens connections to upstreams.
pub(super) struct Connector {
    /// Looks up a name, and tries each of its addresses.
    tcp: HttpConnector,
    timeout: Duration,
}

impl Address {
    /// Opens a connection and closes it. Fails if the name is unknown, nobody listens, or the certificate is not that of the
    /// name. Where there is no server, nothing is done.
    pub async fn probe(&self, patience: Duration) -> Result<(), String> {
        if !self.is_somewhere() {
            return Ok(());
        }
        match timeout(patience, Connector::new(patience).stream(self)).await {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(error)) => Err(causes(&*error)),
            Err(_) => Err(format!("no connection within {} s", patience.as_secs())),
        }
    }
}

/// An error with what caused it.
fn causes(error: &(dyn Error + 'static)) -> String {
    let (mut text, mut cause) = (error.to_string(), error.source());
    while let Some(error) = cause {
        let next = error.to_string();
        // Some repeat their cause.
        if !text.contains(&next) {
            text = format!("{text}: {next}");
        }
        cause = error.source();
    }
    text
}

impl Connector {
    pub(super) fn new(timeout: Duration) -> Self {
        let mut tcp = HttpConnector::new();
        tcp.set_nodelay(true);
        // It must also accept https:// addresses: TLS is added above it.
        tcp.enforce_http(false);
        // So that a dead address leaves time for the other addresses of the name.
        tcp.set_connect_timeout(Some(timeout));
        Self { tcp, timeout }
    }

    /// Opens a connection, including the TLS handshake.
    pub(super) async fn open(&self, address: &Address) -> Result<Link, BodyError> {
        let stream = timeout(self.timeout, self.stream(address)).await.map_err(std::io::Error::from)??;
        Ok(Link::open(stream).await?)
    }

    async fn stream(&self, address: &Address) -> Result<Stream, BodyError> {
        Ok(match &address.place {
            Place::Http(uri) => Stream::Tcp(self.tcp(uri).await?),
            Place::Https { uri, name, connector } => {
                let tcp = self.tcp(uri).await?.into_inner();
                let tls = connector.connect(name.clone(), tcp).await?;
                Stream::Tls(Box::new(TokioIo::new(tls)))
            }
            Place::Nowhere => return Err(std::io::Error::from(ErrorKind::NotFound).into()),
            Place::Unix(path) => Stream::Unix(TokioIo::new(UnixStream::connect(path).await?)),
        })
    }

    async fn tcp(&self, uri: &Uri) -> Result<TokioIo<TcpStream>, BodyError> {
        Ok(self.tcp.clone().oneshot(uri.clone()).await?)
    }
}
