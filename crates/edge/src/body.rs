//! The body of an answer: text of our own, an upstream's stream, or the control plane's.

use crate::body_error::BodyError;
use crate::upstream::Relay;
use bytes::Bytes;
use http_body::{Body as HttpBody, Frame, SizeHint};
use http_body_util::Full;
use std::pin::Pin;
use std::task::{Context, Poll};

/// What an answer sends. An enum and not a box, as every proxied answer has one.
pub enum Body {
    /// All there is.
    Full(Full<Bytes>),
    /// Passed on as it comes.
    Upstream(Relay),
    /// From the control plane's router.
    Router(axum::body::Body),
}

impl Body {
    /// Nothing.
    pub fn empty() -> Self {
        Self::Full(Full::default())
    }
}

impl<T: Into<Bytes>> From<T> for Body {
    fn from(bytes: T) -> Self {
        Self::Full(Full::new(bytes.into()))
    }
}

impl HttpBody for Body {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        match self.get_mut() {
            Self::Full(body) => Pin::new(body).poll_frame(cx).map_err(Into::into),
            Self::Upstream(body) => Pin::new(body).poll_frame(cx).map_err(Into::into),
            Self::Router(body) => Pin::new(body).poll_frame(cx).map_err(Into::into),
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Full(body) => body.is_end_stream(),
            Self::Upstream(body) => body.is_end_stream(),
            Self::Router(body) => body.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Full(body) => body.size_hint(),
            Self::Upstream(body) => body.size_hint(),
            Self::Router(body) => body.size_hint(),
        }
    }
}
