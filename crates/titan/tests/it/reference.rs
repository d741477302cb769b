//! Every request and response of the two pages on keys, as printed. What a page shows as an example value (an id,
//! a key, a time) is checked by its form.

use crate::support::app::MadeKey;
use crate::support::{Answer, TestApp};
use serde_json::{Value, json};

/// Checks a printed answer: the printed fields with the printed values, ids, keys and times by their form.
#[track_caller]
fn shows(actual: &Value, printed: &Value) {
    for (field, expected) in printed.as_object().unwrap() {
        let value = &actual[field];
        match (field.as_str(), expected.as_str()) {
            ("id", _) => assert!(is_key_id(value), "{actual}"),
            ("key", _) => assert!(is_key(value), "{actual}"),
            ("createdAt" | "expiresAt", _) => assert!(is_time(value), "{actual}"),
            _ => assert_eq!(value, expected, "{field} in {actual}"),
        }
    }
}

fn is_key_id(value: &Value) -> bool {
    value.as_str().is_some_and(|id| id.len() == 30 && id.starts_with("key_"))
}

fn is_key(value: &Value) -> bool {
    value.as_str().is_some_and(|key| key.len() == 104 && key.starts_with("titan_A"))
}

fn is_time(value: &Value) -> bool {
    value.as_str().is_some_and(|time| time.len() == 20 && time.ends_with('Z') && &time[10..11] == "T")
}

fn seconds(answer: &Answer, pointer: &str) -> i64 {
    titan_core::time::Timestamp::parse(&answer.text_at(pointer)).unwrap().secs()
}

async fn production_backend(app: &TestApp) -> Answer {
    let body = json!({
        "label": "production-backend", "lifetimeDays": 90,
        "scopes": ["messages:write", "sessions:manage", "webhooks:manage"],
    });
    app.master().post("/admin/keys", body).await
}

#[tokio::test]
async fn admin_create_a_key() {
    let app = TestApp::start().await;
    let answer = production_backend(&app).await.expect(201);
    let printed = json!({
        "id": "", "key": "", "label": "production-backend",
        "scopes": ["messages:write", "sessions:manage", "webhooks:manage"],
        "isActive": true, "createdAt": "", "expiresAt": "",
    });
    shows(&answer.at("/data"), &printed);
    assert_eq!(seconds(&answer, "/data/expiresAt") - seconds(&answer, "/data/createdAt"), 90 * 86_400);
    assert_eq!(answer.header("cache-control"), "no-store");
    assert_eq!(answer.header("content-type"), "application/json");
}

#[tokio::test]
async fn admin_list_all_keys_and_get_a_key() {
    let app = TestApp::start().await;
    let made = production_backend(&app).await;
    let printed = json!({
        "id": "", "label": "production-backend", "scopes": ["messages:write", "sessions:manage", "webhooks:manage"],
        "isActive": true, "createdAt": "", "expiresAt": "",
    });
    let list = app.master().get("/admin/keys").await.expect(200);
    shows(&list.at("/data/0"), &printed);
    let id = made.text_at("/data/id");
    let one = app.master().get(&format!("/admin/keys/{id}")).await.expect(200);
    shows(&one.at("/data"), &printed);
    assert_eq!(one.at("/data/id"), json!(id));
    for answer in [list, one] {
        assert!(!answer.text.contains(&made.text_at("/data/key")), "a key is shown once");
    }
}

#[tokio::test]
async fn admin_update_a_key() {
    let app = TestApp::start().await;
    let id = production_backend(&app).await.text_at("/data/id");
    let body = json!({ "label": "production-backend-v2", "isActive": true });
    let answer = app.master().send("PUT", &format!("/admin/keys/{id}"), Some(body)).await.expect(200);
    let printed = json!({
        "id": "", "label": "production-backend-v2",
        "scopes": ["messages:write", "sessions:manage", "webhooks:manage"],
        "isActive": true, "createdAt": "", "expiresAt": "",
    });
    shows(&answer.at("/data"), &printed);
}

#[tokio::test]
async fn admin_rotate_a_key() {
    let app = TestApp::start().await;
    let old = MadeKey::of(&production_backend(&app).await);
    let answer = app.master().send("POST", &format!("/admin/keys/{}/rotate", old.id), None).await.expect(200);
    let printed = json!({
        "id": "", "key": "", "label": "production-backend",
        "scopes": ["messages:write", "sessions:manage", "webhooks:manage"],
        "isActive": true, "createdAt": "", "expiresAt": "",
    });
    shows(&answer.at("/data"), &printed);
    let new = MadeKey::of(&answer);
    assert_ne!((&new.id, &new.text), (&old.id, &old.text));
    assert_eq!(seconds(&answer, "/data/expiresAt") - seconds(&answer, "/data/createdAt"), 90 * 86_400);
    assert_eq!((app.code(&old).await, app.code(&new).await), ("REVOKED".to_owned(), "VALID".to_owned()));
}

