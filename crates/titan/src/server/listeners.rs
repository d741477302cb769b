//! The sockets that Titan listens on.

use super::limits::Limits;
use super::tls::Tls;
use crate::config::Settings;
use anyhow::{Context, Result};
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use tokio::net::TcpSocket;

/// How many connections may wait to be accepted. The client of another one would try again after a second.
const BACKLOG: u32 = 4096;

/// Open sockets, not yet served.
pub struct Listeners {
    pub(super) public: TcpListener,
    pub(super) control: Option<TcpListener>,
    pub(super) metrics: Option<TcpListener>,
    pub(super) limits: Limits,
    tls: Option<Arc<Tls>>,
}

impl Listeners {
    /// Reads the certificate and binds the addresses.
    pub fn bind(settings: &Settings) -> Result<Self> {
        let tls = settings.tls.clone().map(Tls::load).transpose()?.map(Arc::new);
        let public = bind(settings.listen)?;
        let control = settings.admin_listen.map(bind).transpose()?;
        let metrics = settings.metrics_listen.map(bind).transpose()?;
        Ok(Self { public, control, metrics, limits: settings.limits, tls })
    }

    /// The TLS configuration, if there is one.
    pub fn tls(&self) -> Option<Arc<Tls>> {
        self.tls.clone()
    }

    /// The address of the public port. If port 0 was configured, the system chose the port.
    pub fn public_address(&self) -> Result<SocketAddr> {
        Ok(self.public.local_addr()?)
    }

    /// The address of the control port, if there is one.
    pub fn control_address(&self) -> Result<Option<SocketAddr>> {
        Ok(self.control.as_ref().map(TcpListener::local_addr).transpose()?)
    }

    /// The address of the port for metrics, if there is one.
    pub fn metrics_address(&self) -> Result<Option<SocketAddr>> {
        Ok(self.metrics.as_ref().map(TcpListener::local_addr).transpose()?)
    }

    /// The same sockets again, for another worker.
    pub(super) fn try_clone(&self) -> std::io::Result<Self> {
        let again =
            |listener: &Option<TcpListener>| listener.as_ref().map(TcpListener::try_clone).transpose();
        let (control, metrics) = (again(&self.control)?, again(&self.metrics)?);
        Ok(Self { public: self.public.try_clone()?, control, metrics, limits: self.limits, tls: self.tls() })
    }
}

fn bind(address: SocketAddr) -> Result<TcpListener> {
    listen(address).with_context(|| format!("cannot listen on {address}"))
}

fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
    // As the standard library does, so that a restart does not wait for old connections in the system.
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)?.into_std()
}
