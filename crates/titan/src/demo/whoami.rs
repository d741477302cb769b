//! Who called.

use super::output::Data;
use axum::http::HeaderMap;
use serde_json::{Value, json};

/// What the gateway said about the caller, header by header; null where it said nothing.
pub(super) async fn whoami(headers: HeaderMap) -> Data<Value> {
    let said = |name| headers.get(name).and_then(|value| value.to_str().ok()).filter(|text| !text.is_empty());
    Data(json!({
        "keyId": said("x-titan-key-id"),
        "tenant": said("x-titan-tenant"),
        "scopes": said("x-titan-scopes"),
        "subject": said("x-titan-subject"),
        "session": said("x-titan-session"),
    }))
}

#[cfg(test)]
mod tests {
    use super::super::testing::app;
    use axum::body::{Body, to_bytes};
    use axum::extract::Request;
    use serde_json::{Value, json};
    use tower::ServiceExt;

    #[tokio::test]
    async fn whoami_tells_the_identity_headers() {
        let request = Request::builder()
            .uri("/api/whoami")
            .header("X-Titan-Key-Id", "key_1")
            .header("X-Titan-Tenant", "1")
            .header("X-Titan-Scopes", "sessions:read messages:write")
            .header("X-Titan-Session", "");
        let response = app().oneshot(request.body(Body::empty()).unwrap()).await.unwrap();
        let body: Value =
            serde_json::from_slice(&to_bytes(response.into_body(), 4096).await.unwrap()).unwrap();
        let expected = json!({
            "keyId": "key_1", "tenant": "1", "scopes": "sessions:read messages:write",
            "subject": null, "session": null,
        });
        assert_eq!(body, json!({ "data": expected }));
    }
}
