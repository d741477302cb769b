//! `POST /auth/verify`

use crate::support::TestApp;
use serde_json::{Value, json};

#[tokio::test]
async fn a_good_key_is_described() {
    let app = TestApp::start().await;
    let key = app.key(&["webhooks:manage", "messages:write"]).await;
    let told = app.verify(&key.text).await;
    let row = app.master().get(&format!("/admin/keys/{}", key.id)).await;
    let expected = json!({
        "valid": true, "code": "VALID", "keyId": key.id, "tenantId": 1,
        "scopes": ["webhooks:manage", "messages:write"], "label": "test",
        "expiresAt": row.at("/data/expiresAt"), "rateLimit": null,
    });
    assert_eq!(told, expected);
}

#[tokio::test]
async fn a_label_is_never_older_than_the_last_answer() {
    let app = TestApp::start().await;
    let key = app.key(&["*"]).await;
    for round in 0..20 {
        let label = format!("label {round}");
        app.master().patch(&format!("/admin/keys/{}", key.id), json!({ "label": label })).await.expect(200);
        assert_eq!(app.verify(&key.text).await["label"], label);
    }
}

#[tokio::test]
async fn scopes_and_routes_can_be_asked_for() {
    let app = TestApp::start().await;
    let key = app.key(&["sessions:manage"]).await.text;
    let ask = async |body: Value| app.master().post("/auth/verify", body).await.expect(200).at("/data/code");
    assert_eq!(ask(json!({ "key": key, "scopes": ["sessions:read"] })).await, "VALID");
    assert_eq!(
        ask(json!({ "key": key, "scopes": ["sessions:read", "chats:read"] })).await,
        "INSUFFICIENT_SCOPE"
    );
    let route = |method: &str, path: &str| json!({ "key": key, "method": method, "path": path });
    assert_eq!(ask(route("POST", "/api/sessions")).await, "VALID");
    assert_eq!(ask(route("GET", "/api/sessions/x/chats?limit=1")).await, "INSUFFICIENT_SCOPE");
    assert_eq!(ask(route("GET", "/nowhere")).await, "INSUFFICIENT_SCOPE");
    let all = json!({ "key": key, "cost": 1, "ip": "127.0.0.1", "method": "GET", "path": "/api/sessions" });
    assert_eq!(ask(all).await, "VALID");
}

#[tokio::test]
async fn bad_questions() {
    let app = TestApp::start().await;
    let ask = async |body: Value| app.master().post("/auth/verify", body).await;
    ask(json!({})).await.refused(400, "missing required field: key");
    ask(json!({ "key": "x", "scopes": ["no:such"] })).await.refused(400, "unknown scope: no:such");
    ask(json!({ "key": "x", "method": "GET" })).await.refused(400, "method, path: go only together");
    ask(json!({ "key": "x", "keys": 1 })).await.expect(400);
    ask(json!({ "key": "x", "ip": "nonsense" })).await.expect(400);
    ask(json!({ "key": "x", "cost": -1 })).await.expect(400);
    let key = app.key(&["*"]).await.text;
    let answer = ask(json!({ "key": key, "method": "GET", "path": "/a/../b" })).await;
    answer.refused(400, "path: must not contain . or .. segments");
    ask(json!({ "key": "x".repeat(70_000) })).await.refused(413, "body: must be at most 65536 bytes");
    app.master().send("POST", "/auth/verify", None).await.expect(415);
    let answer = app.master().get("/auth/verify").await.refused(405, "method not allowed");
    assert_eq!(answer.header("allow"), "POST");
}

#[tokio::test]
async fn a_key_with_the_scope_may_ask_about_its_own_tenant() {
    let app = TestApp::start().await;
    let asker = app.holder(&app.key(&["keys:verify"]).await);
    let ours = app.key(&["*"]).await;
    let theirs = app.key_of(app.tenant("other").await, &["*"]).await;
    let code =
        async |key: &str| asker.post("/auth/verify", json!({ "key": key })).await.expect(200).at("/data");
    assert_eq!(code(&ours.text).await["code"], "VALID");
    let told = code(&theirs.text).await;
    assert_eq!(
        (&told["code"], &told["keyId"], &told["label"]),
        (&json!("INVALID"), &Value::Null, &Value::Null)
    );
}
