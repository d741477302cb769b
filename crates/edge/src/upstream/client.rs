//! Sending a request to an upstream.

use super::connect::Connector;
use super::pool::{Checkout, Pool};
use super::upload::{Progress, Upload};
use super::{Relay, Upstream};
use crate::RequestBody;
use crate::access_log::Entry;
use crate::body_error::BodyError;
use crate::metrics::{Asking, EdgeMetrics, Link};
use crate::watch::{CredentialWatch, Cut};
use http::header::{HOST, TRANSFER_ENCODING};
use http::uri::PathAndQuery;
use http::{HeaderValue, Request, Response, StatusCode, Uri};
use http_body::Body as _;
use hyper::body::Incoming;
use std::error::Error as StdError;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;
use titan_core::Error;
use titan_core::error::Code;
use titan_core::wire::BodyTimeout;

/// Sends requests to upstreams, and reuses connections.
pub(crate) struct Client {
    connector: Connector,
    pool: Arc<Pool>,
    answer_timeout: Duration,
    metrics: Arc<EdgeMetrics>,
}

/// Why there is no answer.
enum Failure {
    /// The connection broke.
    Broken(BodyError),
    /// The upstream took too long.
    Slow(BodyError),
    /// The connection had ended before anything was sent.
    Unsent(Box<Request<Upload>>),
}

impl Client {
    pub(crate) fn new(
        connect_timeout: Duration,
        answer_timeout: Duration,
        metrics: Arc<EdgeMetrics>,
    ) -> Self {
        Self { connector: Connector::new(connect_timeout), pool: Pool::start(), answer_timeout, metrics }
    }

    /// Sends a request for `target`. The error is 502 if the upstream is unreachable or breaks off, and 504 if it is
    /// slow.
    pub(crate) async fn send(
        &self,
        upstream: &Upstream,
        target: PathAndQuery,
        request: Request<RequestBody>,
        watch: impl Fn() -> CredentialWatch,
        entry: &mut Entry,
    ) -> Result<Response<Relay>, Error> {
        let progress = (!request.body().is_end_stream()).then(Arc::<Progress>::default);
        entry.uploads(progress.as_ref());
        let upload = progress.clone().map(|progress| (progress, watch()));
        let request = outgoing(upstream, target, request, upload);
        let mut asking = self.metrics.ask();
        let answer = self.exchange(upstream, request, progress.as_deref(), &mut asking).await;
        entry.answered(asking.end(&answer));
        answer.map(|(answer, checkout)| relay(answer, checkout, watch(), progress.as_deref()))
    }

    async fn exchange(
        &self,
        upstream: &Upstream,
        mut request: Request<Upload>,
        progress: Option<&Progress>,
        asking: &mut Asking<'_>,
    ) -> Result<(Response<Incoming>, Checkout), Error> {
        loop {
            asking.is_connected = false;
            let mut checkout = self.connection(upstream).await?;
            asking.is_connected = true;
            match self.answer(&mut checkout, request, progress).await {
                Ok(answer) => return Ok((answer, checkout)),
                // Each turn takes another connection out of the pool, and then opens a new one. So this ends.
                Err(Failure::Unsent(again)) => request = *again,
                Err(Failure::Broken(cause)) => return Err(failed(upstream, cause)),
                Err(Failure::Slow(cause)) => return Err(timed_out(upstream, cause)),
            }
        }
    }

    async fn connection(&self, upstream: &Upstream) -> Result<Checkout, Error> {
        if let Some(checkout) = self.pool.take(upstream.id) {
            self.metrics.upstream_links.add(Link::Reused);
            return Ok(checkout);
        }
        // In a box, because it is rare and large.
        let opened = Box::pin(self.connector.open(&upstream.address)).await;
        let link = opened.map_err(|cause| failed(upstream, Unsent(cause).into()))?;
        self.metrics.upstream_links.add(Link::Opened);
        Ok(self.pool.checkout(upstream.id, link))
    }

