//! From the queue to the collector: bounded, counted, and on a thread of its own.

use crate::pem::provider;
use async_trait::async_trait;
use opentelemetry::Context;
use opentelemetry_http::{Bytes, HttpClient, HttpError, Request, Response};
use opentelemetry_otlp::SpanExporter;
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::trace::{BatchSpanProcessor, Span, SpanData, SpanProcessor};
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use titan_edge::metrics::Counters;
pub(crate) use titan_edge::metrics::SpanResult;
use ureq::Agent;
use ureq::tls::{Certificate, RootCerts, TlsConfig};

/// How many spans may wait. It is the size of the processor's queue: what is behind it would be dropped without a count.
const MOST: usize = 2048;
/// How long a collector may take.
const PATIENCE: Duration = Duration::from_secs(5);
/// Nobody reads what a collector says beyond this.
const LONGEST_ANSWER: u64 = 64 * 1024;

/// What became of spans.
#[derive(Default)]
pub(super) struct SpanCounts {
    results: Counters<SpanResult>,
    waiting: AtomicUsize,
}

impl SpanCounts {
    pub(super) fn read(&self, result: SpanResult) -> u64 {
        self.results.read(result)
    }

    /// Whether there is room for one more.
    fn enter(&self) -> bool {
        let has_room = self.waiting.fetch_add(1, Ordering::Relaxed) < MOST;
        if !has_room {
            self.waiting.fetch_sub(1, Ordering::Relaxed);
            self.results.add(SpanResult::Dropped);
        }
        has_room
    }

    fn leave(&self, spans: usize, is_sent: bool) {
        let result = if is_sent { SpanResult::Sent } else { SpanResult::Failed };
        (0..spans).for_each(|_| self.results.add(result));
        self.waiting.fetch_sub(spans, Ordering::Relaxed);
    }
}

impl fmt::Debug for SpanCounts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SpanCounts")
    }
}

/// Drops and counts the spans for which there is no room.
#[derive(Debug)]
pub(super) struct Bounded {
    inner: BatchSpanProcessor,
    counts: Arc<SpanCounts>,
}

impl Bounded {
    pub(super) fn new(inner: BatchSpanProcessor, counts: Arc<SpanCounts>) -> Self {
        Self { inner, counts }
    }
}

impl SpanProcessor for Bounded {
    fn on_start(&self, span: &mut Span, context: &Context) {
        self.inner.on_start(span, context);
    }

    fn on_end(&self, span: SpanData) {
        if self.counts.enter() {
            self.inner.on_end(span);
        }
    }

    fn force_flush(&self) -> OTelSdkResult {
        self.inner.force_flush()
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.inner.shutdown_with_timeout(timeout)
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.inner.set_resource(resource);
    }
}

/// Counts what was sent.
#[derive(Debug)]
pub(super) struct Counted {
    inner: SpanExporter,
    counts: Arc<SpanCounts>,
}

impl Counted {
    pub(super) fn new(inner: SpanExporter, counts: Arc<SpanCounts>) -> Self {
        Self { inner, counts }
    }
}

impl opentelemetry_sdk::trace::SpanExporter for Counted {
    async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
        let spans = batch.len();
        let sent = self.inner.export(batch).await;
        self.counts.leave(spans, sent.is_ok());
        sent.inspect_err(|error| tracing::debug!(%error, "spans were not sent"))
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.inner.shutdown_with_timeout(timeout)
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.inner.set_resource(resource);
    }
}

/// The HTTP client of the commands, which blocks: the thread that sends has nothing else to do.
pub(super) struct Collector(Agent);

impl Collector {
    pub(super) fn new(endpoint: &str) -> Self {
        let config = Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .timeout_global(Some(PATIENCE))
            .user_agent(concat!("titan/", env!("CARGO_PKG_VERSION")));
        // The machine's store takes a moment to read.
        let config = if endpoint.starts_with("https:") { config.tls_config(tls()) } else { config };
        Self(config.build().into())
    }
}

fn tls() -> TlsConfig {
    let roots = rustls_native_certs::load_native_certs().certs;
    let roots: Vec<_> = roots.iter().map(|der| Certificate::from_der(der).to_owned()).collect();
    let roots = RootCerts::Specific(Arc::new(roots));
    TlsConfig::builder().unversioned_rustls_crypto_provider(provider()).root_certs(roots).build()
}

impl fmt::Debug for Collector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Collector")
    }
}

#[async_trait]
impl HttpClient for Collector {
    async fn send_bytes(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let (head, body) = request.into_parts();
        let answer = self.0.run(Request::from_parts(head, body.as_ref()))?;
        let (head, mut body) = answer.into_parts();
        let body = body.with_config().limit(LONGEST_ANSWER).read_to_vec()?;
        Ok(Response::from_parts(head, body.into()))
    }
}
