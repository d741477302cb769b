//! Lines of requests that were refused, and of `/auth/verify`.

use super::Logged;
use crate::support::Role;
use crate::support::app::{MASTER_KEY, MadeKey};
use serde_json::{Value, json};
use titan_core::error::Code;

const ROUTE: &str = "/api/sessions";

/// Asserts status, code, key and route of a refused request's line.
#[track_caller]
fn assert_refused(line: &Value, code: Code, key: Option<&MadeKey>, route: Option<&str>) {
    let expected = json!([code.status(), code.slug(), key.map(|key| &key.id), key.map(|_| 1), route]);
    let found = json!([line["status"], line["code"], line["key_id"], line["tenant"], line["route"]]);
    assert_eq!(found, expected);
    assert_eq!(json!([line["upstream"], line["upstream_ms"], line["aborted"]]), json!([null, null, null]));
    assert!(line["bytes_out"].as_u64().unwrap() > 10 && line["total_ms"].is_number(), "{line}");
}

#[tokio::test]
async fn each_refusal_has_its_code_and_what_was_proven_of_the_key() {
    let logged = Logged::start().await;
    let app = &logged.app;
    let key = app.key(&["chats:read"]).await;
    let other = if key.text.as_bytes()[50] == b'A' { "B" } else { "A" };
    let forged = format!("{}{other}{}", &key.text[..50], &key.text[51..]);
    let get = async |role: Role| logged.line_of(&role, "GET", ROUTE).await;
    assert_refused(&get(app.nobody()).await, Code::MissingApiKey, None, None);
    assert_refused(&get(app.role(Some("titan_x"))).await, Code::MalformedApiKey, None, None);
    assert_refused(&get(app.role(Some(&forged))).await, Code::InvalidApiKey, None, None);
    assert_refused(&get(app.master()).await, Code::WrongCredential, None, None);
    assert_refused(&get(app.holder(&key)).await, Code::InsufficientScope, Some(&key), Some(ROUTE));
    let two = app.holder(&key).request("GET", ROUTE).header("x-api-key", "other");
    assert_refused(&logged.line(two).await, Code::ConflictingCredentials, None, None);
    let unknown = logged.line_of(&app.holder(&key), "GET", "/nowhere").await;
    assert_refused(&unknown, Code::RouteNotAllowed, Some(&key), None);
    let two_readings = logged.line_of(&app.holder(&key), "GET", "/api//sessions").await;
    assert_refused(&two_readings, Code::InvalidRequest, None, None);
}

#[tokio::test]
async fn a_key_that_was_taken_away_is_named() {
    let logged = Logged::start().await;
    let app = &logged.app;
    let [revoked, disabled, expired] = [app.key(&["*"]).await, app.key(&["*"]).await, app.key(&["*"]).await];
    app.master().delete(&format!("/admin/keys/{}", revoked.id)).await.expect(204);
    let off = json!({ "isActive": false });
    app.master().patch(&format!("/admin/keys/{}", disabled.id), off).await.expect(200);
    let get = async |key: &MadeKey| logged.line_of(&app.holder(key), "GET", ROUTE).await;
    assert_refused(&get(&revoked).await, Code::ApiKeyRevoked, Some(&revoked), None);
    assert_refused(&get(&disabled).await, Code::ApiKeyDisabled, Some(&disabled), None);
    app.clock.advance(31 * 86_400);
    assert_refused(&get(&expired).await, Code::ApiKeyExpired, Some(&expired), None);
}

#[tokio::test]
async fn a_path_that_no_upstream_serves_is_logged() {
    let logged = Logged::with(|config| config.upstreams.clear()).await;
    assert_refused(&logged.line_of(&logged.app.nobody(), "GET", ROUTE).await, Code::NotFound, None, None);
}

