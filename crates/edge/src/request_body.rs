//! The body of a request, with a time limit for each piece.

use crate::body_error::BodyError;
use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use http_body_util::Full;
use hyper::body::Incoming;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;
use titan_core::wire::BodyTimeout;
use tokio::time::{Instant, Sleep, sleep};

/// Learns of each piece of a body that arrives.
pub trait Arrivals: Send + Sync {
    /// Some bytes have arrived.
    fn arrived(&self);
}

/// A body that fails if nothing arrives for a while. Its total time has no limit. The time does not run while nobody
/// asks for more of the body, because then the client is not the slow side.
pub struct RequestBody {
    body: Content,
    pause: Duration,
    /// Created when the body must wait for a piece for the first time, which is rare.
    timer: Option<Pin<Box<Sleep>>>,
    is_timing: bool,
    arrivals: Option<Arc<dyn Arrivals>>,
}

enum Content {
    Incoming(Incoming),
    /// The gateway has read it.
    Whole(Full<Bytes>),
}

impl RequestBody {
    /// `pause` is the longest time between two pieces.
    pub fn new(body: Incoming, pause: Duration, arrivals: Option<Arc<dyn Arrivals>>) -> Self {
        Self { body: Content::Incoming(body), pause, timer: None, is_timing: false, arrivals }
    }

    /// A body that has been read.
    pub(crate) fn whole(bytes: Bytes) -> Self {
        let body = Content::Whole(Full::new(bytes));
        Self { body, pause: Duration::MAX, timer: None, is_timing: false, arrivals: None }
    }

    fn poll_timer(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let timer = self.timer.get_or_insert_with(|| Box::pin(sleep(self.pause)));
        if !self.is_timing {
            self.is_timing = true;
            timer.as_mut().reset(Instant::now() + self.pause);
        }
        timer.as_mut().poll(cx)
    }

    fn note(&mut self, frame: &Frame<Bytes>) {
        // A client can send empty pieces for ever, so they do not count.
        if frame.data_ref().is_none_or(|data| !data.is_empty()) {
            self.is_timing = false;
            if let Some(arrivals) = &self.arrivals {
                arrivals.arrived();
            }
        }
    }
}

impl Body for RequestBody {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let body = match &mut self.body {
            Content::Incoming(body) => body,
            Content::Whole(body) => return Pin::new(body).poll_frame(cx).map_err(Into::into),
        };
        match Pin::new(body).poll_frame(cx) {
            Poll::Ready(frame) => {
                if let Some(Ok(frame)) = &frame {
                    self.note(frame);
                }
                Poll::Ready(frame.map(|frame| frame.map_err(Into::into)))
            }
            Poll::Pending => self.poll_timer(cx).map(|()| Some(Err(BodyTimeout.into()))),
        }
    }

    fn is_end_stream(&self) -> bool {
        match &self.body {
            Content::Incoming(body) => body.is_end_stream(),
            Content::Whole(body) => body.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.body {
            Content::Incoming(body) => body.size_hint(),
            Content::Whole(body) => body.size_hint(),
        }
    }
}
