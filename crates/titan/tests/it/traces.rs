//! Traces, as a collector gets them.

use crate::support::TestApp;
use crate::support::app::MASTER_KEY;
use crate::support::hex::hex;
use axum::Router;
use axum::extract::State;
use axum::routing::post;
use bytes::Bytes;
use http::StatusCode;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::trace::v1::Span;
use prost::Message;
use serde_json::json;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::net::TcpListener;

const SESSIONS: &str = "/api/sessions";
const CALLER: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331";

type Got = Arc<Mutex<Vec<Bytes>>>;

/// A collector that keeps what it gets.
struct Collector {
    address: SocketAddr,
    got: Got,
}

impl Collector {
    async fn start(status: StatusCode) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (address, got) = (listener.local_addr().unwrap(), Got::default());
        let take = move |State(got): State<Got>, body: Bytes| async move {
            got.lock().unwrap().push(body);
            status
        };
        let router = Router::new().route("/v1/traces", post(take)).with_state(Arc::clone(&got));
        tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        Self { address, got }
    }

    async fn app(&self, ratio: f64) -> TestApp {
        TestApp::with(|config| {
            config.otlp_endpoint = Some(format!("http://{}", self.address));
            config.otlp_sample_ratio = ratio;
        })
        .await
    }

    /// All spans. The program has sent the last ones when it has stopped.
    async fn spans(&self, mut app: TestApp) -> Vec<Span> {
        app.stop().await;
        let got = self.got.lock().unwrap();
        let batches = got.iter().map(|body| ExportTraceServiceRequest::decode(body.clone()).unwrap());
        let resources = batches.flat_map(|batch| batch.resource_spans);
        resources.flat_map(|resource| resource.scope_spans).flat_map(|scope| scope.spans).collect()
    }
}

fn attribute(span: &Span, name: &str) -> String {
    let found = span.attributes.iter().find(|attribute| attribute.key == name);
    match found.and_then(|found| found.value.clone()).and_then(|value| value.value) {
        Some(Value::StringValue(text)) => text,
        Some(Value::IntValue(number)) => number.to_string(),
        _ => String::new(),
    }
}