    /// Waits for the head of the answer. While the client still sends, the upstream does not count as slow.
    async fn answer(
        &self,
        checkout: &mut Checkout,
        request: Request<Upload>,
        progress: Option<&Progress>,
    ) -> Result<Response<Incoming>, Failure> {
        let mut answering = std::pin::pin!(checkout.link.send(request));
        loop {
            match tokio::time::timeout(self.answer_timeout, answering.as_mut()).await {
                Ok(Ok(answer)) => return Ok(answer),
                Ok(Err(mut error)) => {
                    let unsent = error.take_message().map(|request| Failure::Unsent(Box::new(request)));
                    return Err(unsent.unwrap_or_else(|| Failure::Broken(error.into_error().into())));
                }
                Err(_) if progress.is_some_and(Progress::take_moved) => {}
                Err(elapsed) => return Err(Failure::Slow(elapsed.into())),
            }
        }
    }
}

/// The request for the upstream: its target is a path (RFC 9112, 3.2.1), and `Host` is the upstream's.
fn outgoing(
    upstream: &Upstream,
    target: PathAndQuery,
    mut request: Request<RequestBody>,
    upload: Option<(Arc<Progress>, CredentialWatch)>,
) -> Request<Upload> {
    *request.uri_mut() = Uri::from(target);
    request.headers_mut().insert(HOST, upstream.address.host.clone());
    // hyper sends no body of unknown length with a GET unless a header says that there is one.
    if upload.is_some() && request.body().size_hint().exact().is_none() {
        request.headers_mut().insert(TRANSFER_ENCODING, HeaderValue::from_static("chunked"));
    }
    request.map(|body| match upload {
        Some((progress, watch)) => Upload::new(body, progress, watch),
        None => Upload::empty(),
    })
}

/// The answer. Usually its body drives the connection. In two cases the connection gets a task of its own instead: for
/// an unfinished upload, because the client may read nothing before it has sent everything; and for a WebSocket, which
/// continues after the answer.
fn relay(
    answer: Response<Incoming>,
    checkout: Checkout,
    watch: CredentialWatch,
    progress: Option<&Progress>,
) -> Response<Relay> {
    let is_switch = answer.status() == StatusCode::SWITCHING_PROTOCOLS;
    if is_switch || progress.is_some_and(|progress| !progress.is_over()) {
        checkout.link.detach();
        return answer.map(|body| Relay::new(body, None, watch));
    }
    answer.map(|body| Relay::new(body, Some(checkout), watch))
}

fn failed(upstream: &Upstream, cause: BodyError) -> Error {
    if BodyTimeout::is_behind(&*cause) {
        return BodyTimeout.into();
    }
    if let Some(denial) = Cut::behind(&*cause) {
        return denial.into();
    }
    if is_timeout(&*cause) {
        return timed_out(upstream, cause);
    }
    Error::new(Code::UpstreamUnreachable, "upstream unreachable")
        .caused_by(Failed(upstream.address.to_string(), cause))
}

fn timed_out(upstream: &Upstream, cause: BodyError) -> Error {
    Error::new(Code::UpstreamTimeout, "upstream timed out")
        .caused_by(Failed(upstream.address.to_string(), cause))
}

/// Whether the upstream may have seen something of the request that failed so.
pub(crate) fn was_sent(error: &Error) -> bool {
    !std::iter::successors(error.source(), |&error| error.source()).any(<dyn StdError>::is::<Unsent>)
}

/// Before a byte of the request was sent.
#[derive(Debug)]
struct Unsent(BodyError);

impl fmt::Display for Unsent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl StdError for Unsent {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.0.source()
    }
}

/// Which upstream failed, and why: for the log.
#[derive(Debug)]
struct Failed(String, BodyError);

impl fmt::Display for Failed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "upstream {}", self.0)
    }
}

impl StdError for Failed {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        let cause: &(dyn StdError + 'static) = &*self.1;
        Some(cause)
    }
}

fn is_timeout(error: &(dyn StdError + 'static)) -> bool {
    let is_timed_out = |error: &std::io::Error| error.kind() == std::io::ErrorKind::TimedOut;
    std::iter::successors(Some(error), |&error| error.source())
        .any(|cause| cause.downcast_ref().is_some_and(is_timed_out))
}
