//! The body of an answer, observed until its end.

use super::{Abort, Entry, Record};
use crate::Body;
use crate::body_error::BodyError;
use crate::watch::Cut;
use bytes::Bytes;
use http_body::{Body as HttpBody, Frame, SizeHint};
use std::error::Error as StdError;
use std::pin::Pin;
use std::task::{Context, Poll};
use titan_core::Error;
use titan_core::error::Code;

/// Counts the bytes that are sent. When it is dropped (after the last byte, or when the client has disconnected), the
/// record enters the queue. If nobody hears of the exchange, it only passes the body on.
pub struct LoggedBody {
    entry: Entry,
    body: Body,
}

impl LoggedBody {
    pub(super) fn new(entry: Entry, body: Body) -> Self {
        Self { entry, body }
    }
}

fn note(record: &mut Record, body: &Body, polled: &Poll<Option<Result<Frame<Bytes>, BodyError>>>) {
    match polled {
        Poll::Ready(Some(Ok(frame))) => {
            let bytes = frame.data_ref().map_or(0, Bytes::len);
            record.bytes_out += u64::try_from(bytes).unwrap_or_default();
            // hyper asks this too, and then for no further frame; nor does it after trailers.
            if body.is_end_stream() || frame.is_trailers() {
                record.aborted = None;
            }
        }
        Poll::Ready(Some(Err(error))) => broken(record, &**error),
        Poll::Ready(None) => record.aborted = None,
        Poll::Pending => {}
    }
}

/// Who broke off the answer: the upstream, or Titan, which then says why.
fn broken(record: &mut Record, error: &(dyn StdError + 'static)) {
    let cut = Cut::behind(error).map(|denial| Error::from(denial).code());
    record.aborted = Some(if cut.is_some() { Abort::Titan } else { Abort::Upstream });
    record.code = cut.map(Code::slug).or(record.code);
}

impl HttpBody for LoggedBody {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let Self { entry, body } = self.get_mut();
        let polled = Pin::new(&mut *body).poll_frame(cx);
        entry.note(|record| note(record, body, &polled));
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
