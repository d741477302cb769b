//! `/oauth2`: a holder ends its own credential (RFC 7009), and others ask what one is (RFC 7662).

use crate::support::app::{MASTER_KEY, MadeKey};
use crate::support::people::Person;
use crate::support::{Answer, Role, TestApp};
use serde_json::{Value, json};

/// A role sends a form with a token.
async fn form(role: &Role, path: &str, token: &str) -> Answer {
    Answer::read(role.request("POST", path).form(&[("token", token)]).send().await.unwrap()).await
}

async fn revoke(app: &TestApp, token: &str) -> Answer {
    form(&app.nobody(), "/oauth2/revoke", token).await.expect(200)
}

async fn introspect(app: &TestApp, token: &str) -> Value {
    form(&app.master(), "/oauth2/introspect", token).await.expect(200).json()
}

async fn opaque(app: &TestApp, person: &Person) -> MadeKey {
    let answer = app.as_person(person).post("/api/api-keys", json!({ "name": "x" })).await.expect(200);
    MadeKey::of(&answer)
}

/// What is no credential of ours changes nothing, and nobody learns why.
#[tokio::test]
async fn what_is_no_living_credential_is_nothing_to_end() {
    let app = TestApp::start().await;
    let key = app.key(&["*"]).await;
    let mut forged = key.text.clone();
    let last = if forged.pop() == Some('A') { 'Q' } else { 'A' };
    forged.push(last);
    let opaque = format!("whm_{}", "0".repeat(32));
    for text in ["nonsense", &forged, &opaque, "eyJhbGciOiJub25lIn0.e30.", &"x".repeat(10_000), &key.id] {
        let answer = revoke(&app, text).await;
        assert_eq!((answer.header("titan-revocation"), &*answer.text), ("", ""), "{text}");
    }
    assert_eq!(app.code(&key).await, "VALID");
    app.clock.advance(31 * 86_400);
    let answer = revoke(&app, &key.text).await;
    assert_eq!(answer.header("titan-revocation"), "", "it has expired");
}

#[tokio::test]
async fn what_is_no_request_is_refused_in_the_words_of_oauth() {
    let app = TestApp::start().await;
    let key = app.key(&["keys:verify"]).await;
    for (path, role) in [("/oauth2/revoke", app.nobody()), ("/oauth2/introspect", app.master())] {
        let sent = async |kind: &str, body: String| {
            let request = role.request("POST", path).header("content-type", kind).body(body);
            Answer::read(request.send().await.unwrap()).await
        };
        let kind = "application/x-www-form-urlencoded";
        for (kind, body, status) in [
            (kind, String::new(), 400),
            (kind, "token=".to_owned(), 400),
            (kind, "token=a&token=b".to_owned(), 400),
            ("application/json", json!({ "token": key.text }).to_string(), 415),
            (kind, format!("token={}", "x".repeat(70_000)), 413),
        ] {
            let answer = sent(kind, body).await.expect(status);
            assert_eq!(answer.text_at("/error"), "invalid_request", "{path}: {answer:?}");
            assert!(!answer.text_at("/error_description").is_empty());
        }
        let kind = "application/x-www-form-urlencoded; charset=utf-8";
        sent(kind, "token=x&token_type_hint=access_token&foo=bar".to_owned()).await.expect(200);
        role.get(path).await.expect(405);
        let in_url = role.request("POST", &format!("{path}?token={}", key.text));
        Answer::read(in_url.form(&[("x", "y")]).send().await.unwrap()).await.expect(400);
    }
    let answer = form(&app.nobody(), "/oauth2/revoke", MASTER_KEY).await.expect(400);
    assert!(answer.text_at("/error_description").contains("configuration"), "{answer:?}");
    assert_eq!(app.code(&key).await, "VALID");
}

#[tokio::test]
async fn a_holder_ends_its_key_and_no_other() {
    let app = TestApp::start().await;
    let parent = app.key(&["keys:manage"]).await;
    let body = json!({ "label": "child", "lifetimeDays": 1, "scopes": ["keys:manage"] });
    let child = MadeKey::of(&app.holder(&parent).post("/api/account/keys", body).await.expect(201));
    let answer = revoke(&app, &parent.text).await;
    assert!(answer.header("titan-revocation").contains("applied="), "{answer:?}");
    assert_eq!((app.code(&parent).await, app.code(&child).await), ("REVOKED".to_owned(), "VALID".to_owned()));
    app.master().get(&format!("/admin/keys/{}", parent.id)).await.expect(404);
    let again = revoke(&app, &parent.text).await;
    assert!(again.header("titan-revocation").contains("applied="), "in force, whoever ended it");
    let rows = app.master().get(&format!("/admin/audit?subject={}&action=key.delete", parent.id)).await;
    assert_eq!(rows.at("/data").as_array().unwrap().len(), 1, "{rows:?}");
    assert_eq!(rows.at("/data/0/actor"), json!(parent.id));
}

/// One that was leaked may be switched off already, or be on its way out. It must not come back.
#[tokio::test]
async fn a_key_that_is_off_or_retiring_is_ended_as_well() {
    let app = TestApp::start().await;
    let off = app.key(&["*"]).await;
    let path = format!("/admin/keys/{}", off.id);
    app.master().patch(&path, json!({ "isActive": false })).await.expect(200);
    revoke(&app, &off.text).await;
    app.master().patch(&path, json!({ "isActive": true })).await.expect(404);
    assert_eq!(app.code(&off).await, "REVOKED");
    let retiring = app.key(&["*"]).await;
    let path = format!("/admin/keys/{}/rotate", retiring.id);
    app.master().post(&path, json!({ "overlapSeconds": 3600 })).await.expect(200);
    assert_eq!(app.code(&retiring).await, "VALID");
    revoke(&app, &retiring.text).await;
    assert_eq!(app.code(&retiring).await, "REVOKED");
}

