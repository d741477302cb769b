//! `/metrics`: the numbers of this process, in the formats of Prometheus (`docs/metrics.md`).
//!
//! Nothing is collected until somebody asks. Then the sets of the workers are added up, and the other numbers are read from
//! where they are.

mod instance;
mod page;
mod process;
mod requests;

use crate::failures::Failures;
use crate::traces::Traces;
use http::HeaderValue;
use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use page::Page;
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, prometheus_text, text};
use prometheus_client::registry::Registry;
use std::fmt;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use titan_api::Exposition;
use titan_core::port::Store;
use titan_edge::access_log::AccessLog;
use titan_edge::metrics::EdgeMetrics;
use titan_edge::usage::Usage;
use titan_edge::{Body, Follower};

const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// Where the numbers are.
pub(crate) struct Sources {
    pub(crate) follower: Arc<Follower>,
    pub(crate) store: Arc<dyn Store>,
    pub(crate) failures: Arc<Failures>,
    pub(crate) access_log: Option<Arc<AccessLog>>,
    pub(crate) traces: Option<Arc<Traces>>,
    pub(crate) usage: Option<Arc<Usage>>,
    /// One set for each worker.
    workers: Mutex<Vec<Arc<EdgeMetrics>>>,
    connections: OnceLock<CountConnections>,
}

/// How many connections are open at each port, and how many there were since the start.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct ConnectionCounts {
    pub(crate) control: u64,
    pub(crate) metrics: u64,
    pub(crate) public: u64,
    pub(crate) accepted: u64,
    /// Closed to make room for another one.
    pub(crate) given_up: u64,
    /// Not accepted.
    pub(crate) refused: u64,
}

/// Counts them now.
type CountConnections = Box<dyn Fn() -> ConnectionCounts + Send + Sync>;

/// Writes all numbers.
pub(crate) struct Metrics {
    sources: Arc<Sources>,
    registry: Registry,
}

impl Sources {
    pub(crate) fn new(
        follower: Arc<Follower>,
        store: Arc<dyn Store>,
        failures: Arc<Failures>,
        access_log: Option<Arc<AccessLog>>,
        traces: Option<Arc<Traces>>,
        usage: Option<Arc<Usage>>,
    ) -> Self {
        let (workers, connections) = (Mutex::default(), OnceLock::new());
        Self { follower, store, failures, access_log, traces, usage, workers, connections }
    }

    fn workers(&self) -> Vec<Arc<EdgeMetrics>> {
        self.workers.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Metrics {
    pub(crate) fn new(sources: Sources) -> Self {
        let (sources, mut registry) = (Arc::new(sources), Registry::default());
        registry.register_collector(Box::new(Arc::clone(&sources)));
        Self { sources, registry }
    }

    /// The set of another worker.
    pub(crate) fn worker(&self) -> Arc<EdgeMetrics> {
        let worker = Arc::<EdgeMetrics>::default();
        self.sources.workers.lock().unwrap_or_else(PoisonError::into_inner).push(Arc::clone(&worker));
        worker
    }

    /// Who counts the connections, once there can be some.
    pub(crate) fn watch(&self, count: impl Fn() -> ConnectionCounts + Send + Sync + 'static) {
        // A second server of the same program has the same.
        let _ = self.sources.connections.set(Box::new(count));
    }

    /// All numbers, in a format that `Accept` names. Prometheus asks for `OpenMetrics` first.
    pub(crate) fn expose(&self, accept: Option<&str>) -> Exposition {
        let (mut out, is_open) = (String::new(), accept.is_some_and(|accept| accept.contains("openmetrics")));
        let (content_type, written) = if is_open {
            (OPEN_METRICS, text::encode(&mut out, &self.registry))
        } else {
            (prometheus_text::CONTENT_TYPE, prometheus_text::encode(&mut out, &self.registry))
        };
        // Writing to a text cannot fail.
        if written.is_err() {
            tracing::error!("the metrics cannot be written");
        }
        Exposition { content_type, text: out }
    }

    /// The same as an answer.
    pub(crate) fn response(&self, accept: Option<&HeaderValue>) -> http::Response<Body> {
        let Exposition { content_type, text } = self.expose(accept.and_then(|value| value.to_str().ok()));
        let mut response = http::Response::new(Body::from(text));
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        response
    }
}

impl Collector for Sources {
    fn encode(&self, encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let mut page = Page::new(encoder);
        requests::write(&mut page, &self.workers())?;
        instance::write(&mut page, self)?;
        process::write(&mut page)
    }
}

impl fmt::Debug for Sources {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Sources")
    }
}
