//! One request of a connection, and the answer until it is sent.

use super::activity::{Activity, Exchange};
use super::running::Running;
use super::worker::Worker;
use crate::dispatch::Client;
use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body::{Body as HttpBody, Frame, SizeHint};
use hyper::body::Incoming;
use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;
use titan_edge::access_log::LoggedBody;
use titan_edge::{Arrivals, RequestBody};

/// Answers a request. If the connection was given up at this moment, the request does not start, and waits for the end
/// of the connection.
pub(super) async fn answer(
    worker: Arc<Worker>,
    request: Request<Incoming>,
    client: Arc<Client>,
    exchange: Option<Exchange>,
) -> Result<Response<Answer>, Infallible> {
    let Some(exchange) = exchange else { return std::future::pending().await };
    let mut request = request.map(|body| guarded(body, &exchange, worker.limits.body_timeout));
    let mut running = Running::begin(worker);
    running.trace(&mut request, &client);
    let response = running.worker.dispatcher.handle(request, &client, running.began, &mut running.part).await;
    running.answered(&response);
    if response.status() == StatusCode::SWITCHING_PROTOCOLS {
        exchange.activity().become_tunnel();
    }
    Ok(response.map(|body| Answer::new(body, exchange, running)))
}

fn guarded(body: Incoming, exchange: &Exchange, pause: Duration) -> RequestBody {
    if body.is_end_stream() {
        return RequestBody::new(body, pause, None);
    }
    let arrivals: Arc<dyn Arrivals> = Arc::<Activity>::clone(exchange.activity());
    RequestBody::new(body, pause, Some(arrivals))
}

/// The body of an answer. Its request counts as running until the body is sent or dropped.
pub(super) struct Answer {
    body: LoggedBody,
    exchange: Exchange,
    #[expect(dead_code, reason = "only its end is noticed")]
    running: Running,
    /// Whether a piece is ready that the connection should take. Otherwise there is no piece yet.
    is_waiting: bool,
}

impl Answer {
    fn new(body: LoggedBody, exchange: Exchange, running: Running) -> Self {
        exchange.activity().count_waiting(true);
        Self { body, exchange, running, is_waiting: true }
    }

    fn set_waiting(&mut self, is_waiting: bool) {
        if self.is_waiting != is_waiting {
            self.is_waiting = is_waiting;
            self.exchange.activity().count_waiting(is_waiting);
        }
    }
}

impl Drop for Answer {
    fn drop(&mut self) {
        self.set_waiting(false);
    }
}

impl HttpBody for Answer {
    type Data = Bytes;
    type Error = <LoggedBody as HttpBody>::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        let polled = Pin::new(&mut self.body).poll_frame(cx);
        if polled.is_ready() {
            self.exchange.activity().moved();
        }
        self.set_waiting(polled.is_ready());
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
