//! The body of a request to the upstream: whether it moves, and how many bytes have passed.

use crate::RequestBody;
use crate::body::BodyError;
use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::task::{Context, Poll};

/// How far a body has come.
#[derive(Default)]
pub(crate) struct Progress {
    has_moved: AtomicBool,
    is_awaited: AtomicBool,
    is_over: AtomicBool,
    bytes: AtomicU64,
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

    /// How many bytes have passed.
    pub(crate) fn bytes(&self) -> u64 {
        self.bytes.load(Ordering::Relaxed)
    }

    fn note(&self, polled: &Poll<Option<Result<Frame<Bytes>, BodyError>>>) {
        self.has_moved.store(true, Ordering::Relaxed);
        // The body has a time limit of its own.
        self.is_awaited.store(polled.is_pending(), Ordering::Relaxed);
        if let Poll::Ready(Some(Ok(frame))) = polled {
            let bytes = frame.data_ref().map_or(0, Bytes::len);
            self.bytes.fetch_add(u64::try_from(bytes).unwrap_or_default(), Ordering::Relaxed);
        }
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
            progress.note(&polled);
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
