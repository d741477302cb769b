//! A request that is counted when it ends.

use super::worker::Worker;
use std::sync::Arc;
use std::time::Instant;
use titan_edge::metrics::{Part, Status};

/// A request, from its head until the last byte of its answer. It is counted when this is dropped, whatever ended it.
pub(super) struct Running {
    pub(super) worker: Arc<Worker>,
    began: Instant,
    pub(super) part: Part,
    /// Of the answer; none before there is one.
    pub(super) status: Status,
}

impl Running {
    pub(super) fn begin(worker: Arc<Worker>) -> Self {
        worker.dispatcher.metrics().begin();
        Self { worker, began: Instant::now(), part: Part::Gateway, status: Status::None }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.worker.dispatcher.metrics().end(self.part, self.status, self.began.elapsed());
    }
}
