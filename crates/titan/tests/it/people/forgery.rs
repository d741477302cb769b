//! JWTs that nobody signed (RFC 8725).

use super::platform;
use crate::support::TestApp;
use base64_simd::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use titan_token::{JwtClaims, JwtId, JwtKey, JwtParty, ScopeNames, SigningSecret, TenantId, Uuid};

fn part(value: &Value) -> String {
    URL_SAFE_NO_PAD.encode_to_string(value.to_string().as_bytes())
}

fn header_of(token: &str) -> Value {
    let bytes = URL_SAFE_NO_PAD.decode_to_vec(token.split('.').next().unwrap().as_bytes()).unwrap();
    serde_json::from_slice(&bytes).unwrap()
}

async fn refused(app: &TestApp, token: &str, what: &str) {
    for path in ["/api/v1/tasks", "/api/v1/auth/session"] {
        let answer = app.role(Some(token)).get(path).await;
        assert_eq!(answer.status, 401, "{what}: {answer:?}");
    }
}

#[tokio::test]
async fn no_forged_jwt_passes() {
    let app = platform().await;
    let ada = app.person("ada@example.com", "owner").await;
    app.as_person(&ada).get("/api/v1/tasks").await.expect(200);
    let parts: Vec<&str> = ada.token.split('.').collect();
    let [header, payload, signature] = parts[..] else { panic!("three parts") };
    let kid = header_of(&ada.token)["kid"].clone();
    for (alg, signature) in [("none", ""), ("none", signature), ("HS256", signature), ("RS256", signature)] {
        let forged = part(&json!({ "alg": alg, "typ": "at+jwt", "kid": kid }));
        refused(&app, &format!("{forged}.{payload}.{signature}"), alg).await;
    }
    let jwks = app.nobody().get("/.well-known/jwks.json").await.expect(200);
    let public = URL_SAFE_NO_PAD.decode_to_vec(jwks.text_at("/keys/0/x").as_bytes()).unwrap();
    let forged = format!("{}.{payload}", part(&json!({ "alg": "HS256", "typ": "at+jwt", "kid": kid })));
    let mac = aws_lc_rs::hmac::sign(
        &aws_lc_rs::hmac::Key::new(aws_lc_rs::hmac::HMAC_SHA256, &public),
        forged.as_bytes(),
    );
    let forged = format!("{forged}.{}", URL_SAFE_NO_PAD.encode_to_string(mac.as_ref()));
    refused(&app, &forged, "HS256 with the public key").await;
    for extra in ["jku", "x5u", "jwk", "crit"] {
        let mut head = header_of(&ada.token);
        head[extra] = json!("https://evil.example/keys");
        refused(&app, &format!("{}.{payload}.{signature}", part(&head)), extra).await;
    }
    let mut claims: Value =
        serde_json::from_slice(&URL_SAFE_NO_PAD.decode_to_vec(payload.as_bytes()).unwrap()).unwrap();
    claims["tenant"] = json!(2);
    refused(&app, &format!("{header}.{}.{signature}", part(&claims)), "another tenant").await;
    refused(&app, &format!("{header}.{payload}."), "no signature").await;
    refused(&app, &format!("{header}.{payload}"), "two parts").await;
    refused(&app, &format!("{}.{payload}.{signature}", "A".repeat(60_000)), "a long one").await;
    app.as_person(&ada).get("/api/v1/tasks").await.expect(200);
}

/// Signed by a key that Titan does not have, and by one that it has under the name of another.
#[tokio::test]
async fn a_swapped_kid_finds_another_key() {
    let app = platform().await;
    let ada = app.person("ada@example.com", "owner").await;
    app.master().send("POST", "/admin/signing-keys", None).await.expect(201);
    let jwks = app.nobody().get("/.well-known/jwks.json").await.expect(200);
    assert_eq!(jwks.at("/keys").as_array().unwrap().len(), 2, "both verify while one replaces the other");
    let ours = header_of(&ada.token)["kid"].clone();
    let other =
        [jwks.at("/keys/0/kid"), jwks.at("/keys/1/kid")].into_iter().find(|kid| *kid != ours).unwrap();
    let rest = ada.token.split_once('.').unwrap().1;
    let swapped = part(&json!({ "alg": "EdDSA", "typ": "at+jwt", "kid": other }));
    refused(&app, &format!("{swapped}.{rest}"), "swapped kid").await;
    app.as_person(&ada).get("/api/v1/tasks").await.expect(200);
    let own = JwtKey::derive(&SigningSecret::new([7; 32]));
    let party = |text| JwtParty::new(text).unwrap();
    let claims = JwtClaims {
        issuer: party("titan"),
        audience: party("titan"),
        subject: ada.id.parse().unwrap(),
        tenant: TenantId(1),
        scope: ScopeNames::new("*").unwrap(),
        session: "ses_00000000000000000000000000".parse().unwrap(),
        version: 0,
        issued_at: 1_700_000_000,
        expires_at: u32::MAX,
        id: JwtId::new(Uuid::v7(1_700_000_000_000, [0; 10])),
    };
    refused(&app, claims.sign(&own).expose(), "a key of their own").await;
}

/// A slot whose keys have all expired may have signed refresh tokens, which live for longer than most keys.
#[tokio::test]
async fn rotations_leave_the_sessions_of_before_alone() {
    let app = platform().await;
    let ada = app.person("ada@example.com", "owner").await;
    for _ in 0..15 {
        app.master().send("POST", "/admin/signing-keys", None).await.expect(201);
    }
    let answer = app.master().send("POST", "/admin/signing-keys", None).await.expect(409);
    assert!(answer.text.contains("all 16 slots have keys or sessions"), "{answer:?}");
    app.as_person(&ada).get("/api/v1/tasks").await.expect(200);
    app.refresh(&ada.refresh_token).await.expect(200);
    app.clock.advance(31 * 86_400);
    app.master().send("POST", "/admin/signing-keys", None).await.expect(201);
}

#[tokio::test]
async fn a_retired_signing_key_ends_its_sessions() {
    let app = platform().await;
    let ada = app.person("ada@example.com", "owner").await;
    app.master().send("POST", "/admin/signing-keys", None).await.expect(201);
    app.as_person(&ada).get("/api/v1/tasks").await.expect(200);
    app.master().delete("/admin/signing-keys/0").await.expect(204);
    app.as_person(&ada).get("/api/v1/tasks").await.expect(401);
    app.refresh(&ada.refresh_token).await.expect(401);
    let jwks = app.nobody().get("/.well-known/jwks.json").await.expect(200);
    assert_eq!(jwks.at("/keys").as_array().unwrap().len(), 1);
}

/// Another Titan with the same secrets, which is for somebody else.
#[tokio::test]
async fn issuer_and_audience_must_be_ours() {
    for change in ["issuer", "audience"] {
        let mut app = platform().await;
        let ada = app.person("ada@example.com", "owner").await;
        app.stop().await;
        let url = app.database_url.clone();
        let other = TestApp::with(|config| {
            config.database_url = url;
            match change {
                "issuer" => config.jwt_issuer = "other".to_owned(),
                _ => config.jwt_audience = "other".to_owned(),
            }
        })
        .await;
        let answer = other.role(Some(&ada.token)).get("/api/v1/auth/session").await.expect(401);
        assert_eq!(answer.at("/error/message"), json!("invalid token"), "{change}");
    }
}