#[tokio::test]
async fn verify_is_logged_with_its_verdict_and_the_key_that_was_asked_about() {
    let logged = Logged::start().await;
    let app = &logged.app;
    let [good, revoked] = [app.key(&["chats:read"]).await, app.key(&["*"]).await];
    app.master().delete(&format!("/admin/keys/{}", revoked.id)).await.expect(204);
    let ask = async |body: Value| {
        let length = body.to_string().len();
        let line = logged.line(app.master().request("POST", "/auth/verify").json(&body)).await;
        assert_eq!(
            json!([line["method"], line["route"], line["status"]]),
            json!(["POST", "/auth/verify", 200])
        );
        assert_eq!(json!([line["bytes_in"], line["upstream"], line["aborted"]]), json!([length, null, null]));
        json!([line["code"], line["key_id"], line["tenant"]])
    };
    assert_eq!(ask(json!({ "key": good.text })).await, json!(["VALID", good.id, 1]));
    assert_eq!(ask(json!({ "key": revoked.text })).await, json!(["REVOKED", revoked.id, 1]));
    let lacking = json!({ "key": good.text, "scopes": ["sessions:read"] });
    assert_eq!(ask(lacking).await, json!(["INSUFFICIENT_SCOPE", good.id, 1]));
    assert_eq!(ask(json!({ "key": "titan_x" })).await, json!(["MALFORMED", null, null]));
    let opaque = json!({ "key": format!("whm_{}", "a".repeat(32)) });
    assert_eq!(ask(opaque).await, json!(["INVALID", null, null]));
}

/// What a caller may not learn, its line does not say either: a line is about what was answered.
#[tokio::test]
async fn verify_names_no_key_of_another_tenant() {
    let logged = Logged::start().await;
    let app = &logged.app;
    let foreign = app.key_of(app.tenant("other").await, &["*"]).await;
    let caller = app.key(&["keys:verify"]).await;
    let request = app.holder(&caller).request("POST", "/auth/verify").json(&json!({ "key": foreign.text }));
    let line = logged.line(request).await;
    assert_eq!(json!([line["code"], line["key_id"]]), json!(["INVALID", null]));
}

#[tokio::test]
async fn a_refused_call_of_verify_is_logged_with_its_caller() {
    let logged = Logged::start().await;
    let app = &logged.app;
    let route = Some("/auth/verify");
    let caller = app.key(&["chats:read"]).await;
    let call = |role: Role| role.request("POST", "/auth/verify").json(&json!({ "key": "titan_x" }));
    assert_refused(&logged.line(call(app.nobody())).await, Code::MissingApiKey, None, route);
    let lacking = logged.line(call(app.holder(&caller))).await;
    assert_refused(&lacking, Code::InsufficientScope, Some(&caller), route);
    app.master().delete(&format!("/admin/keys/{}", caller.id)).await.expect(204);
    assert_refused(&logged.line(call(app.holder(&caller))).await, Code::ApiKeyRevoked, Some(&caller), route);
    let get = logged.line_of(&app.master(), "GET", "/auth/verify").await;
    assert_refused(&get, Code::MethodNotAllowed, None, route);
    let malformed = app.master().request("POST", "/auth/verify").header("content-type", "application/json");
    assert_refused(&logged.line(malformed.body("{")).await, Code::InvalidRequest, None, route);
}

#[tokio::test]
async fn no_credential_and_no_query_is_in_any_line() {
    let logged = Logged::start().await;
    let app = &logged.app;
    let key = app.key(&["*"]).await.text;
    let secret = format!("?secret=hush-hush&key={key}&master={MASTER_KEY}");
    for role in [app.nobody(), app.master(), app.role(Some(&key))] {
        for path in ["/api/sessions", "/nowhere", "/auth/verify", "//x", "/api/sessions/hush-hush"] {
            logged.line(role.request("GET", &format!("{path}{secret}"))).await;
            let body = json!({ "key": key, "method": "GET", "path": format!("/api/sessions{secret}") });
            logged.line(role.request("POST", &format!("{path}{secret}")).json(&body)).await;
        }
    }
    let text = std::fs::read_to_string(logged.log.path()).unwrap();
    assert_eq!(text.lines().count(), 30);
    for secret in ["hush-hush", &key, &key[..40], MASTER_KEY, "secret", "?"] {
        assert!(!text.contains(secret), "{secret} is in the access log");
    }
}
