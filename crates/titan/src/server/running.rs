//! A request that is counted when it ends.

use super::worker::Worker;
use crate::dispatch::Client;
use crate::traces::RequestSpan;
use http::{Request, Response};
use std::sync::Arc;
use std::time::Instant;
use titan_edge::RequestBody;
use titan_edge::metrics::{Part, Status};

/// A request, from its head until the last byte of its answer. It is counted when this is dropped, whatever ended it.
pub(super) struct Running {
    pub(super) worker: Arc<Worker>,
    pub(super) began: Instant,
    pub(super) part: Part,
    /// Of the answer; none before there is one.
    status: Status,
    /// `None` if requests are not traced. It ends with this.
    span: Option<Box<RequestSpan>>,
}

impl Running {
    pub(super) fn begin(worker: Arc<Worker>) -> Self {
        worker.dispatcher.metrics().begin();
        Self { worker, began: Instant::now(), part: Part::Gateway, status: Status::None, span: None }
    }

    /// Begins the request's span, if requests are traced.
    pub(super) fn trace(&mut self, request: &mut Request<RequestBody>, client: &Client) {
        self.span = self.worker.dispatcher.begin_span(request, client);
    }

    /// There is an answer, whose body is still to be sent.
    pub(super) fn answered<B>(&mut self, response: &Response<B>) {
        self.status = response.status().into();
        if let Some(span) = &mut self.span {
            span.answered(self.part, response.status(), response.headers());
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Some(span) = self.span.as_mut().filter(|_| self.status == Status::None) {
            span.left(self.part);
        }
        self.worker.dispatcher.metrics().end(self.part, self.status, self.began.elapsed());
    }
}
