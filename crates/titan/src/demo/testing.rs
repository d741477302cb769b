//! Calls to the routes, for the tests beside them.

use super::router;
use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::Request;
use axum::http::header::CONTENT_TYPE;
use serde_json::{Value, json};
use tower::ServiceExt;

pub(super) const DEFAULT: &str = "/api/sessions/default";

pub(super) fn app() -> Router {
    router(|| "2025-05-01T12:00:00Z".to_owned())
}

pub(super) async fn call(app: &Router, method: &str, path: &str, body: &str) -> (u16, Value) {
    let request = Request::builder().method(method).uri(path).header(CONTENT_TYPE, "application/json");
    let request = request.body(Body::from(body.to_owned())).unwrap();
    let response = app.clone().oneshot(request).await.unwrap();
    let status = response.status().as_u16();
    let bytes = to_bytes(response.into_body(), usize::MAX).await.unwrap();
    (status, if bytes.is_empty() { Value::Null } else { serde_json::from_slice(&bytes).unwrap() })
}

pub(super) async fn get_data(app: &Router, path: &str) -> Value {
    let (status, mut body) = call(app, "GET", path, "").await;
    assert_eq!(status, 200, "{path}: {body}");
    body["data"].take()
}

pub(super) fn failure(status: u16, text: &str) -> (u16, Value) {
    (status, json!({ "error": text }))
}
