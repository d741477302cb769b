//! A worker: a thread with its own runtime, dispatcher and connections.

use super::connections::Connections;
use super::http;
use super::limits::Limits;
use super::tls::Tls;
use crate::dispatch::{Dispatcher, Port};
use std::convert::Infallible;
use std::sync::Arc;
use tokio::sync::mpsc;

/// What the connections of one worker share.
pub(super) struct Worker {
    pub(super) dispatcher: Arc<Dispatcher>,
    pub(super) connections: Arc<Connections>,
    pub(super) http: http::Builder,
    pub(super) limits: Limits,
    pub(super) tls: Option<Arc<Tls>>,
    /// Closed when the last connection has dropped its worker.
    #[expect(dead_code, reason = "only its end is noticed")]
    pub(super) alive: mpsc::Sender<Infallible>,
}

impl Worker {
    /// What makes the connections of a port secret. The port for metrics is always plain.
    pub(super) fn tls(&self, port: Port) -> Option<&Tls> {
        self.tls.as_deref().filter(|_| port != Port::Metrics)
    }
}
