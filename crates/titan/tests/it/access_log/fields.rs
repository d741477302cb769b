//! What stands in a line.

use super::Logged;
use crate::support::upstream::{Websocket, hand_shake};
use reqwest::Body;
use serde_json::{Value, json};
use titan::config::{LogFormat, UpstreamConfig};
use titan::system::SystemClock;
use titan_core::time::{Clock, Timestamp};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

#[tokio::test]
async fn a_request_that_passes_has_every_field_in_both_formats() {
    for format in [LogFormat::Json, LogFormat::Text] {
        let logged = Logged::of(format).await;
        let key = logged.app.key_of(logged.app.tenant("second").await, &["*"]).await;
        let request = logged.app.holder(&key).request("POST", "/api/sessions/my-session/messages/send?a=b");
        let before = SystemClock.now();
        let answer = request.header("x-request-id", "the-id").body("x".repeat(1234)).send().await.unwrap();
        let answer = answer.text().await.unwrap();
        let mut line = logged.log.line("the-id").await;
        let time = line["time"].as_str().unwrap();
        let began = Timestamp::parse(time).unwrap().ms();
        assert!((before.ms() - 1..=SystemClock.now().ms()).contains(&began), "{time}");
        assert!(time.len() == "2026-11-24T10:00:00.123Z".len() && time.ends_with('Z'), "{time}");
        let ms = |name: &str| line[name].as_f64().unwrap();
        assert!(ms("upstream_ms") > 0.0 && ms("upstream_ms") <= ms("total_ms"), "{line}");
        for name in ["time", "upstream_ms", "total_ms"] {
            line[name] = Value::Null;
        }
        let expected = json!({
            "time": null, "method": "POST", "route": "/api/sessions/{session}/messages/send", "status": 200,
            "code": null, "key_id": key.id, "user": null, "tenant": 2, "upstream": format!("http://{}", logged.app.upstream.address),
            "upstream_ms": null, "total_ms": null, "bytes_in": 1234, "bytes_out": answer.len(),
            "client": "127.0.0.1", "request_id": "the-id", "aborted": null,
        });
        assert_eq!(line, expected);
    }
}

#[tokio::test]
async fn a_path_that_no_route_names_has_no_route() {
    let folder = tempfile::tempdir().unwrap();
    let policy = folder.path().join("open.toml");
    std::fs::write(&policy, "name = \"open\"\ndefault = \"authenticated\"\n").unwrap();
    let logged = Logged::with(|config| config.upstreams[0].policy = vec![policy.display().to_string()]).await;
    let holder = logged.app.holder(&logged.app.key(&["*"]).await);
    let line = logged.line_of(&holder, "GET", "/somebody/12345").await;
    assert_eq!((&line["status"], &line["route"]), (&json!(200), &Value::Null));
    assert!(!line.to_string().contains("somebody"), "{line}");
}

/// A method is any word; one that neither a standard nor a route names could be a key.
#[tokio::test]
async fn a_method_that_nobody_knows_is_not_repeated() {
    let logged = Logged::start().await;
    let key = logged.app.key(&["*"]).await;
    let line = logged.line_of(&logged.app.holder(&key), &key.text.replace('-', "_"), "/api/sessions").await;
    assert_eq!((&line["method"], &line["code"]), (&json!("_OTHER"), &json!("route_not_allowed")));
}

#[tokio::test]
async fn a_method_of_a_route_is_logged() {
    let folder = tempfile::tempdir().unwrap();
    let policy = folder.path().join("dav.toml");
    std::fs::write(&policy, "name = \"dav\"\n[[route]]\nmethods = [\"PROPFIND\"]\npath = \"/{*file}\"\n")
        .unwrap();
    let logged = Logged::with(|config| config.upstreams[0].policy = vec![policy.display().to_string()]).await;
    let holder = logged.app.holder(&logged.app.key(&["*"]).await);
    let line = logged.line_of(&holder, "PROPFIND", "/a/b").await;
    assert_eq!((&line["method"], &line["route"]), (&json!("PROPFIND"), &json!("/{*file}")));
}

#[tokio::test]
async fn bodies_are_counted_whatever_their_framing() {
    let logged = Logged::start().await;
    let holder = logged.app.holder(&logged.app.key(&["*"]).await);
    let pieces = (0..50).map(|n| Ok::<_, std::io::Error>(format!("piece {n:02};")));
    let streamed = Body::wrap_stream(futures_util::stream::iter(pieces));
    let line = logged.line(holder.request("POST", "/api/sessions").body(streamed)).await;
    assert_eq!((&line["bytes_in"], &line["aborted"]), (&json!(450), &Value::Null));
    let line = logged.line(holder.request("GET", "/api/sessions/a/events?drip")).await;
    let (first, second) = ("data: first\n\n".len(), "data: second\n\n".len());
    assert_eq!((&line["bytes_in"], &line["bytes_out"]), (&json!(0), &json!(first + second)));
    assert!(line["total_ms"].as_f64().unwrap() > 1400.0 && line["upstream_ms"].as_f64().unwrap() < 1400.0);
    let line = logged.line(holder.request("HEAD", "/api/sessions")).await;
    assert_eq!((&line["bytes_out"], &line["aborted"]), (&json!(0), &Value::Null));
    let line = logged.line(logged.app.nobody().request("HEAD", "/api/sessions")).await;
    assert_eq!(
        (&line["status"], &line["bytes_out"], &line["aborted"]),
        (&json!(401), &json!(0), &Value::Null)
    );
}

