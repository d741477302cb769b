//! Those who ask for what is not theirs, or for too much.

use super::{SESSIONS, USAGE, by_label, counted, repeat, sum, until};
use crate::support::TestApp;

const ACCOUNT: &str = "/api/account/usage";

#[tokio::test]
async fn a_key_sees_the_usage_of_its_tenant_and_of_no_other() {
    let app = TestApp::start().await;
    let (own, other) = (app.tenant("own").await, app.tenant("other").await);
    let reader = app.key_of(own, &["usage:read", "sessions:read"]).await;
    let (mine, foreign) = (app.key_of(own, &["sessions:read"]).await, app.key_of(other, &["*"]).await);
    repeat(&app.holder(&mine), SESSIONS, 2).await;
    repeat(&app.holder(&foreign), SESSIONS, 5).await;
    repeat(&app.nobody(), SESSIONS, 3).await;
    counted(&app, USAGE, 10).await;
    let reader = app.holder(&reader);
    assert_eq!(sum(&reader.get(ACCOUNT).await.expect(200), "requests"), 2);
    let keys = reader.get(&format!("{ACCOUNT}?group=key")).await.expect(200);
    assert_eq!(by_label(&keys, "requests"), [(mine.id.clone(), 2)]);
    // A key of another tenant has no usage here, and neither has one that does not exist.
    let of_other = reader.get(&format!("{ACCOUNT}?key={}", foreign.id)).await.expect(200);
    assert_eq!(sum(&of_other, "requests"), 0);
    reader.get(&format!("{ACCOUNT}?tenant={other}")).await.expect(400);
    reader.get(&format!("{ACCOUNT}?group=tenant")).await.refused(400, "group: must be code, key or route");
    reader.get(USAGE).await.refused(403, "master key required");
    reader.get(&format!("/admin/keys/{}/usage", mine.id)).await.refused(403, "master key required");
}

#[tokio::test]
async fn without_the_scope_a_key_sees_nothing_not_even_its_own() {
    let app = TestApp::start().await;
    for scopes in [&["sessions:read"][..], &["keys:manage"], &["keys:verify", "audit:read"]] {
        let key = app.key(scopes).await;
        let refused = app.holder(&key).get(ACCOUNT).await;
        refused.refused(403, "insufficient scope: usage:read required");
        let refused = app.holder(&key).get(&format!("{ACCOUNT}?key={}", key.id)).await;
        refused.refused(403, "insufficient scope: usage:read required");
    }
    app.holder(&app.key(&["*"]).await).get(ACCOUNT).await.expect(200);
    app.nobody().get(ACCOUNT).await.expect(401);
    app.master().get(ACCOUNT).await.refused(403, "api key required");
}

#[tokio::test]
async fn a_range_that_is_too_long_is_refused_with_what_would_be_right() {
    let app = TestApp::start().await;
    let refused = async |query: &str, text: &str| {
        let answer = app.master().get(&format!("{USAGE}?{query}")).await.expect(400);
        assert!(answer.text_at("/error").contains(text), "{query}: {answer:?}");
    };
    refused("from=1970-01-01T00:00:00Z", "at most 1500 are shown: use a longer step or a shorter time").await;
    refused("from=0001-01-01T00:00:00Z&to=9999-01-01T00:00:00Z&step=minute", "at most 1500").await;
    refused("from=2026-01-02T00:00:00Z&to=2026-01-01T00:00:00Z", "from: must be before `to`").await;
    refused("from=yesterday", "from: must be a time of RFC 3339").await;
    refused("step=week", "step: must be minute, hour or day").await;
    refused("group=colour", "group: must be code, key, route or tenant").await;
    refused("group=key&top=101", "top: must be 1 to 100").await;
    refused("group=key&top=0", "top: must be 1 to 100").await;
    refused("top=-1", "query: ").await;
    let long = "step=minute&from=2026-01-01T00:00:00Z&to=2026-01-02T00:00:00Z";
    refused(&format!("{long}&group=key&top=100"), "top: must be at most 12 for 1440 points").await;
    refused("key=titan_sk_live_x", "key: must be the id of a key").await;
    refused("route=", "route: must be a pattern of 1 to 1000 bytes").await;
    refused("route=%00", "route: must be a pattern").await;
    refused(&format!("route={}", "x".repeat(1001)), "route: must be a pattern").await;
    refused("tenant=x", "query: ").await;
    refused("format=xml", "format: must be json or csv").await;
    refused("colour=red", "colour: unknown field `colour`").await;
    app.master().get(&format!("{USAGE}?{long}&group=key&top=12")).await.expect(200);
}

