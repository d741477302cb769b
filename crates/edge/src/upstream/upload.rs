//! The body of a request to the upstream: whether it moves, and how many bytes have passed.

use crate::RequestBody;
use crate::body_error::BodyError;
use crate::watch::CredentialWatch;
use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::task::{Context, Poll};

/// A body of more bytes than this takes a while.
const LONG: u64 = 1 << 18;

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

    /// Whether more has passed than comes at once.
    fn is_long(&self) -> bool {
        self.bytes() > LONG
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

/// A body that reports its progress. `None`: it is empty, as the body of most requests. So a request stays small, because it is
/// copied a few times on its way.
pub(super) struct Upload(Option<Box<Sending>>);

struct Sending {
    body: RequestBody,
    progress: Arc<Progress>,
    watch: CredentialWatch,
}

impl Upload {
    pub(super) fn empty() -> Self {
        Self(None)
    }

    pub(super) fn new(body: RequestBody, progress: Arc<Progress>, watch: CredentialWatch) -> Self {
        Self(Some(Box::new(Sending { body, progress, watch })))
    }
}

impl Body for Upload {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let Some(sending) = &mut self.0 else { return Poll::Ready(None) };
        let Sending { body, progress, watch } = &mut **sending;
        let polled = Pin::new(body).poll_frame(cx);
        progress.note(&polled);
        // The first piece is mostly the whole body.
        if (polled.is_pending() || progress.is_long())
            && let Poll::Ready(cut) = watch.poll_cut(cx)
        {
            return Poll::Ready(Some(Err(cut.into())));
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.0.as_ref().is_none_or(|sending| sending.body.is_end_stream())
    }

    fn size_hint(&self) -> SizeHint {
        self.0.as_ref().map_or(SizeHint::with_exact(0), |sending| sending.body.size_hint())
    }
}

impl Drop for Sending {
    fn drop(&mut self) {
        self.progress.is_over.store(true, Ordering::Relaxed);
    }
}
