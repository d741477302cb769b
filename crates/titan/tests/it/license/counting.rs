//! Sessions that are counted: never too few, and no longer than they are open.

use super::{close, counted, holder, license, licensed, limited, open};
use crate::support::scripted::{After, Scripted};
use crate::support::{Answer, TestApp};
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;

const SESSIONS: &str = "/api/sessions";
const FULL: &str = "session limit reached: 2";

async fn create(app: &TestApp, body: &str) -> Answer {
    let request = holder(app).await.request("POST", SESSIONS);
    let request = request.header("content-type", "application/json").body(body.to_owned());
    Answer::read(request.send().await.unwrap()).await
}

#[tokio::test]
async fn one_too_many_is_refused_and_does_not_reach_the_upstream() {
    let app = licensed(&limited(2)).await;
    let holder = holder(&app).await;
    open(&holder, "a", "").await.expect(200);
    open(&holder, "b", "").await.expect(200);
    app.upstream.take();
    let refused = open(&holder, "c", "").await.refused(403, FULL);
    assert_eq!(refused.text_at("/code"), "session_limit_reached");
    assert!(app.upstream.take().is_empty());
    open(&holder, "a", "").await.expect(200);
    close(&holder, "a", "").await.expect(200);
    open(&holder, "c", "").await.expect(200);
    assert_eq!(counted(&app).await, ["b", "c"]);
    holder.delete("/api/sessions/b").await.expect(200);
    assert_eq!(counted(&app).await, ["c"]);
}

#[tokio::test]
async fn the_limit_is_for_all_tenants_together_and_names_belong_to_one() {
    let app = licensed(&limited(2)).await;
    let other = app.key_of(app.tenant("other").await, &["*"]).await;
    let (first, second) = (holder(&app).await, app.holder(&other));
    open(&first, "a", "").await.expect(200);
    open(&second, "a", "").await.expect(200);
    open(&second, "b", "").await.refused(403, FULL);
    close(&second, "a", "").await.expect(200);
    assert_eq!(counted(&app).await, ["a"], "nobody closes the session of another tenant");
}

#[tokio::test]
async fn what_the_upstream_did_not_open_is_given_back() {
    let app = licensed(&limited(2)).await;
    let holder = holder(&app).await;
    for status in [400, 401, 403, 404, 429] {
        open(&holder, "a", &format!("?status={status}")).await.expect(status);
        assert!(counted(&app).await.is_empty(), "{status}");
    }
    open(&holder, "a", "?status=409").await.expect(409);
    assert_eq!(counted(&app).await, ["a"], "it runs already");
    open(&holder, "a", "?status=400").await.expect(400);
    assert_eq!(counted(&app).await, ["a"], "an open session stays counted when it is opened again in vain");
}

#[tokio::test]
async fn what_may_be_open_stays_counted() {
    let app = licensed(&limited(2)).await;
    let holder = holder(&app).await;
    open(&holder, "a", "?slow").await.expect(504);
    open(&holder, "b", "?status=500").await.expect(500);
    assert_eq!(counted(&app).await, ["a", "b"]);
    let rows = app.master().get("/admin/license/sessions").await.at("/data");
    assert!(rows.as_array().unwrap().iter().all(|row| row["isPending"] == json!(true)), "{rows}");
    open(&holder, "c", "").await.refused(403, FULL);
    close(&holder, "a", "").await.expect(200);
    assert_eq!(counted(&app).await, ["a", "b"], "what opens it may reach the upstream after what closed it");
    app.clock.advance(120);
    close(&holder, "a", "?status=500").await.expect(500);
    open(&holder, "c", "").await.refused(403, FULL);
    app.clock.advance(120);
    close(&holder, "a", "?status=404").await.expect(404);
    assert_eq!(counted(&app).await, ["b"], "the upstream has no such session");
    open(&holder, "b", "").await.expect(200);
    let rows = app.master().get("/admin/license/sessions").await.at("/data");
    assert_eq!(rows[0]["isPending"], json!(false), "{rows}");
}

#[tokio::test]
async fn a_404_for_a_close_is_no_end_of_an_open_session() {
    let app = licensed(&limited(1)).await;
    let holder = holder(&app).await;
    open(&holder, "a", "").await.expect(200);
    close(&holder, "a", "?status=404").await.expect(404);
    open(&holder, "b", "").await.refused(403, "session limit reached: 1");
}

#[tokio::test]
async fn an_upstream_that_cannot_be_reached_has_opened_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let app = TestApp::with(|config| {
        super::install(config, folder.path(), &limited(1));
        config.upstreams[0].url = "http://127.0.0.1:1".to_owned();
    });
    let app = app.await;
    open(&holder(&app).await, "a", "").await.expect(502);
    assert!(counted(&app).await.is_empty());
}

#[tokio::test]
async fn an_upstream_that_breaks_off_may_have_opened_it() {
    let broken = Scripted::start("HTTP/1.1 200 OK\r\nnonsense", After::Close).await;
    let folder = tempfile::tempdir().unwrap();
    let app = TestApp::with(|config| {
        super::install(config, folder.path(), &limited(1));
        config.upstreams[0].url = format!("http://{}", broken.address);
    });
    let app = app.await;
    open(&holder(&app).await, "a", "").await.expect(502);
    assert_eq!(counted(&app).await, ["a"]);
}

