//! The body of an answer on its way from the upstream to the client.

use super::pool::Checkout;
use crate::body_error::BodyError;
use crate::watch::{CredentialWatch, Cut};
use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;
use std::pin::Pin;
use std::task::{Context, Poll};

/// A body that drives its own connection, and returns it to the pool at its end.
///
/// If it is dropped before its end, it drops the connection, because nobody reads the rest of the answer.
pub struct Relay {
    body: Incoming,
    /// `None` at the end, and for a connection with a task of its own.
    checkout: Option<Checkout>,
    /// In a box: it is large, and an answer is copied a few times on its way to the connection.
    watch: Box<CredentialWatch>,
    /// How many pieces came without a pause. A watch of a short answer need not begin.
    pieces: u32,
}

/// From so many pieces on, an answer is long.
const MANY: u32 = 16;

impl Relay {
    pub(super) fn new(body: Incoming, checkout: Option<Checkout>, watch: CredentialWatch) -> Self {
        Self { body, checkout, watch: Box::new(watch), pieces: 0 }
    }

    /// Whether the answer must be cut now.
    fn poll_cut(&mut self, is_waiting: bool, context: &mut Context<'_>) -> Poll<Cut> {
        self.pieces += 1;
        if is_waiting || self.pieces > MANY { self.watch.poll_cut(context) } else { Poll::Pending }
    }

    fn poll_body(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        let polled = Pin::new(&mut self.body).poll_frame(context);
        match &mut self.checkout {
            // The body waits for more bytes. Now the connection reads them.
            Some(checkout) if polled.is_pending() => {
                let _ = checkout.link.drive(context);
                Pin::new(&mut self.body).poll_frame(context)
            }
            _ => polled,
        }
    }
}

impl Body for Relay {
    type Data = Bytes;
    type Error = BodyError;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let this = self.get_mut();
        let polled = this.poll_body(context);
        if let Poll::Ready(cut) = this.poll_cut(polled.is_pending(), context) {
            // With it goes the connection to the upstream.
            this.checkout = None;
            return Poll::Ready(Some(Err(cut.into())));
        }
        let is_over = match &polled {
            Poll::Ready(None) => true,
            Poll::Ready(Some(Ok(_))) => this.body.is_end_stream(),
            Poll::Ready(Some(Err(_))) | Poll::Pending => false,
        };
        if let Some(checkout) = this.checkout.take_if(|_| is_over) {
            checkout.give_back(context);
        }
        polled.map_err(Into::into)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