/// Visible characters that mean something in one of the formats.
#[tokio::test]
async fn no_field_can_be_forged_by_a_request_id() {
    for format in [LogFormat::Json, LogFormat::Text] {
        let logged = Logged::of(format).await;
        for id in ["a\"status=200", "a\",\"status\":200,\"x\":\"", "a\\", "a=b", "-", "null", "\\\"", "{}"] {
            let request = logged.app.nobody().request("GET", "/api/sessions").header("x-request-id", id);
            let line = logged.line(request).await;
            assert_eq!((&line["request_id"], &line["status"]), (&json!(id), &json!(401)));
        }
        let spaced = logged.app.nobody().request("GET", "/api/sessions").header("x-request-id", "a status=1");
        let line = logged.line(spaced).await;
        assert!(!line["request_id"].as_str().unwrap().contains(' '), "a made one takes its place: {line}");
    }
}

#[tokio::test]
async fn a_key_sent_as_a_request_id_is_not_logged() {
    let logged = Logged::start().await;
    let key = logged.app.key(&["*"]).await.text;
    let request = logged.app.nobody().request("GET", "/api/sessions").header("x-request-id", &key);
    request.send().await.unwrap();
    assert_eq!(logged.log.lines(1).await[0]["request_id"], "[a key]");
}

#[tokio::test]
async fn the_client_is_the_one_behind_a_trusted_proxy() {
    let logged = Logged::with(|config| config.trusted_proxies = vec!["127.0.0.1".to_owned()]).await;
    let request =
        logged.app.nobody().request("GET", "/api/sessions").header("x-forwarded-for", "1.2.3.4, 5.6.7.8");
    assert_eq!(logged.line(request).await["client"], "5.6.7.8");
    let logged = Logged::start().await;
    let request = logged.app.nobody().request("GET", "/api/sessions").header("x-forwarded-for", "1.2.3.4");
    assert_eq!(logged.line(request).await["client"], "127.0.0.1");
}

#[tokio::test]
async fn each_line_names_the_upstream_that_was_asked() {
    let other = crate::support::upstream::Echo::start().await;
    let url = format!("http://{}", other.address);
    let logged = Logged::with(|config| {
        let policy = vec!["whatsapp".to_owned()];
        let paths = vec!["/api/sessions/b".to_owned()];
        config.upstreams.push(UpstreamConfig { url, policy, paths, ..UpstreamConfig::default() });
    })
    .await;
    let holder = logged.app.holder(&logged.app.key(&["*"]).await);
    let first = logged.line_of(&holder, "GET", "/api/sessions/a").await;
    let second = logged.line_of(&holder, "GET", "/api/sessions/b").await;
    assert_eq!(first["upstream"], format!("http://{}", logged.app.upstream.address));
    assert_eq!(second["upstream"], format!("http://{}", other.address));
}

#[tokio::test]
async fn a_websocket_has_one_line_when_it_ends() {
    let upstream = Websocket::start().await;
    let logged =
        Logged::with(|config| config.upstreams[0].url = format!("http://{}", upstream.address)).await;
    let key = logged.app.key(&["*"]).await;
    let mut stream = hand_shake(logged.app.address, &key.text).await;
    stream.write_all(b"ping").await.unwrap();
    let mut piece = [0; 64];
    assert_eq!(stream.read(&mut piece).await.unwrap(), 4);
    logged.line_of(&logged.app.nobody(), "GET", "/api/sessions").await;
    assert_eq!(logged.log.lines(1).await[0]["status"], 401, "an open tunnel has no line yet");
    drop(stream);
    let line = logged.log.lines(2).await.remove(1);
    assert_eq!((&line["status"], &line["key_id"]), (&json!(101), &json!(key.id)));
    assert_eq!((&line["bytes_in"], &line["bytes_out"]), (&json!(4), &json!(4)));
    assert_eq!((&line["aborted"], &line["method"]), (&Value::Null, &json!("GET")));
    assert!(line["upstream_ms"].is_number(), "{line}");
}

#[tokio::test]
async fn the_control_plane_has_no_line() {
    let logged = Logged::start().await;
    logged.app.key(&["*"]).await;
    logged.app.nobody().get("/health/ready").await.expect(200);
    logged.app.nobody().get("/api/sessions").await.expect(401);
    assert_eq!(logged.log.lines(1).await[0]["route"], Value::Null);
}
