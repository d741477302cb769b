//! Traces: a span for each request, sent to a collector by OTLP (`docs/metrics.md#traces`).
//!
//! ```text
//! request → span (sampled) → bounded queue → a thread of its own → POST /v1/traces
//! ```
//!
//! A span contains no path, no query, no address and no credential: only the route's part, the method and the status.

mod export;
mod span;

pub(crate) use export::SpanResult;
pub(crate) use span::RequestSpan;

use anyhow::{Context, Result, bail};
use export::{Bounded, Collector, Counted, SpanCounts};
use http::{HeaderMap, HeaderValue, Method, Version};
use opentelemetry::propagation::TextMapPropagator;
use opentelemetry::trace::{Span, SpanKind, TraceContextExt, Tracer, TracerProvider};
use opentelemetry::{Context as OtelContext, KeyValue};
use opentelemetry_http::{HeaderExtractor, HeaderInjector};
use opentelemetry_otlp::{SpanExporter, WithExportConfig, WithHttpConfig};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::propagation::TraceContextPropagator;
use opentelemetry_sdk::trace::{BatchSpanProcessor, Sampler, SdkTracer, SdkTracerProvider};
use std::sync::Arc;
use std::time::Duration;

const TRACESTATE: &str = "tracestate";
/// How long the last spans may take at the end of the program.
const LAST_SPANS: Duration = Duration::from_secs(2);

/// Where spans go, and how many.
#[derive(Clone, Debug)]
pub struct TraceSettings {
    endpoint: String,
    ratio: f64,
}

impl TraceSettings {
    /// Reads the URL of a collector, and the part of the traces that begin here which is kept.
    pub fn parse(endpoint: Option<&str>, ratio: f64) -> Result<Option<Self>> {
        if !(0.0..=1.0).contains(&ratio) {
            bail!("otlp_sample_ratio: must be 0 to 1");
        }
        let Some(endpoint) = endpoint else { return Ok(None) };
        let uri: http::Uri = endpoint.parse().with_context(|| format!("otlp_endpoint: `{endpoint}`"))?;
        if !matches!(uri.scheme_str(), Some("http" | "https")) || uri.query().is_some() {
            bail!("otlp_endpoint: must have the form http://host:4318 or https://host:4318");
        }
        Ok(Some(Self { endpoint: endpoint.trim_end_matches('/').to_owned(), ratio }))
    }
}

/// Makes spans.
pub(crate) struct Traces {
    provider: SdkTracerProvider,
    tracer: SdkTracer,
    propagator: TraceContextPropagator,
    counts: Arc<SpanCounts>,
}

impl Traces {
    /// Starts the thread that sends. Nothing is sent yet, so a collector that is down is no error.
    pub(crate) fn start(settings: &TraceSettings) -> Result<Self> {
        let counts = Arc::<SpanCounts>::default();
        let exporter = SpanExporter::builder()
            .with_http()
            .with_http_client(Collector::new(&settings.endpoint))
            .with_endpoint(format!("{}/v1/traces", settings.endpoint))
            .build()
            .context("otlp_endpoint")?;
        let processor = BatchSpanProcessor::builder(Counted::new(exporter, Arc::clone(&counts))).build();
        let resource = Resource::builder_empty()
            .with_service_name("titan")
            .with_attribute(KeyValue::new("service.version", env!("CARGO_PKG_VERSION")));
        let sampler = Sampler::ParentBased(Box::new(Sampler::TraceIdRatioBased(settings.ratio)));
        let provider = SdkTracerProvider::builder()
            .with_span_processor(Bounded::new(processor, Arc::clone(&counts)))
            .with_sampler(sampler)
            .with_resource(resource.build())
            .build();
        let tracer = provider.tracer("titan");
        Ok(Self { provider, tracer, propagator: TraceContextPropagator::new(), counts })
    }

    /// Begins the span of a request. From now on, it is the parent of what the request causes.
    pub(crate) fn begin(
        &self,
        method: &Method,
        version: Version,
        is_tls: bool,
        headers: &mut HeaderMap,
    ) -> RequestSpan {
        // Not the context of the thread: a request is not part of what else runs there.
        let nothing = OtelContext::new();
        let caller = self.propagator.extract_with_context(&nothing, &HeaderExtractor(headers));
        let attributes = span::attributes(method, version, is_tls);
        let builder = self.tracer.span_builder(span::method_name(method)).with_kind(SpanKind::Server);
        let span = self.tracer.build_with_context(builder.with_attributes(attributes), &caller);
        let here = nothing.with_remote_span_context(span.span_context().clone());
        self.propagator.inject_context(&here, &mut HeaderInjector(headers));
        if headers.get(TRACESTATE).is_some_and(HeaderValue::is_empty) {
            headers.remove(TRACESTATE);
        }
        RequestSpan::new(span)
    }

    /// How many spans had this result.
    pub(crate) fn count(&self, result: SpanResult) -> u64 {
        self.counts.read(result)
    }

    /// Sends the last spans.
    pub(crate) fn close(&self) {
        if let Err(error) = self.provider.shutdown_with_timeout(LAST_SPANS) {
            tracing::warn!(%error, "the last spans were not sent");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_endpoint_is_the_url_of_a_collector() {
        let parse = |endpoint| TraceSettings::parse(Some(endpoint), 1.0);
        assert_eq!(parse("http://collector:4318/").unwrap().unwrap().endpoint, "http://collector:4318");
        for bad in ["", "collector:4318", "ftp://a", "http://a/?x=1", "/v1/traces"] {
            assert!(parse(bad).is_err(), "{bad}");
        }
        assert!(TraceSettings::parse(None, 1.0).unwrap().is_none());
        for bad in [-0.1, 1.1, f64::NAN, f64::INFINITY] {
            assert!(TraceSettings::parse(None, bad).is_err(), "{bad}");
        }
    }
}
