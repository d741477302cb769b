//! Which part of Titan answers a request.

mod part;
mod request_id;

pub(crate) use part::{Port, is_own};

use crate::failures::Failures;
use crate::metrics::Metrics;
use crate::telemetry::loggable;
use crate::traces::{RequestSpan, Traces};
use axum::Router;
use http::header::{ACCEPT, ALLOW};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Response, StatusCode};
use part::{HEALTH, Part};
use request_id::{hex, numbered};
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;
use titan_console::Pages;
use titan_core::access::Origin;
use titan_core::entropy::{Entropy, random};
use titan_core::error::Code;
use titan_core::policy::Style;
use titan_core::{Error, Failure};
use titan_edge::access_log::{Entry, LoggedBody, Sinks};
use titan_edge::envoy::{Checked, Question};
use titan_edge::gateway::Peer;
use titan_edge::metrics::{self, EdgeMetrics};
use titan_edge::verify::Verifier;
use titan_edge::{Body, ForwardAuth, Gateway, RequestBody, TrustedProxies, error_response};
use tower::ServiceExt;

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Who is connected, and where.
#[derive(Debug)]
pub(crate) struct Client {
    pub(crate) peer: Peer,
    pub(crate) port: Port,
}

/// What answers requests.
pub(crate) struct Parts {
    pub(crate) router: Router,
    /// `None`: it is switched off.
    pub(crate) console: Option<Pages>,
    pub(crate) verifier: Verifier,
    pub(crate) gateway: Gateway,
    pub(crate) forward_auth: ForwardAuth,
}

/// Sends each request to the part that answers it.
pub(crate) struct Dispatcher {
    parts: Parts,
    failures: Arc<Failures>,
    sinks: Sinks,
    /// All metrics, and those of this worker.
    metrics: (Arc<Metrics>, Arc<EdgeMetrics>),
    traces: Option<Arc<Traces>>,
    trusted_proxies: TrustedProxies,
    /// Request ids: random for each worker, as text, and counted.
    id_prefix: [u8; 16],
    id_count: AtomicU64,
}

impl Dispatcher {
    pub(crate) fn new(
        parts: Parts,
        failures: Arc<Failures>,
        sinks: Sinks,
        metrics: (Arc<Metrics>, Arc<EdgeMetrics>),
        traces: Option<Arc<Traces>>,
        trusted_proxies: TrustedProxies,
        entropy: &dyn Entropy,
    ) -> Self {
        let id_prefix = hex(random(entropy));
        let id_count = AtomicU64::new(0);
        Self { parts, failures, sinks, metrics, traces, trusted_proxies, id_prefix, id_count }
    }

    /// The span of a request, if requests are traced. The metrics' own port is not.
    pub(crate) fn begin_span(
        &self,
        request: &mut Request<RequestBody>,
        client: &Client,
    ) -> Option<Box<RequestSpan>> {
        let traces = self.traces.as_ref().filter(|_| client.port != Port::Metrics)?;
        let (method, version) = (request.method().clone(), request.version());
        Some(Box::new(traces.begin(&method, version, client.peer.is_tls, request.headers_mut())))
    }

    /// What this worker counts.
    pub(crate) fn metrics(&self) -> &EdgeMetrics {
        &self.metrics.1
    }

    /// The whole exchange of a request that arrived at `began`. `counted` gets the part that answers.
    pub(crate) async fn handle(
        &self,
        request: Request<RequestBody>,
        client: &Client,
        began: Instant,
        counted: &mut metrics::Part,
    ) -> Response<LoggedBody> {
        let Client { peer, port } = client;
        let request_id = self.request_id(request.headers());
        let destination = part::at(request.uri().path(), *port, self.parts.console.is_some());
        *counted = destination.counted();
        let source = self.client(request.headers(), peer.address);
        let mut entry = self.entry(&destination, &request, began, source, &request_id);
        let mut response = match destination {
            Part::Check => return Box::pin(self.check(request, peer, began)).await,
            Part::Verify => self.parts.verifier.handle(request, &mut entry).await,
            Part::ForwardAuth(proxy) => {
                Box::pin(self.parts.forward_auth.handle(proxy, &request, &mut entry)).await
            }
            // In a box: it is large and rare, and every other request would be as large as the largest.
            Part::Console | Part::ControlPlane => {
                let router = match (&destination, &self.parts.console) {
                    (Part::Console, Some(pages)) => pages.router(),
                    _ => self.parts.router.clone(),
                };
                Box::pin(control_plane(router, request, source, &request_id)).await
            }
            Part::Metrics => self.scrape(&request),
            Part::Nothing => error_response(&Error::not_found("page"), Style::Titan),
            Part::Gateway => self.parts.gateway.handle(request, peer, &request_id, &mut entry).await,
        };
        if response.status() == StatusCode::UNAUTHORIZED {
            Box::pin(self.failures.count(source)).await;
        }
        log_failure(&mut response, &request_id);
        response.headers_mut().insert(REQUEST_ID, request_id);
        entry.follow(response)
    }

