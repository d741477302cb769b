//! The body of a request to the upstream, and whether it moves.

use crate::RequestBody;
use crate::body::BodyError;
use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};

/// How far a body has come.
#[derive(Default)]
pub(super) struct Progress {
    has_moved: AtomicBool,
    is_awaited: AtomicBool,
    is_over: AtomicBool,
}

impl Progress {
    /// Whether the body has moved since the last call, or the upstream waits for it.
    pub(super) fn take_moved(&self) -> bool {
        self.has_moved.swap(false, Ordering::Relaxed) || self.is_awaited.load(Ordering::Relaxed)
    }

    /// Whether the whole body was sent, or was dropped.
    pub(super) fn is_over(&self) -> bool {
        self.is_over.load(Ordering::Relaxed)
    }
}

/// A body that reports its progress. An empty body reports nothing.
pub(super) struct Upload {
    body: RequestBody,
    progress: Option<Arc<Progress>>,
}

impl Upload {
    pub(super) fn new(body: RequestBody, progress: Option<Arc<Progress>>) -> Self {
        Self { body, progress }
    }
}

impl Body for Upload {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let polled = Pin::new(&mut self.body).poll_frame(cx);
        if let Some(progress) = &self.progress {
            progress.has_moved.store(true, Ordering::Relaxed);
            // The body has a time limit of its own.
            progress.is_awaited.store(polled.is_pending(), Ordering::Relaxed);
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl Drop for Upload {
    fn drop(&mut self) {
        if let Some(progress) = &self.progress {
            progress.is_over.store(true, Ordering::Relaxed);
        }
    }
}