#[tokio::test]
async fn admin_delete_a_key() {
    let app = TestApp::start().await;
    let key = MadeKey::of(&production_backend(&app).await);
    let answer = app.master().delete(&format!("/admin/keys/{}", key.id)).await.expect(204);
    assert_eq!(answer.text, "");
    assert_eq!(app.code(&key).await, "REVOKED");
    app.master().get(&format!("/admin/keys/{}", key.id)).await.refused(404, "key not found");
}

/// The page's own id is no id of any key: 24 characters.
#[tokio::test]
async fn the_printed_id_is_unknown() {
    let app = TestApp::start().await;
    app.master().get("/admin/keys/key_01jz4xkq0000000000000000").await.refused(404, "key not found");
}

async fn manager(app: &TestApp) -> crate::support::Role {
    let scopes = ["keys:manage", "sessions:manage", "messages:write", "webhooks:manage"];
    app.holder(&app.key(&scopes).await)
}

fn production_bot() -> Value {
    json!({
        "label": "production-bot", "lifetimeDays": 30,
        "scopes": ["sessions:manage", "messages:write", "webhooks:manage"],
    })
}

#[tokio::test]
async fn account_create_a_key() {
    let app = TestApp::start().await;
    let answer = manager(&app).await.post("/api/account/keys", production_bot()).await.expect(201);
    let printed = json!({
        "id": "", "key": "", "label": "production-bot",
        "scopes": ["sessions:manage", "messages:write", "webhooks:manage"], "createdAt": "", "expiresAt": "",
    });
    shows(&answer.at("/data"), &printed);
    assert_eq!(seconds(&answer, "/data/expiresAt") - seconds(&answer, "/data/createdAt"), 30 * 86_400);
    assert_eq!(answer.header("cache-control"), "no-store");
}

#[tokio::test]
async fn account_update_by_patch() {
    let app = TestApp::start().await;
    let manager = manager(&app).await;
    let key = MadeKey::of(&manager.post("/api/account/keys", production_bot()).await);
    let path = format!("/api/account/keys/{}", key.id);
    let answer = manager.patch(&path, json!({ "label": "renamed" })).await.expect(200);
    assert_eq!((answer.at("/data/label"), answer.at("/data/isActive")), (json!("renamed"), json!(true)));
    let answer = manager.patch(&path, json!({ "isActive": false })).await.expect(200);
    assert_eq!((answer.at("/data/label"), answer.at("/data/isActive")), (json!("renamed"), json!(false)));
    assert_eq!(app.code(&key).await, "DISABLED");
}

#[tokio::test]
async fn account_rotate_a_key() {
    let app = TestApp::start().await;
    let manager = manager(&app).await;
    let old = MadeKey::of(&manager.post("/api/account/keys", production_bot()).await);
    let path = format!("/api/account/keys/{}/rotate", old.id);
    let answer = manager.send("POST", &path, None).await.expect(200);
    let printed = json!({
        "id": "", "key": "", "label": "production-bot",
        "scopes": ["sessions:manage", "messages:write", "webhooks:manage"], "createdAt": "", "expiresAt": "",
    });
    shows(&answer.at("/data"), &printed);
    assert_eq!(app.code(&old).await, "REVOKED");
    assert_eq!(app.code(&MadeKey::of(&answer)).await, "VALID");
}

#[tokio::test]
async fn authenticate_as_printed() {
    let app = TestApp::start().await;
    let key = app.key(&["sessions:read"]).await;
    app.holder(&key).get("/api/sessions").await.expect(200);
}

#[tokio::test]
async fn the_printed_errors() {
    let app = TestApp::start().await;
    let answer = app.nobody().get("/api/sessions").await.expect(401);
    assert_eq!(answer.text, r#"{"error":"missing api key","code":"missing_api_key"}"#);
    let key = app.key(&["sessions:read"]).await;
    let body = json!({ "chatId": "1", "text": "x" });
    let answer = app.holder(&key).post("/api/sessions/default/messages/send", body).await.expect(403);
    assert_eq!(
        answer.text,
        r#"{"error":"insufficient scope: messages:write required","code":"insufficient_scope"}"#
    );
}

/// Both scope tables: each name can be granted, and comes back in the order in which it was asked for.
#[tokio::test]
async fn every_printed_scope_can_be_granted() {
    let scopes = [
        "media:manage",
        "media:read",
        "webhooks:manage",
        "profile:write",
        "profile:read",
        "labels:manage",
        "labels:read",
        "presence:write",
        "presence:read",
        "status:write",
        "channels:manage",
        "channels:read",
        "groups:manage",
        "groups:read",
        "contacts:manage",
        "contacts:read",
        "chats:manage",
        "chats:read",
        "messages:write",
        "sessions:manage",
        "sessions:read",
        "*",
    ];
    let app = TestApp::start().await;
    let key = app.key(&scopes).await;
    let answer = app.master().get(&format!("/admin/keys/{}", key.id)).await;
    assert_eq!(answer.at("/data/scopes"), json!(scopes));
}
