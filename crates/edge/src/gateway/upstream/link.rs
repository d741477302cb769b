//! One connection to an upstream, without a task of its own.

use super::stream::Stream;
use super::upload::Upload;
use http::{Request, Response};
use hyper::body::Incoming;
use hyper::client::conn::TrySendError;
use hyper::client::conn::http1::{Builder, SendRequest};
use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::task::{Context, Poll};

/// hyper's state machine of a connection, which can be upgraded. Its own type has no public name.
type Driver = Pin<Box<dyn Future<Output = hyper::Result<()>> + Send>>;

/// A connection, and what moves its bytes.
///
/// hyper expects that a task polls the connection. Here the request that uses the connection polls it, so the
/// answer wakes one task and not two: that is a tenth of what a proxied request costs (`docs/adr/0013`).
pub(super) struct Link {
    sender: SendRequest<Upload>,
    /// `None` once the connection has ended.
    driver: Option<Driver>,
}

impl Link {
    /// HTTP/1.1 over an open stream.
    pub(super) async fn open(stream: Stream) -> hyper::Result<Self> {
        let (sender, driver) = Builder::new().handshake(stream).await?;
        Ok(Self { sender, driver: Some(Box::pin(driver.with_upgrades())) })
    }

    /// Reads and writes what can be read and written now. Ready once the connection has ended.
    pub(super) fn drive(&mut self, context: &mut Context<'_>) -> Poll<()> {
        let Some(driver) = &mut self.driver else { return Poll::Ready(()) };
        match driver.as_mut().poll(context) {
            Poll::Pending => Poll::Pending,
            // An error reaches the request that waits for the answer, or the body of the answer.
            Poll::Ready(_) => {
                self.driver = None;
                Poll::Ready(())
            }
        }
    }

    /// Whether another request can follow.
    pub(super) fn is_ready(&self) -> bool {
        self.driver.is_some() && self.sender.is_ready()
    }

    /// Sends a request and waits for the head of its answer. A request of which nothing was sent comes back in the
    /// error.
    pub(super) async fn send(
        &mut self,
        request: Request<Upload>,
    ) -> Result<Response<Incoming>, TrySendError<Request<Upload>>> {
        let mut answer = pin!(self.sender.try_send_request(request));
        poll_fn(|context| {
            let _ = self.drive(context);
            answer.as_mut().poll(context)
        })
        .await
    }

    /// Goes on in a task of its own until the exchange is over. No other request follows.
    pub(super) fn detach(self) {
        if let Some(driver) = self.driver {
            tokio::spawn(async move {
                // Whoever reads or writes the body meets the error, too.
                let _ = driver.await;
            });
        }
    }
}