#[tokio::test]
async fn a_jwt_a_refresh_token_and_a_used_one_end_their_session() {
    let app = TestApp::start().await;
    let first = app.person("ada@example.com", "admin").await;
    let ended = async |person: &Person| {
        app.as_person(person).get("/api/v1/auth/session").await.expect(401);
        app.refresh(&person.refresh_token).await.expect(401);
    };
    let other = app.sign_in(first.id.clone(), &first.email).await;
    revoke(&app, &first.token).await;
    ended(&first).await;
    app.as_person(&other).get("/api/v1/auth/session").await.expect(200);
    revoke(&app, &other.refresh_token).await;
    ended(&other).await;
    let third = app.sign_in(first.id.clone(), &first.email).await;
    let fresh = app.refresh(&third.refresh_token).await.expect(200);
    revoke(&app, &third.refresh_token).await;
    ended(&third).await;
    app.role(Some(&fresh.text_at("/data/token"))).get("/api/v1/auth/session").await.expect(401);
    let lowered = app.sign_in(first.id.clone(), &first.email).await;
    let path = format!("/admin/tenants/1/members/{}", first.id);
    app.master().send("PUT", &path, Some(json!({ "role": "member" }))).await.expect(200);
    app.as_person(&lowered).get("/api/v1/auth/session").await.expect(401);
    revoke(&app, &lowered.token).await;
    app.refresh(&lowered.refresh_token).await.expect(401);
    let fourth = app.sign_in(first.id.clone(), &first.email).await;
    app.clock.advance(3600);
    assert_eq!(
        revoke(&app, &fourth.token).await.header("titan-revocation"),
        "",
        "an expired JWT ends nothing"
    );
    app.refresh(&fourth.refresh_token).await.expect(200);
}

#[tokio::test]
async fn an_opaque_key_and_a_key_of_a_user_are_ended_by_their_holder() {
    let app = TestApp::start().await;
    let person = app.person("ada@example.com", "admin").await;
    let key = opaque(&app, &person).await;
    assert_eq!(app.code(&key).await, "VALID");
    assert!(revoke(&app, &key.text).await.header("titan-revocation").contains("applied="));
    assert_ne!(app.code(&key).await, "VALID");
    let body = json!({ "name": "x", "scopes": ["tasks:read"] });
    let made = app.as_person(&person).post("/api/v1/api-keys", body).await.expect(201);
    let key = MadeKey { id: made.text_at("/id"), text: made.text_at("/key") };
    revoke(&app, &key.text).await;
    assert_eq!(app.code(&key).await, "REVOKED");
}

#[tokio::test]
async fn only_who_may_verify_keys_may_ask_and_only_about_its_own_tenant() {
    let app = TestApp::start().await;
    let (theirs, weak) = (app.key(&["sessions:read"]).await, app.key(&["sessions:read"]).await);
    let foreign = app.key_of(app.tenant("acme").await, &["keys:verify"]).await;
    let verifier = app.key(&["keys:verify"]).await;
    let ask = async |role: &Role| form(role, "/oauth2/introspect", &theirs.text).await;
    let answer = ask(&app.nobody()).await.expect(401);
    assert_eq!(answer.text_at("/error"), "invalid_token");
    assert!(answer.header("www-authenticate").starts_with("Bearer"));
    assert_eq!(ask(&app.holder(&weak)).await.expect(403).text_at("/error"), "insufficient_scope");
    assert_eq!(ask(&app.holder(&foreign)).await.expect(200).json(), json!({ "active": false }));
    assert_eq!(ask(&app.holder(&verifier)).await.expect(200).at("/active"), json!(true));
}

#[tokio::test]
async fn a_good_credential_says_what_it_is_and_any_other_nothing() {
    let app = TestApp::start().await;
    let key = app.key(&["messages:write", "sessions:read"]).await;
    let told = introspect(&app, &key.text).await;
    assert_eq!(told["scope"].as_str().unwrap().split(' ').count(), 2);
    assert!(told["scope"].as_str().unwrap().contains("messages:write"));
    assert_eq!(
        (&told["client_id"], &told["sub"], &told["jti"]),
        (&json!(key.id), &json!(key.id), &json!(key.id))
    );
    assert_eq!((&told["token_type"], &told["tenant"]), (&json!("Bearer"), &json!(1)));
    assert_eq!(told["exp"].as_i64().unwrap() - told["iat"].as_i64().unwrap(), 30 * 86_400);
    let person = app.person("ada@example.com", "admin").await;
    let told = introspect(&app, &person.token).await;
    assert_eq!((&told["sub"], &told["sid"]), (&json!(person.id), &json!(person.session)));
    assert_eq!(
        (&told["iss"], &told["aud"], &told["client_id"]),
        (&json!("titan"), &json!("titan"), &Value::Null)
    );
    let opaque = opaque(&app, &person).await;
    let told = introspect(&app, &opaque.text).await;
    assert_eq!(
        (&told["active"], &told["sub"], &told["exp"]),
        (&json!(true), &json!(person.id), &Value::Null)
    );
    let nothing = json!({ "active": false });
    for text in [MASTER_KEY, "nonsense", &person.refresh_token, &key.id] {
        assert_eq!(introspect(&app, text).await, nothing, "{text}");
    }
    revoke(&app, &key.text).await;
    revoke(&app, &person.token).await;
    for text in [&key.text, &person.token] {
        assert_eq!(introspect(&app, text).await, nothing);
    }
}
