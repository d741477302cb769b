//! TLS for the public port and the control port.

mod config;
mod follow;
mod handshake;

pub(super) use handshake::handshake;

use crate::dispatch::Port;
use anyhow::Result;
use arc_swap::ArcSwap;
use config::Configs;
use follow::{Contents, Seen};
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};
use tokio_rustls::TlsAcceptor;

/// The files for TLS.
#[derive(Clone, Debug)]
pub struct TlsFiles {
    /// Titan's certificate and those that lead to its CA.
    pub certificate: PathBuf,
    /// Its private key.
    pub key: PathBuf,
    /// CAs of the clients of the control port. None: they need no certificate.
    pub client_ca: Option<PathBuf>,
}

/// The configuration in force, and the files from which it is reloaded.
pub struct Tls {
    files: TlsFiles,
    configs: ArcSwap<Configs>,
    seen: Mutex<Seen>,
}

impl Tls {
    /// Reads the files. Any mistake in them is an error.
    pub fn load(files: TlsFiles) -> Result<Self> {
        let contents = Contents::read(&files)?;
        let configs = ArcSwap::from_pointee(Configs::new(&contents)?);
        let seen = Mutex::new(Seen::new(contents.digest()));
        Ok(Self { files, configs, seen })
    }

    /// Reloads the files, for all new connections. After an error, the old configuration stays in force, and the error
    /// is logged.
    pub fn reload(&self) {
        let contents = Contents::read(&self.files);
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).tried(follow::digest(&contents));
        match contents.and_then(|contents| Configs::new(&contents)) {
            Ok(configs) => {
                self.configs.store(configs.into());
                tracing::info!("the certificate was read anew");
            }
            Err(error) => {
                tracing::error!(error = format!("{error:#}"), "the old certificate stays in force");
            }
        }
    }

    fn acceptor(&self, port: Port) -> TlsAcceptor {
        let configs = self.configs.load();
        let config = if port == Port::Control { &configs.control } else { &configs.public };
        config.clone().into()
    }
}
