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

/// hyper's state machine of a connection that can be upgraded. Its own type has no public name.
type Driver = Pin<Box<dyn Future<Output = hyper::Result<()>> + Send>>;

/// A connection, and the state machine that moves its bytes.
///
/// hyper expects that a task polls the connection. Here, the request that uses the connection polls it. So an answer
/// wakes one task and not two, which saves a tenth of the cost of a proxied request (`docs/adr/0013`).
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

    /// Reads and writes as much as is possible now. Ready when the connection has ended.
    pub(super) fn drive(&mut self, context: &mut Context<'_>) -> Poll<()> {
        let Some(driver) = &mut self.driver else { return Poll::Ready(()) };
        match driver.as_mut().poll(context) {
            Poll::Pending => Poll::Pending,
            // The request that waits for the answer also gets the error, or else the body of the answer.
            Poll::Ready(_) => {
                self.driver = None;
                Poll::Ready(())
            }
        }
    }

    /// Whether the connection can take another request.
    pub(super) fn is_ready(&self) -> bool {
        self.driver.is_some() && self.sender.is_ready()
    }

    /// Sends a request and waits for the head of its answer. If nothing of the request was sent, the error contains it.
    pub(super) fn send(
        &mut self,
        request: Request<Upload>,
    ) -> impl Future<Output = Result<Response<Incoming>, TrySendError<Request<Upload>>>> {
        // The request is handed over before the future begins. Inside the future, it would be copied once more.
        let answer = self.sender.try_send_request(request);
        async move {
            let mut answer = pin!(answer);
            // The other requests of this turn come first. Then all write together, and wake the upstream once: see
            // `docs/adr/0014`.
            tokio::task::yield_now().await;
            poll_fn(|context| {
                let _ = self.drive(context);
                answer.as_mut().poll(context)
            })
            .await
        }
    }

    /// Continues in a task of its own until the exchange is over. No other request can use this connection.
    pub(super) fn detach(self) {
        if let Some(driver) = self.driver {
            tokio::spawn(async move {
                // The code that reads or writes the body gets the same error.
                let _ = driver.await;
            });
        }
    }
}