#[tokio::test]
async fn what_a_stranger_sends_makes_no_series() {
    let app = TestApp::start().await;
    let nobody = app.nobody();
    for n in 0..20 {
        nobody.get(&format!("/api/sessions/=cmd|{n}")).await.expect(401);
        app.role(Some(&format!("titan_{n}"))).get(SESSIONS).await.expect(401);
        app.role(Some(&format!("key-{n}"))).get(&format!("/made-up/{n}")).await.expect(401);
    }
    let keys = counted(&app, &format!("{USAGE}?group=key&top=100"), 60).await;
    assert_eq!(by_label(&keys, "refused"), [("null".to_owned(), 60)]);
    let routes = app.master().get(&format!("{USAGE}?group=route&top=100")).await;
    assert_eq!(by_label(&routes, "refused"), [("null".to_owned(), 60)]);
}

#[tokio::test]
async fn an_unknown_key_does_not_exist_and_a_deleted_one_keeps_its_usage() {
    let app = TestApp::start().await;
    let key = app.key(&["sessions:read"]).await;
    let path = format!("/admin/keys/{}/usage", key.id);
    assert_eq!(sum(&app.master().get(&path).await.expect(200), "requests"), 0, "it was never used");
    repeat(&app.holder(&key), SESSIONS, 1).await;
    app.master().delete(&format!("/admin/keys/{}", key.id)).await.expect(204);
    repeat(&app.holder(&key), SESSIONS, 2).await;
    let answer = counted(&app, &path, 3).await;
    assert_eq!((sum(&answer, "allowed"), sum(&answer, "refused")), (1, 2));
    for id in ["key_00000000000000000000000000", "key_1", "x"] {
        app.master().get(&format!("/admin/keys/{id}/usage")).await.refused(404, "key not found");
    }
    app.master().get(&format!("{path}?group=key")).await.refused(400, "group: must be code or route");
    app.master().get(&format!("{path}?key={}", key.id)).await.expect(400);
}

#[tokio::test]
async fn without_usage_nothing_is_counted_and_the_answer_says_so() {
    let app = TestApp::with(|config| config.usage_day_retention = 0).await;
    repeat(&app.holder(&app.key(&["sessions:read"]).await), SESSIONS, 1).await;
    app.master().get(USAGE).await.refused(409, "usage is not counted: usage_day_retention is 0");
}

#[tokio::test]
async fn a_csv_file_has_a_line_for_each_point() {
    let app = TestApp::start().await;
    let key = app.key(&["sessions:read"]).await;
    repeat(&app.holder(&key), SESSIONS, 2).await;
    until_counted(&app).await;
    for (path, accept) in
        [(format!("{USAGE}?group=key&format=csv"), "*/*"), (format!("{USAGE}?group=key"), "text/csv")]
    {
        let answer = app.master().request("GET", &path).header("accept", accept).send().await.unwrap();
        let answer = crate::support::Answer::read(answer).await.expect(200);
        assert_eq!(answer.header("content-type"), "text/csv; charset=utf-8; header=present");
        let lines: Vec<_> = answer.text.split("\r\n").collect();
        assert!(lines[0].starts_with("at,label,requests,allowed,refused,"), "{lines:?}");
        assert!(lines[1].contains(&format!(",{},2,2,0,0,0,0,", key.id)), "{lines:?}");
        assert_eq!(lines.len(), 3, "{lines:?}");
    }
}

async fn until_counted(app: &TestApp) {
    app.clock.advance(60);
    until(&app.master(), USAGE, 2).await;
}
