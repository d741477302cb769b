//! The sockets that Titan listens on.

use anyhow::{Context, Result};
use std::net::{SocketAddr, TcpListener};

/// Open sockets, not yet served.
pub struct Listeners {
    pub(super) public: TcpListener,
    pub(super) control: Option<TcpListener>,
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
    pub(super) fn try_clone(&self) -> std::io::Result<Self> {
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
