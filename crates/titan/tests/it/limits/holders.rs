//! Nobody gets around a limit with the key that has it.

use super::{SESSIONS, limited, passing};
use crate::support::TestApp;
use serde_json::json;

const KEYS: &str = "/api/account/keys";

#[tokio::test]
async fn a_limited_key_makes_none_that_is_limited_less() {
    let app = TestApp::start().await;
    let holder = app.holder(&limited(&app, 5).await);
    let body = |limit| json!({ "label": "x", "lifetimeDays": 1, "scopes": ["*"], "rateLimit": limit });
    let text = "rateLimit: must be 1 to 5, as the calling key has this limit";
    for limit in [0, 6] {
        holder.post(KEYS, body(limit)).await.refused(400, text);
    }
    assert_eq!(holder.post(KEYS, body(4)).await.expect(201).at("/data/rateLimit"), 4);
    let unsaid = json!({ "label": "x", "lifetimeDays": 1, "scopes": ["*"] });
    assert_eq!(holder.post(KEYS, unsaid).await.expect(201).at("/data/rateLimit"), 5);
}

#[tokio::test]
async fn a_limited_key_raises_no_limit_and_takes_no_key_that_has_none() {
    let app = TestApp::start().await;
    let (own, free) = (limited(&app, 5).await, app.key(&["*"]).await);
    let holder = app.holder(&own);
    let text = "rateLimit: must be 1 to 5, as the calling key has this limit";
    for limit in [0, 6] {
        let path = format!("{KEYS}/{}", own.id);
        holder.patch(&path, json!({ "rateLimit": limit })).await.refused(400, text);
    }
    holder.send("POST", &format!("{KEYS}/{}/rotate", free.id), None).await.refused(400, text);
    let lower = holder.patch(&format!("{KEYS}/{}", own.id), json!({ "rateLimit": 3 })).await.expect(200);
    assert_eq!(lower.at("/data/rateLimit"), 3);
    assert_eq!(passing(&holder, SESSIONS, 6).await, 3);
    let rotated = holder.send("POST", &format!("{KEYS}/{}/rotate", own.id), None).await.expect(200);
    assert_eq!(rotated.at("/data/rateLimit"), 3);
}

#[tokio::test]
async fn a_key_without_keys_manage_changes_no_limit() {
    let app = TestApp::start().await;
    let made = app.key(&["sessions:read"]).await;
    let path = format!("{KEYS}/{}", made.id);
    for body in [json!({ "rateLimit": 1 }), json!({ "isActive": false, "rateLimit": 1 })] {
        app.holder(&made).patch(&path, body).await.expect(403);
    }
}
