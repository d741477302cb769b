//! The span of one request, by the semantic conventions of OpenTelemetry for HTTP servers.

use http::{HeaderMap, Method, Version};
use opentelemetry::KeyValue;
use opentelemetry::trace::{Span as _, Status};
use opentelemetry_sdk::trace::Span;
use titan_edge::metrics::Part;

/// A span that ends with its request.
pub(crate) struct RequestSpan(Span);

/// The methods that a span may name. Others can be any text from a client.
const METHODS: [&str; 9] = ["CONNECT", "DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT", "TRACE"];

pub(super) fn method_name(method: &Method) -> &'static str {
    METHODS.into_iter().find(|known| *known == method.as_str()).unwrap_or("_OTHER")
}

pub(super) fn attributes(method: &Method, version: Version, is_tls: bool) -> Vec<KeyValue> {
    vec![
        KeyValue::new("http.request.method", method_name(method)),
        KeyValue::new("network.protocol.version", if version == Version::HTTP_2 { "2" } else { "1.1" }),
        KeyValue::new("url.scheme", if is_tls { "https" } else { "http" }),
    ]
}

impl RequestSpan {
    pub(super) fn new(span: Span) -> Self {
        Self(span)
    }

    /// There is an answer.
    pub(crate) fn answered(&mut self, part: Part, status: http::StatusCode, headers: &HeaderMap) {
        self.0.set_attribute(KeyValue::new("titan.part", part.name()));
        self.0.set_attribute(KeyValue::new("http.response.status_code", i64::from(status.as_u16())));
        // The log and the access log have it, too.
        if let Some(id) = headers.get("x-request-id").and_then(|id| id.to_str().ok()) {
            self.0.set_attribute(KeyValue::new("titan.request_id", id.to_owned()));
        }
        if status.is_server_error() {
            self.0.set_attribute(KeyValue::new("error.type", status.as_str().to_owned()));
            self.0.set_status(Status::error(""));
        }
    }

    /// The client left before there was an answer.
    pub(crate) fn left(&mut self, part: Part) {
        self.0.set_attribute(KeyValue::new("titan.part", part.name()));
        self.0.set_attribute(KeyValue::new("error.type", "client_left"));
    }
}
