//! Limits of requests, as clients meet them.

mod fleet;
mod holders;
mod restart;
mod settings;
mod soak;
mod verify;

use crate::support::app::MadeKey;
use crate::support::{Answer, Role, TestApp};
use serde_json::{Value, json};

const SESSIONS: &str = "/api/sessions";
const SEND: &str = "/api/sessions/default/messages/send";

async fn set(master: &Role, settings: Value) -> Answer {
    master.send("PUT", "/admin/settings", Some(settings)).await.expect(200)
}

async fn limited(app: &TestApp, limit: u32) -> MadeKey {
    let body = json!({ "label": "limited", "lifetimeDays": 1, "scopes": ["*"], "rateLimit": limit });
    let made = app.master().post("/admin/keys", body).await.expect(201);
    assert_eq!(made.at("/data/rateLimit"), limit);
    MadeKey::of(&made)
}

/// How many of these requests pass. All others must be refused by a limit.
async fn passing(role: &Role, path: &str, requests: u32) -> u32 {
    let mut passed = 0;
    for _ in 0..requests {
        let answer = role.get(path).await;
        match answer.status {
            200 => passed += 1,
            _ => drop(answer.refused(429, "rate limit exceeded")),
        }
    }
    passed
}

#[tokio::test]
async fn a_refusal_says_what_is_used_up_and_when_to_come_again() {
    let app = TestApp::with(|config| config.rate_limit = 3).await;
    let key = app.holder(&app.key(&["*"]).await);
    for left in [2, 1, 0] {
        let answer = key.get(SESSIONS).await.expect(200);
        assert_eq!(answer.header("x-ratelimit-limit"), "3");
        assert_eq!(answer.header("x-ratelimit-remaining"), left.to_string());
        assert_eq!(answer.header("ratelimit-policy"), "\"global\";q=3;w=60");
        let state = answer.header("ratelimit");
        assert!(state.starts_with(&format!("\"global\";r={left};t=6")), "{state}");
        assert_eq!(answer.header("retry-after"), "");
    }
    let refused = key.get(SESSIONS).await.refused(429, "rate limit exceeded");
    assert_eq!(refused.text_at("/code"), "rate_limit_exceeded");
    assert_eq!(refused.header("x-ratelimit-remaining"), "0");
    let seconds: u32 = refused.header("retry-after").parse().unwrap();
    assert!((1..=62).contains(&seconds), "{seconds}");
    assert_eq!(refused.header("ratelimit"), format!("\"global\";r=0;t={seconds}"));
    assert_eq!(app.upstream.take().len(), 3);
}

#[tokio::test]
async fn without_limits_nothing_is_said_of_them() {
    let app = TestApp::start().await;
    let answer = app.holder(&app.key(&["*"]).await).get(SESSIONS).await.expect(200);
    for header in ["x-ratelimit-limit", "x-ratelimit-remaining", "ratelimit", "ratelimit-policy"] {
        assert_eq!(answer.header(header), "");
    }
}

#[tokio::test]
async fn what_is_refused_for_another_reason_counts_for_nothing() {
    let app = TestApp::with(|config| config.rate_limit = 2).await;
    let (good, poor) = (app.holder(&app.key(&["*"]).await), app.holder(&app.key(&["groups:read"]).await));
    for _ in 0..5 {
        poor.get(SESSIONS).await.expect(403);
        app.nobody().get(SESSIONS).await.expect(401);
        good.get("/no/such/route").await.expect(403);
    }
    assert_eq!(passing(&good, SESSIONS, 4).await, 2);
}

#[tokio::test]
async fn messages_have_a_limit_of_their_own() {
    let app = TestApp::with(|config| (config.rate_limit, config.msg_rate_limit) = (10, 2)).await;
    let key = app.holder(&app.key(&["*"]).await);
    let body = json!({ "chatId": "1@c.us", "text": "hello" });
    for left in ["1", "0"] {
        let sent = key.post(SEND, body.clone()).await.expect(200);
        assert_eq!(sent.header("ratelimit-policy"), "\"message\";q=2;w=60");
        assert_eq!(sent.header("x-ratelimit-remaining"), left);
    }
    for _ in 0..5 {
        key.post(SEND, body.clone()).await.refused(429, "rate limit exceeded");
    }
    assert_eq!(passing(&key, SESSIONS, 12).await, 8, "other requests go on");
}