    /// A question of Envoy. Its message has the headers of the client's request, and those say who asks.
    async fn check(
        &self,
        request: Request<RequestBody>,
        peer: &Peer,
        began: Instant,
    ) -> Response<LoggedBody> {
        let question = Question::read(request).await;
        let none = HeaderMap::new();
        let headers = question.as_ref().map_or(&none, Question::headers);
        let (request_id, source) = (self.request_id(headers), self.client(headers, peer.address));
        let mut entry = Entry::begin(&self.sinks, began, &Method::POST, source, &request_id, headers);
        let Checked { mut response, status } = self.parts.forward_auth.check(question, &mut entry).await;
        if status == StatusCode::UNAUTHORIZED {
            self.failures.count(source).await;
        }
        log_failure(&mut response, &request_id);
        response.headers_mut().insert(REQUEST_ID, request_id);
        entry.follow(response)
    }

    fn scrape(&self, request: &Request<RequestBody>) -> Response<Body> {
        // hyper sends no body with the answer to HEAD.
        if [Method::GET, Method::HEAD].contains(request.method()) {
            return self.metrics.0.response(request.headers().get(ACCEPT));
        }
        let mut response =
            error_response(&Error::new(Code::MethodNotAllowed, "method not allowed"), Style::Titan);
        response.headers_mut().insert(ALLOW, HeaderValue::from_static("GET, HEAD"));
        response
    }

    /// The request's line in the access log, and its place in what is counted. The control plane has none: its requests are in the log.
    fn entry(
        &self,
        destination: &Part,
        request: &Request<RequestBody>,
        began: Instant,
        client: IpAddr,
        request_id: &HeaderValue,
    ) -> Entry {
        match destination {
            Part::ForwardAuth(_) | Part::Gateway | Part::Verify => {
                Entry::begin(&self.sinks, began, request.method(), client, request_id, request.headers())
            }
            Part::Check | Part::Console | Part::ControlPlane | Part::Metrics | Part::Nothing => Entry::off(),
        }
    }

    /// Waits until the last WebSocket is closed.
    pub(crate) async fn tunnels_closed(&self) {
        self.parts.gateway.tunnels_closed().await;
    }

    /// Who is behind the proxies that are trusted: the last address that one of them saw.
    fn client(&self, headers: &HeaderMap, address: SocketAddr) -> IpAddr {
        let peer = address.ip().to_canonical();
        if !self.trusted_proxies.contains(peer) {
            return peer;
        }
        let chain = headers.get_all("x-forwarded-for").iter().filter_map(|value| value.to_str().ok());
        let hops: Vec<&str> = chain.flat_map(|value| value.split(',')).collect();
        // What stands before a hop that is no address, nobody who is trusted has written.
        let mut seen = hops.iter().rev().map_while(|hop| hop.trim().parse().ok());
        seen.find(|ip: &IpAddr| !self.trusted_proxies.contains(*ip)).unwrap_or(peer)
    }

    /// Taken if it is short and visible, otherwise made.
    fn request_id(&self, headers: &HeaderMap) -> HeaderValue {
        let is_good = |value: &&HeaderValue| {
            (1..=128).contains(&value.len()) && value.as_bytes().iter().all(u8::is_ascii_graphic)
        };
        headers.get(REQUEST_ID).filter(is_good).cloned().unwrap_or_else(|| {
            let count = self.id_count.fetch_add(1, Ordering::Relaxed);
            numbered(&self.id_prefix, count)
        })
    }
}

/// A request to the API or to the pages of the control plane.
async fn control_plane(
    router: Router,
    mut request: Request<RequestBody>,
    client: IpAddr,
    request_id: &HeaderValue,
) -> Response<Body> {
    let origin = Origin { ip: Some(client), request_id: request_id.to_str().unwrap_or_default().to_owned() };
    let (method, path) = (request.method().clone(), request.uri().path().to_owned());
    request.extensions_mut().insert(origin);
    let response = match router.oneshot(request).await {
        Ok(response) => response,
        Err(impossible) => match impossible {},
    };
    log_answer(&method, &path, response.status().as_u16(), request_id);
    response.map(Body::Router)
}

/// A line for a request that failed because of us, with the cause.
fn log_failure(response: &mut Response<Body>, request_id: &HeaderValue) {
    if let Some(Failure { code, cause }) = response.extensions_mut().remove() {
        tracing::error!(
            code = code.slug(),
            cause,
            request_id = loggable(request_id.to_str().unwrap_or_default()),
            "request failed"
        );
    }
}

/// A line for a request to the control plane. Whatever watches the program asks for its health all day: that is
/// at debug.
fn log_answer(method: &Method, path: &str, status: u16, request_id: &HeaderValue) {
    let (method, request_id) = (loggable(method.as_str()), loggable(request_id.to_str().unwrap_or_default()));
    if HEALTH.contains(&path) {
        tracing::debug!(method, path, status, request_id, "answered");
    } else {
        tracing::info!(method, path = loggable(path), status, request_id, "answered");
    }
}
