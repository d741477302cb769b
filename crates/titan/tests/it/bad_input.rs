//! Bad input: a clear error, and nothing is lost.

use crate::support::app::MASTER_KEY;
use crate::support::{TestApp, raw};
use serde_json::json;

const CREATE: &str = "POST /admin/keys";

fn master() -> String {
    format!("Authorization: Bearer {MASTER_KEY}")
}

async fn create(app: &TestApp, content_type: &str, body: &str) -> (u16, String) {
    let length = format!("Content-Length: {}", body.len());
    raw::request(app.address, CREATE, &["Host: a", &master(), content_type, &length], body).await
}

#[tokio::test]
async fn bodies_that_are_no_json_object() {
    let app = TestApp::start().await;
    let deep = format!("{}{}", "[".repeat(10_000), "]".repeat(10_000));
    let nested = format!(r#"{{"label":{deep}}}"#);
    for body in ["", "{", "null", "1", "\"x\"", "[]", "{}{}", "{\"label\":}", "\0", &deep, &nested] {
        let (status, answer) = create(&app, "Content-Type: application/json", body).await;
        assert_eq!(status, 400, "{body:.20}: {answer}");
        assert!(answer.contains(r#""code":"invalid_request""#), "{answer}");
    }
    let twice = r#"{"label":"a","label":"b","lifetimeDays":1,"scopes":["*"]}"#;
    let (status, answer) = create(&app, "Content-Type: application/json", twice).await;
    assert_eq!(status, 400);
    assert!(answer.contains("duplicate field `label`"), "{answer}");
    assert_eq!(app.master().get("/admin/keys").await.at("/data"), json!([]));
}

#[tokio::test]
async fn other_content_types() {
    let app = TestApp::start().await;
    for content_type in
        ["X-None: 1", "Content-Type: text/plain", "Content-Type: application/x-www-form-urlencoded"]
    {
        let (status, answer) = create(&app, content_type, "{}").await;
        assert_eq!(status, 415, "{answer}");
    }
}

#[tokio::test]
async fn bodies_that_are_too_long_or_too_short() {
    let app = TestApp::start().await;
    let long = format!(r#"{{"label":"{}"}}"#, "x".repeat(66_000));
    assert_eq!(create(&app, "Content-Type: application/json", &long).await.0, 413);
    let headers = ["Host: a", &master(), "Content-Type: application/json", "Content-Length: 1000"];
    let (status, _) = raw::request(app.address, CREATE, &headers, "{\"label\":").await;
    assert!([0, 400].contains(&status), "{status}");
    app.master().get("/health/ready").await.expect(200);
}

#[tokio::test]
async fn headers_that_are_too_long_too_many_or_no_text() {
    let app = TestApp::start().await;
    let long = format!("X-Long: {}", "x".repeat(100_000));
    assert_eq!(raw::request(app.address, "GET /api/sessions", &["Host: a", &long], "").await.0, 431);
    let many: Vec<String> = (0..200).map(|n| format!("X-{n}: 1")).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    assert_eq!(raw::request(app.address, "GET /api/sessions", &many, "").await.0, 431);
    let long_key = format!("Authorization: Bearer titan_{}", "A".repeat(20_000));
    assert_eq!(raw::request(app.address, "GET /api/sessions", &["Host: a", &long_key], "").await.0, 401);
    let bytes = b"GET /api/sessions HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer \xff\xfe\r\nConnection: close\r\n\r\n";
    let answer = raw::exchange(app.address, bytes).await;
    assert_eq!(raw::status(&answer), 401);
    assert!(answer.contains("malformed api key"), "{answer}");
    app.master().get("/health/ready").await.expect(200);
}

#[tokio::test]
async fn bytes_that_are_no_http() {
    let app = TestApp::start().await;
    for bytes in
        [&b"\0\0\0\0"[..], b"\x16\x03\x01\x02\x00\x01\x00", b"GET / HTTP/9.9\r\n\r\n", b"PRI * HTTP/2.0\r\n"]
    {
        let answer = raw::exchange(app.address, bytes).await;
        assert!(
            answer.is_empty() || raw::status(&answer) >= 400 || !answer.starts_with("HTTP/1.1 2"),
            "{answer}"
        );
    }
    app.master().get("/health/ready").await.expect(200);
}

#[tokio::test]
async fn request_ids_are_taken_if_they_are_decent_and_made_otherwise() {
    let app = TestApp::start().await;
    let id = async |value: &str| {
        let request = app.nobody().request("GET", "/health/live").header("x-request-id", value);
        request.send().await.unwrap().headers()["x-request-id"].to_str().unwrap().to_owned()
    };
    assert_eq!(id("abc-123").await, "abc-123");
    for bad in ["a b", &"x".repeat(129), "\u{e9}"] {
        assert_ne!(id(bad).await, *bad);
    }
}

#[tokio::test]
async fn answers_never_say_how_they_came_about() {
    let app = TestApp::start().await;
    let answer = app.master().get("/admin/keys?cursor=%27%3B%20DROP%20TABLE%20key").await.expect(400);
    for word in ["sql", "serde", "axum", "/src/", "panicked"] {
        assert!(!answer.text.to_lowercase().contains(word), "{answer:?}");
    }
}