#[tokio::test]
async fn a_limit_of_a_key_is_its_own() {
    let app = TestApp::start().await;
    let (one, other) = (limited(&app, 2).await, app.key(&["*"]).await);
    assert_eq!(passing(&app.holder(&one), SESSIONS, 5).await, 2);
    assert_eq!(passing(&app.holder(&other), SESSIONS, 5).await, 5);
    let refused = app.holder(&one).get(SESSIONS).await.expect(429);
    assert_eq!(refused.header("ratelimit-policy"), "\"key\";q=2;w=60");
}

#[tokio::test]
async fn a_changed_limit_acts_on_the_next_request() {
    let app = TestApp::start().await;
    let (key, master) = (limited(&app, 5).await, app.master());
    let (holder, path) = (app.holder(&key), format!("/admin/keys/{}", key.id));
    assert_eq!(passing(&holder, SESSIONS, 4).await, 4);
    master.patch(&path, json!({ "rateLimit": 4 })).await.expect(200);
    assert_eq!(passing(&holder, SESSIONS, 1).await, 0);
    master.patch(&path, json!({ "rateLimit": 6 })).await.expect(200);
    assert_eq!(passing(&holder, SESSIONS, 4).await, 2);
    let free = master.patch(&path, json!({ "rateLimit": 0 })).await.expect(200);
    assert_eq!(free.at("/data/rateLimit"), Value::Null);
    assert_eq!(passing(&holder, SESSIONS, 9).await, 9);
    set(&master, json!({ "rateLimit": 1 })).await;
    assert_eq!(passing(&holder, SESSIONS, 3).await, 1);
    set(&master, json!({ "rateLimit": 0 })).await;
    assert_eq!(passing(&holder, SESSIONS, 3).await, 3);
}

#[tokio::test]
async fn a_rotated_key_hands_its_limit_on() {
    let app = TestApp::start().await;
    let key = limited(&app, 2).await;
    let path = format!("/admin/keys/{}/rotate", key.id);
    let rotated = app.master().send("POST", &path, None).await.expect(200);
    assert_eq!(rotated.at("/data/rateLimit"), 2);
    assert_eq!(passing(&app.holder(&MadeKey::of(&rotated)), SESSIONS, 4).await, 2);
}

/// A key may rotate itself: that gives it no new budget.
#[tokio::test]
async fn a_key_and_its_successors_share_one_limit() {
    let app = TestApp::start().await;
    let body = json!({ "label": "x", "lifetimeDays": 1, "scopes": ["sessions:read"], "rateLimit": 4 });
    let mut key = MadeKey::of(&app.master().post("/admin/keys", body).await.expect(201));
    assert_eq!(passing(&app.holder(&key), SESSIONS, 3).await, 3);
    let mut older = Vec::new();
    for _ in 0..3 {
        let path = format!("/api/account/keys/{}/rotate", key.id);
        let answer = app.holder(&key).post(&path, json!({ "overlapSeconds": 600 })).await.expect(200);
        older.push(std::mem::replace(&mut key, MadeKey::of(&answer)));
    }
    assert_eq!(passing(&app.holder(&key), SESSIONS, 3).await, 1);
    for old in &older {
        assert_eq!(passing(&app.holder(old), SESSIONS, 1).await, 0);
    }
    let path = format!("/admin/keys/{}", key.id);
    app.master().patch(&path, json!({ "label": "y" })).await.expect(200);
    assert_eq!(passing(&app.holder(&key), SESSIONS, 1).await, 0, "a change does not end it");
}

#[tokio::test]
async fn a_limit_has_its_bounds() {
    let app = TestApp::start().await;
    let key = app.key(&["*"]).await;
    for bad in [json!(10_000_001), json!(-1), json!(1.5), json!("5"), json!(4_294_967_296_u64)] {
        let path = format!("/admin/keys/{}", key.id);
        let answer = app.master().patch(&path, json!({ "rateLimit": bad })).await.expect(400);
        assert!(answer.text_at("/error").starts_with("rateLimit: "), "{answer:?}");
        let answer = app.master().send("PUT", "/admin/settings", Some(json!({ "msgRateLimit": bad }))).await;
        assert!(answer.expect(400).text_at("/error").starts_with("msgRateLimit: "));
    }
    let body = json!({ "label": "x", "lifetimeDays": 1, "scopes": ["*"], "rateLimit": 10_000_001 });
    app.master().post("/admin/keys", body).await.refused(400, "rateLimit: must be 0 to 10000000");
}