#[tokio::test]
async fn a_client_that_leaves_takes_the_session_along_only_if_it_was_sent() {
    let app = licensed(&limited(1)).await;
    let holder = holder(&app).await;
    let asked = holder.request("POST", "/api/sessions/a/start?slow").timeout(Duration::from_millis(300));
    assert!(asked.send().await.is_err(), "the client leaves");
    assert_eq!(counted(&app).await, ["a"], "the upstream may go on without it");
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_at_the_same_time_share_no_place() {
    let app = Arc::new(licensed(&limited(5)).await);
    let key = app.key(&["*"]).await;
    let asked: Vec<_> = (0..30)
        .map(|number| {
            let holder = app.holder(&key);
            tokio::spawn(async move { open(&holder, &format!("s{number}"), "").await.status })
        })
        .collect();
    let mut opened = 0;
    for answer in asked {
        opened += usize::from(answer.await.unwrap() == 200);
    }
    assert_eq!((opened, counted(&app).await.len()), (5, 5));
}

#[tokio::test]
async fn a_body_says_whether_a_session_opens() {
    let app = licensed(&limited(1)).await;
    for body in [r#"{"name":"a"}"#, r#"{"name":"b","start":false}"#, r#"{"name":"c","start":null}"#] {
        create(&app, body).await.expect(200);
    }
    assert!(counted(&app).await.is_empty());
    app.upstream.take();
    let body = r#"{ "name" : "d", "start" : true , "config": {"x": [1.50, "\u00e9"]} }"#;
    create(&app, body).await.expect(200);
    assert_eq!(
        app.upstream.take()[0]["body"],
        Value::from(body),
        "the upstream gets the bytes that were checked"
    );
    assert_eq!(counted(&app).await, ["d"]);
    create(&app, r#"{"name":"e","start":true}"#).await.refused(403, "session limit reached: 1");
    create(&app, r#"{"name":"e","start":"yes"}"#).await.refused(403, "session limit reached: 1");
    create(&app, r#"{"name":"f"}"#).await.expect(200);
}

#[tokio::test]
async fn a_body_that_cannot_be_checked_is_refused() {
    let app = licensed(&limited(9)).await;
    for (body, status) in [
        (r#"{"name":"a","name":"b","start":true}"#, 400),
        (r#"{"name":"a","start":false,"start":true}"#, 400),
        (r#"{"name":"a","start":true"#, 400),
        (r#"{"name":"a","Start":true}"#, 400),
        (r#"{"name":"a","Name":"b","start":true}"#, 400),
        ("", 400),
        (r#"{"start":true}"#, 400),
        (r#"{"name":7,"start":true}"#, 400),
        (r#"{"name":"a/b","start":true}"#, 400),
        (r#"{"name":"","start":true}"#, 400),
    ] {
        create(&app, body).await.expect(status);
    }
    let name = "x".repeat(65);
    create(&app, &format!(r#"{{"name":"{name}","start":true}}"#)).await.expect(400);
    let pad = " ".repeat(65 * 1024);
    create(&app, &format!(r#"{{"name":"a","start":true}}{pad}"#)).await.expect(413);
    let holder = holder(&app).await;
    for (name, value) in [("content-type", "text/plain"), ("content-encoding", "gzip")] {
        let request = holder.request("POST", SESSIONS).header("content-type", "application/json");
        let request = if name == "content-type" { holder.request("POST", SESSIONS) } else { request };
        let request = request.header(name, value).body(r#"{"name":"a","start":true}"#);
        assert_eq!(request.send().await.unwrap().status().as_u16(), 415, "{name}");
    }
    assert!(app.upstream.take().is_empty() && counted(&app).await.is_empty());
}

#[tokio::test]
async fn without_a_limit_nothing_is_counted_and_bodies_pass_unread() {
    let app = licensed(&license(|_| {})).await;
    let holder = holder(&app).await;
    open(&holder, "a", "").await.expect(200);
    create(&app, r#"{"name":"a","name":"b","start":true}"#).await.expect(200);
    assert!(counted(&app).await.is_empty());
}

#[tokio::test]
async fn who_may_not_open_a_session_takes_no_place() {
    let app = licensed(&limited(1)).await;
    let reader = app.holder(&app.key(&["sessions:read"]).await);
    open(&reader, "a", "").await.expect(403);
    open(&app.nobody(), "a", "").await.expect(401);
    assert!(counted(&app).await.is_empty());
}

#[tokio::test]
async fn the_operator_releases_a_session_and_the_audit_log_tells() {
    let app = licensed(&limited(1)).await;
    let holder = holder(&app).await;
    open(&holder, "a.b", "?slow").await.expect(504);
    app.master().delete("/admin/license/sessions/1/nobody").await.expect(404);
    app.master().delete("/admin/license/sessions/2/a.b").await.expect(404);
    app.master().delete("/admin/license/sessions/1/a.b").await.expect(204);
    app.master().delete("/admin/license/sessions/1/a.b").await.expect(404);
    open(&holder, "c", "").await.expect(200);
    let rows = app.master().get("/admin/audit?action=live_session.release").await.expect(200).at("/data");
    assert_eq!((&rows[0]["subject"], rows.as_array().unwrap().len()), (&json!("a.b"), 1), "{rows}");
}

#[tokio::test]
async fn the_list_has_pages() {
    let app = licensed(&limited(9)).await;
    let holder = holder(&app).await;
    for name in ["c", "a.1", "b-2", "A"] {
        open(&holder, name, "").await.expect(200);
    }
    let (mut names, mut path) = (Vec::new(), "/admin/license/sessions?limit=3".to_owned());
    loop {
        let page = app.master().get(&path).await.expect(200).json();
        names.extend(page["data"].as_array().unwrap().iter().map(|row| row["session"].clone()));
        let Some(cursor) = page["nextCursor"].as_str() else { break };
        path = format!("/admin/license/sessions?limit=3&cursor={cursor}");
    }
    assert_eq!(names, ["A", "a.1", "b-2", "c"]);
    app.master().get("/admin/license/sessions?cursor=x").await.expect(400);
}
