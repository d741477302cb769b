//! Opening connections.

use super::Address;
use super::address::Place;
use super::link::Link;
use super::stream::Stream;
use crate::body::BodyError;
use http::Uri;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioIo;
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
