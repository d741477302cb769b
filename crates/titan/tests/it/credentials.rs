//! The same fixed texts, statuses and challenges from the account API, the gateway and `/auth/verify`.

use crate::support::app::MadeKey;
use crate::support::{Answer, TestApp};
use serde_json::json;

/// Presents a credential on each surface that takes one.
async fn everywhere(app: &TestApp, credential: Option<&str>) -> Vec<Answer> {
    let role = app.role(credential);
    vec![
        role.get("/api/account/keys").await,
        role.get("/api/sessions").await,
        role.post("/auth/verify", json!({ "key": "titan_x" })).await,
    ]
}

#[track_caller]
fn all_refused(answers: Vec<Answer>, text: &str, code: &str) {
    for answer in answers {
        let answer = answer.refused(401, text);
        assert_eq!(answer.at("/code"), code);
        let challenge = match code {
            "missing_api_key" => r#"Bearer realm="titan""#.to_owned(),
            _ => format!(r#"Bearer realm="titan", error="invalid_token", error_description="{text}""#),
        };
        assert_eq!(answer.header("www-authenticate"), challenge);
    }
}

#[tokio::test]
async fn no_credential() {
    let app = TestApp::start().await;
    all_refused(everywhere(&app, None).await, "missing api key", "missing_api_key");
}

#[tokio::test]
async fn garbled_credentials() {
    let app = TestApp::start().await;
    let key = app.key(&["*"]).await.text;
    let spare_bits = format!("{}{}", &key[..103], "B");
    for garbled in ["x", "titan_", "titan_AAAB", &key[..103], &format!("{key}A"), &key.to_uppercase()] {
        all_refused(everywhere(&app, Some(garbled)).await, "malformed api key", "malformed_api_key");
    }
    app.role(Some("titan_ct_x.y.z")).get("/api/sessions").await.refused(401, "invalid token");
    assert!(["MALFORMED", "INVALID"].contains(&app.verify(&spare_bits).await["code"].as_str().unwrap()));
    assert_eq!(app.verify("").await["code"], "MALFORMED");
}

#[tokio::test]
async fn forged_credentials_and_shapes_nobody_knows() {
    let app = TestApp::start().await;
    let key = app.key(&["*"]).await.text;
    let other = if key.as_bytes()[50] == b'A' { 'B' } else { 'A' };
    let forged = format!("{}{other}{}", &key[..50], &key[51..]);
    let opaque = format!("whm_{}", "a".repeat(32));
    let legacy = format!("titan_{}", "0".repeat(64));
    let moved = key.replace("titan_", "titan_sk_live_");
    for credential in [&forged, &opaque, &legacy, &moved] {
        all_refused(everywhere(&app, Some(credential)).await, "invalid api key", "invalid_api_key");
        assert_eq!(app.verify(credential).await["code"], "INVALID");
    }
}

#[tokio::test]
async fn revoked_and_disabled_keys() {
    let app = TestApp::start().await;
    let key = app.key(&["*"]).await;
    let path = format!("/admin/keys/{}", key.id);
    app.master().patch(&path, json!({ "isActive": false })).await.expect(200);
    all_refused(everywhere(&app, Some(&key.text)).await, "api key disabled", "api_key_disabled");
    assert_eq!(app.code(&key).await, "DISABLED");
    app.master().patch(&path, json!({ "isActive": true })).await.expect(200);
    assert_eq!(app.code(&key).await, "VALID");
    app.master().delete(&path).await.expect(204);
    all_refused(everywhere(&app, Some(&key.text)).await, "api key revoked", "api_key_revoked");
    let told = app.verify(&key.text).await;
    assert_eq!((&told["code"], &told["valid"]), (&json!("REVOKED"), &json!(false)));
    assert_eq!(told["keyId"], key.id, "a key whose MAC holds may be named to who may ask");
}

#[tokio::test]
async fn expired_keys() {
    let app = TestApp::start().await;
    let key = app.key(&["*"]).await;
    app.clock.advance(30 * 86_400 - 60);
    assert_eq!(app.code(&key).await, "VALID");
    app.clock.advance(60);
    all_refused(everywhere(&app, Some(&key.text)).await, "api key expired", "api_key_expired");
    assert_eq!(app.code(&key).await, "EXPIRED");
}

#[tokio::test]
async fn too_few_scopes() {
    let app = TestApp::start().await;
    let key = app.holder(&app.key(&["messages:write"]).await);
    for (answer, scope) in [
        (key.get("/api/account/keys").await, "keys:manage"),
        (key.get("/api/sessions").await, "sessions:read"),
        (key.post("/auth/verify", json!({ "key": "x" })).await, "keys:verify"),
    ] {
        let answer = answer.refused(403, &format!("insufficient scope: {scope} required"));
        let challenge = format!(r#"Bearer realm="titan", error="insufficient_scope", scope="{scope}""#);
        assert_eq!(answer.header("www-authenticate"), challenge);
    }
}

#[tokio::test]
async fn either_header_and_both_if_they_agree() {
    let app = TestApp::start().await;
    let (a, b) = (app.key(&["*"]).await, app.key(&["*"]).await);
    for path in ["/api/account/keys", "/api/sessions"] {
        let send = async |request: reqwest::RequestBuilder| Answer::read(request.send().await.unwrap()).await;
        send(app.nobody().request("GET", path).header("x-api-key", &a.text)).await.expect(200);
        send(app.holder(&a).request("GET", path).header("x-api-key", &a.text)).await.expect(200);
        send(app.holder(&a).request("GET", path).header("x-api-key", &b.text))
            .await
            .refused(401, "conflicting credentials");
        send(app.holder(&a).request("GET", path).header("authorization", format!("Bearer {}", b.text)))
            .await
            .refused(401, "conflicting credentials");
        send(app.nobody().request("GET", &format!("{path}?api_key={}&key={}", a.text, a.text)))
            .await
            .refused(401, "missing api key");
    }
}

#[tokio::test]
async fn the_wrong_kind_of_credential() {
    let app = TestApp::start().await;
    let god: MadeKey = app.key(&["*"]).await;
    app.holder(&god).get("/admin/keys").await.refused(403, "master key required");
    app.master().get("/api/account/keys").await.refused(403, "api key required");
    app.master().get("/api/sessions").await.refused(403, "api key required");
    app.nobody().get("/admin/keys").await.refused(401, "missing master key");
    app.role(Some("wrong")).get("/admin/keys").await.refused(401, "invalid master key");
    app.role(Some(&crate::support::app::MASTER_KEY[1..]))
        .get("/admin/keys")
        .await
        .refused(401, "invalid master key");
}