/// The value of a header that reached the upstream.
fn passed(app: &TestApp, name: &str) -> Vec<String> {
    let seen = app.upstream.take().pop().unwrap();
    let headers = seen["headers"].as_array().unwrap().iter();
    headers.filter(|header| header[0] == name).map(|header| header[1].as_str().unwrap().to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_request_of_each_part_is_a_span() {
    let collector = Collector::start(StatusCode::OK).await;
    let app = collector.app(1.0).await;
    let key = app.key(&["*"]).await;
    app.holder(&key).get("/api/sessions?slow").await.expect(504);
    app.verify(&key.text).await;
    app.nobody().get("/auth/nginx").await.expect(400);
    let spans = collector.spans(app).await;
    let told: Vec<_> = spans
        .iter()
        .map(|span| {
            let get = |name| attribute(span, name);
            [get("titan.part"), span.name.clone(), get("http.response.status_code"), get("error.type")]
                .join(" ")
        })
        .collect();
    // The first one made the key.
    assert_eq!(
        told,
        ["control_plane POST 201 ", "gateway GET 504 504", "verify POST 200 ", "forward_auth GET 400 "]
    );
    for span in &spans {
        assert_eq!(attribute(span, "url.scheme"), "http");
        assert_eq!(attribute(span, "titan.request_id").len(), 33);
        assert!(span.end_time_unix_nano > span.start_time_unix_nano);
        assert_eq!(span.kind, 2, "a server");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_upstream_continues_the_trace_of_the_caller() {
    let collector = Collector::start(StatusCode::OK).await;
    let app = collector.app(0.0).await;
    let key = app.holder(&app.key(&["*"]).await);
    let request = key.request("GET", SESSIONS).header("traceparent", format!("{CALLER}-01"));
    request.header("tracestate", "vendor=x").send().await.unwrap();
    let seen = app.upstream.take().pop().unwrap().to_string();
    assert!(seen.contains(r#"["tracestate","vendor=x"]"#), "{seen}");
    let spans = collector.spans(app).await;
    let [span] = spans.as_slice() else { panic!("only what the caller keeps: {spans:?}") };
    assert_eq!(hex(&span.trace_id), "0af7651916cd43dd8448eb211c80319c");
    assert_eq!(hex(&span.parent_span_id), "b7ad6b7169203331");
    let passed = format!("00-0af7651916cd43dd8448eb211c80319c-{}-01", hex(&span.span_id));
    assert!(seen.contains(&passed), "the span is the parent: {seen}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_caller_does_not_keep_is_not_sent() {
    let collector = Collector::start(StatusCode::OK).await;
    let app = collector.app(1.0).await;
    let key = app.key(&["*"]).await;
    let request = app.holder(&key).request("GET", SESSIONS);
    request.header("traceparent", format!("{CALLER}-00")).send().await.unwrap();
    let [parent] = passed(&app, "traceparent").try_into().unwrap();
    assert!(
        parent.starts_with("00-0af7651916cd43dd8448eb211c80319c-") && parent.ends_with("-00"),
        "{parent}"
    );
    let spans = collector.spans(app).await;
    assert!(spans.iter().all(|span| attribute(span, "titan.part") != "gateway"));
}

/// A header that is no `traceparent` begins a trace, and does not reach the upstream.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_bad_parent_is_replaced() {
    let collector = Collector::start(StatusCode::OK).await;
    let app = collector.app(1.0).await;
    let key = app.key(&["*"]).await;
    for bad in ["nonsense", "00-00000000000000000000000000000000-0000000000000000-01", "ff-x-y-z", "", "00-é"]
    {
        let request = app.holder(&key).request("GET", SESSIONS).header("traceparent", bad);
        request.header("tracestate", "vendor=x").send().await.unwrap();
        let seen = app.upstream.take().pop().unwrap().to_string();
        assert!(!seen.contains("tracestate"), "{seen}");
        let parents: Vec<_> = seen.match_indices("traceparent").collect();
        assert_eq!(parents.len(), 1, "{seen}");
        assert!(bad.is_empty() || !seen.contains(bad), "{seen}");
    }
    assert_eq!(collector.spans(app).await.len(), 6);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_secret_and_no_path_reaches_the_collector() {
    let collector = Collector::start(StatusCode::OK).await;
    let app = collector.app(1.0).await;
    let key = app.key(&["*"]).await;
    app.holder(&key).get("/api/sessions/private-session?private=query").await;
    app.role(Some("titan_private")).send("PRIVATE", "/private", None).await;
    app.master().get(&format!("/admin/keys/{}", key.id)).await.expect(200);
    let (upstream, id) = (app.upstream.address.to_string(), key.id.clone());
    collector.spans(app).await;
    let got = collector.got.lock().unwrap().concat();
    let got = String::from_utf8_lossy(&got);
    assert!(got.contains("titan.request_id"));
    for secret in ["private", "PRIVATE", &id, &key.text, MASTER_KEY, "127.0.0.1", &upstream, "/admin"] {
        assert!(!got.contains(secret), "{secret} reached the collector");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_a_collector_the_header_passes_as_it_came() {
    let app = TestApp::start().await;
    let parent = format!("{CALLER}-01");
    let request = app.holder(&app.key(&["*"]).await).request("GET", SESSIONS);
    request.header("traceparent", &parent).send().await.unwrap();
    assert_eq!(passed(&app, "traceparent"), [parent]);
}

/// Requests go on, and somebody sees that spans do not arrive.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_collector_that_is_down_or_refuses_delays_nobody() {
    let refusing = Collector::start(StatusCode::FORBIDDEN).await;
    let app = refusing.app(1.0).await;
    let key = app.holder(&app.key(&["*"]).await);
    for _ in 0..600 {
        key.get(SESSIONS).await.expect(200);
    }
    let nothing_sent = "titan_trace_spans_total{result=\"sent\"} 0";
    for _ in 0..1000 {
        let text = app.master().get("/metrics").await.expect(200).text;
        assert!(text.contains(nothing_sent), "{text}");
        if !text.contains("titan_trace_spans_total{result=\"failed\"} 0") {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let text = app.master().get("/metrics").await.expect(200).text;
    assert!(!text.contains("titan_trace_spans_total{result=\"failed\"} 0"), "{text}");

    let mut down = TestApp::with(|config| config.otlp_endpoint = Some("http://127.0.0.1:1".to_owned())).await;
    down.holder(&down.key(&["*"]).await).get(SESSIONS).await.expect(200);
    down.master().post("/auth/verify", json!({ "key": "x" })).await.expect(200);
    down.stop().await;
}
