//! The bytes of a socket, counted.

use super::activity::Activity;
use super::connections::Place;
use std::io::{Error, IoSlice, Result};
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use titan_edge::write_as_one;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

/// A socket and its place among the connections. It keeps the place while it is open, also after a switch to WebSocket.
pub(super) struct Counted {
    socket: TcpStream,
    place: Place,
}

impl Counted {
    pub(super) fn new(socket: TcpStream, place: Place) -> Self {
        Self { socket, place }
    }

    /// The first byte that arrives; a later read returns it again. None: the client sends nothing more.
    pub(super) async fn peek(&self) -> Option<u8> {
        let mut first = [0];
        self.socket.peek(&mut first).await.ok().filter(|length| *length == 1).map(|_| first[0])
    }

    fn count_written(&self, polled: &Poll<Result<usize>>) {
        match polled {
            Poll::Ready(Ok(bytes)) => self.activity().wrote(*bytes),
            Poll::Ready(Err(_)) => {}
            Poll::Pending => self.activity().blocked(),
        }
    }

    fn activity(&self) -> &Activity {
        self.place.activity()
    }
}

impl AsyncRead for Counted {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<Result<()>> {
        let before = buf.filled().len();
        ready!(Pin::new(&mut self.socket).poll_read(cx, buf))?;
        if self.activity().may_read(buf.filled().len() - before) {
            return Poll::Ready(Ok(()));
        }
        Poll::Ready(Err(Error::other("too much was sent that belongs to no request")))
    }
}

impl AsyncWrite for Counted {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<Result<usize>> {
        let polled = Pin::new(&mut self.socket).poll_write(cx, bytes);
        self.count_written(&polled);
        polled
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        pieces: &[IoSlice<'_>],
    ) -> Poll<Result<usize>> {
        let as_one = write_as_one(pieces, |bytes| Pin::new(&mut self.socket).poll_write(cx, bytes));
        let polled = match as_one {
            Some(polled) => polled,
            None => Pin::new(&mut self.socket).poll_write_vectored(cx, pieces),
        };
        self.count_written(&polled);
        polled
    }

    fn is_write_vectored(&self) -> bool {
        self.socket.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<()>> {
        Pin::new(&mut self.socket).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<()>> {
        Pin::new(&mut self.socket).poll_shutdown(cx)
    }
}
