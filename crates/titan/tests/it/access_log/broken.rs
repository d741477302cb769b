//! Lines of exchanges that went wrong: an upstream that fails, a client that goes away.

use super::Logged;
use crate::support::access_log::LogFile;
use crate::support::upstream::breaks_off;
use serde_json::{Value, json};
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

#[tokio::test]
async fn an_upstream_that_is_down_or_slow_has_a_name_and_a_time() {
    let logged = Logged::start().await;
    let holder = logged.app.holder(&logged.app.key(&["*"]).await);
    let slow = logged.line_of(&holder, "GET", "/api/sessions?slow").await;
    assert_eq!(json!([slow["status"], slow["code"]]), json!([504, "upstream_timeout"]));
    assert_eq!(slow["upstream"], format!("http://{}", logged.app.upstream.address));
    assert!(slow["upstream_ms"].as_f64().unwrap() >= 1000.0, "{slow}");
    let logged = Logged::with(|config| config.upstreams[0].url = "http://127.0.0.1:1".to_owned()).await;
    let key = logged.app.key(&["*"]).await;
    let down = logged.line_of(&logged.app.holder(&key), "GET", "/api/sessions").await;
    assert_eq!(json!([down["status"], down["code"]]), json!([502, "upstream_unreachable"]));
    assert_eq!(
        json!([down["upstream"], down["key_id"], down["aborted"]]),
        json!(["http://127.0.0.1:1", key.id, null])
    );
    assert!(down["upstream_ms"].is_number() && down["bytes_out"].as_u64().unwrap() > 10, "{down}");
}

#[tokio::test]
async fn a_client_that_leaves_in_the_middle_of_an_answer_is_named() {
    let logged = Logged::start().await;
    let holder = logged.app.holder(&logged.app.key(&["*"]).await);
    let mut answer = holder.request("GET", "/api/sessions/a/events?drip").send().await.unwrap();
    let first = answer.chunk().await.unwrap().unwrap();
    drop(answer);
    let line = logged.log.lines(1).await.remove(0);
    assert_eq!(json!([line["status"], line["code"], line["aborted"]]), json!([200, null, "client"]));
    assert_eq!(line["bytes_out"], first.len());
}

#[tokio::test]
async fn a_client_that_leaves_before_the_answer_has_a_line_without_a_status() {
    let logged = Logged::start().await;
    let key = logged.app.key(&["*"]).await;
    let request = logged.app.holder(&key).request("GET", "/api/sessions?slow");
    let asking = tokio::spawn(request.send());
    let began = Instant::now();
    while logged.app.upstream.take().is_empty() {
        assert!(began.elapsed() < Duration::from_secs(10), "the upstream was not asked");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    asking.abort();
    let line = logged.log.lines(1).await.remove(0);
    assert_eq!(json!([line["status"], line["aborted"], line["key_id"]]), json!([null, "client", key.id]));
    assert_eq!(json!([line["route"], line["upstream_ms"]]), json!(["/api/sessions", null]));
}

#[tokio::test]
async fn an_upstream_that_breaks_off_is_named() {
    let upstream = breaks_off().await;
    let logged = Logged::with(|config| config.upstreams[0].url = format!("http://{upstream}")).await;
    let holder = logged.app.holder(&logged.app.key(&["*"]).await);
    // The head may be lost with the rest: what matters is that the answer never looks whole.
    let whole = async { holder.request("GET", "/api/sessions").send().await?.bytes().await };
    assert!(whole.await.is_err());
    let line = logged.log.lines(1).await.remove(0);
    assert_eq!(json!([line["status"], line["aborted"], line["bytes_out"]]), json!([200, "upstream", 10]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stream_that_is_cut_with_its_key_says_so() {
    let logged = Logged::start().await;
    let key = logged.app.key(&["*"]).await;
    let stream = logged.app.holder(&key).request("GET", "/api/sessions/a/events?quiet");
    let mut stream = stream.send().await.unwrap();
    assert!(stream.chunk().await.unwrap().is_some());
    logged.app.master().delete(&format!("/admin/keys/{}", key.id)).await.expect(204);
    assert!(stream.chunk().await.is_err(), "it is cut");
    let line = logged.log.lines(1).await.remove(0);
    assert_eq!(
        json!([line["status"], line["code"], line["aborted"]]),
        json!([200, "api_key_revoked", "titan"])
    );
}

/// A part of an upload counts as what passed.
#[tokio::test]
async fn a_client_that_leaves_in_the_middle_of_its_body_has_a_line() {
    let logged = Logged::start().await;
    let key = logged.app.key(&["*"]).await.text;
    let mut stream = TcpStream::connect(logged.app.address).await.unwrap();
    let head = format!(
        "POST /api/sessions HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {key}\r\nContent-Length: 1000\r\n\r\n12345"
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    stream.shutdown().await.unwrap();
    let mut rest = Vec::new();
    let _ = stream.read_to_end(&mut rest).await;
    let line = logged.log.lines(1).await.remove(0);
    assert_eq!(json!([line["bytes_in"], line["route"]]), json!([5, "/api/sessions"]));
    assert!(line["aborted"] == "client" || line["status"] == 502, "{line}");
}

/// The last lines are written before the program is done, those of requests that were still running included.
#[tokio::test]
async fn an_orderly_end_writes_the_last_lines() {
    let log = LogFile::new();
    let mut app = crate::support::TestApp::with(|config| config.access_log = log.option()).await;
    let holder = app.holder(&app.key(&["*"]).await);
    for _ in 0..200 {
        app.nobody().get("/api/sessions").await.expect(401);
    }
    let answer = holder.request("GET", "/api/sessions/a/events?drip").send().await.unwrap();
    let rest = answer.bytes();
    let (rest, ()) = tokio::join!(rest, app.stop());
    let lines = crate::support::access_log::read(&log.path());
    assert_eq!(lines.len(), 201);
    let last = &lines[200];
    assert_eq!(json!([last["bytes_out"], last["aborted"]]), json!([rest.unwrap().len(), Value::Null]));
}
