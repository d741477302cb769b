//! `X-Titan-Identity`: who asks, signed for the upstream.

use crate::support::app::MadeKey;
use crate::support::upstream::header;
use crate::support::{Answer, Role, TestApp};
use aws_lc_rs::signature::{ED25519, UnparsedPublicKey};
use base64_simd::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

const SESSIONS: &str = "/api/sessions";
const AUDIENCE: &str = "https://api.example";

async fn app() -> TestApp {
    TestApp::with(|config| config.identity_audience = Some(AUDIENCE.to_owned())).await
}

async fn token(app: &TestApp, role: &Role, path: &str) -> String {
    role.get(path).await.expect(200);
    header(&app.upstream.take()[0], "x-titan-identity").remove(0)
}

fn part(token: &str, place: usize) -> Value {
    let part = token.split('.').nth(place).unwrap();
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode_to_vec(part).unwrap()).unwrap()
}

/// Checks it as an upstream does: by the JWKS alone.
async fn verified(app: &TestApp, token: &str) -> Value {
    let head = part(token, 0);
    assert_eq!((&head["alg"], &head["typ"]), (&json!("EdDSA"), &json!("titan-identity+jwt")));
    let jwks = app.nobody().get("/.well-known/jwks.json").await.expect(200).json();
    let key = jwks["keys"].as_array().unwrap().iter().find(|key| key["kid"] == head["kid"]).unwrap();
    let key = URL_SAFE_NO_PAD.decode_to_vec(key["x"].as_str().unwrap()).unwrap();
    let (signed, signature) = token.rsplit_once('.').unwrap();
    let signature = URL_SAFE_NO_PAD.decode_to_vec(signature).unwrap();
    UnparsedPublicKey::new(&ED25519, key).verify(signed.as_bytes(), &signature).unwrap();
    part(token, 1)
}

#[tokio::test]
async fn the_upstream_can_check_who_asks() {
    let app = app().await;
    let key = app.key(&["sessions:read"]).await;
    let claims = verified(&app, &token(&app, &app.holder(&key), "/api/sessions/one").await).await;
    assert_eq!((&claims["iss"], &claims["aud"]), (&json!("titan"), &json!(AUDIENCE)));
    assert_eq!((&claims["sub"], &claims["key"]), (&json!(key.id), &json!(key.id)));
    assert_eq!((&claims["tenant"], &claims["scope"]), (&json!(1), &json!("sessions:read")));
    assert_eq!(claims["session"], "one");
    assert_eq!(claims["exp"].as_u64().unwrap() - claims["iat"].as_u64().unwrap(), 60);
}

/// Many tokens are kept, and a path can name a session of 64 KiB.
#[tokio::test]
async fn a_session_with_a_long_name_is_left_out() {
    let app = app().await;
    let one = app.holder(&app.key(&["*"]).await);
    let longest = "a".repeat(256);
    let session = async |name: &str| {
        verified(&app, &token(&app, &one, &format!("{SESSIONS}/{name}")).await).await["session"].clone()
    };
    assert_eq!(session(&longest).await, longest);
    assert_eq!(session(&format!("{longest}a")).await, Value::Null);
    // Of 256 bytes, not of 256 characters.
    assert_eq!(session(&"%C3%A9".repeat(128)).await, "é".repeat(128));
    assert_eq!(session(&"%C3%A9".repeat(129)).await, Value::Null);
}

#[tokio::test]
async fn of_a_user_and_its_keys_the_user_is_the_subject() {
    let app = app().await;
    let ada = app.person("ada@example.com", "owner").await;
    let claims = verified(&app, &token(&app, &app.as_person(&ada), SESSIONS).await).await;
    assert_eq!((&claims["sub"], &claims["key"]), (&json!(ada.id), &Value::Null));
    let made = app.as_person(&ada).post("/api/api-keys", json!({ "name": "x" })).await.expect(200);
    let key = MadeKey { id: made.text_at("/data/id"), text: made.text_at("/data/key") };
    let claims = verified(&app, &token(&app, &app.holder(&key), SESSIONS).await).await;
    assert_eq!(claims["sub"], json!(ada.id));
    assert!(claims["key"].as_str().unwrap().starts_with("key_"));
}

#[tokio::test]
async fn a_token_is_used_again_for_a_while_and_never_for_somebody_else() {
    let app = app().await;
    let (one, other) = (app.holder(&app.key(&["*"]).await), app.holder(&app.key(&["*"]).await));
    let first = token(&app, &one, SESSIONS).await;
    assert_eq!(token(&app, &one, SESSIONS).await, first);
    assert_ne!(token(&app, &other, SESSIONS).await, first);
    assert_ne!(token(&app, &one, "/api/sessions/a").await, token(&app, &one, "/api/sessions/b").await);
    app.clock.advance(31);
    let second = token(&app, &one, SESSIONS).await;
    assert_ne!(second, first);
    app.clock.advance(-31);
    assert_ne!(token(&app, &one, SESSIONS).await, second, "a clock that was set back");
}

#[tokio::test]
async fn a_new_signing_key_signs_it_at_once_and_a_retired_one_is_not_in_the_jwks() {
    let app = app().await;
    let (key, master) = (app.key(&["*"]).await, app.master());
    let old = part(&token(&app, &app.holder(&key), SESSIONS).await, 0)["kid"].clone();
    master.post("/admin/signing-keys", json!({})).await.expect(201);
    let new = token(&app, &app.holder(&key), SESSIONS).await;
    assert_ne!(part(&new, 0)["kid"], old);
    verified(&app, &new).await;
    master.delete("/admin/signing-keys/0").await.expect(204);
    let jwks = app.nobody().get("/.well-known/jwks.json").await.expect(200).text;
    assert!(!jwks.contains(old.as_str().unwrap()), "{jwks}");
}

#[tokio::test]
async fn it_opens_nothing_at_titan_itself() {
    let app = app().await;
    let key = app.key(&["*"]).await;
    let identity = token(&app, &app.holder(&key), SESSIONS).await;
    for path in [SESSIONS, "/api/account/keys", "/api/v1/auth/session", "/admin/keys"] {
        assert_eq!(app.role(Some(&identity)).get(path).await.status, 401, "{path}");
    }
    let ask = app.master().request("POST", "/oauth2/introspect").form(&[("token", &identity)]);
    assert_eq!(Answer::read(ask.send().await.unwrap()).await.expect(200).at("/active"), json!(false));
}

#[tokio::test]
async fn without_an_audience_it_is_empty_and_no_claim_of_a_client_survives() {
    for (audience, is_empty) in [(None, true), (Some(AUDIENCE.to_owned()), false)] {
        let app = TestApp::with(|config| config.identity_audience = audience).await;
        let holder = app.holder(&app.key(&["*"]).await);
        for name in ["x-titan-identity", "X-Titan_Identity"] {
            let request = holder.request("GET", SESSIONS).header(name, "eyJ.forged.x");
            Answer::read(request.send().await.unwrap()).await.expect(200);
            let seen = &app.upstream.take()[0];
            assert!(!seen.to_string().contains("forged"), "{seen}");
            assert_eq!(header(seen, "x-titan-identity")[0].is_empty(), is_empty);
        }
    }
}
