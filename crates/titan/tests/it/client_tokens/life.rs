//! When a token ends: with its time, its parent, its rules, or at once.

use super::{CHAT, PRESENCE, RULES, SEND, Shop, TOKENS, allowing, message, with};
use crate::support::TestApp;
use serde_json::json;
use std::time::{Duration, Instant};

#[tokio::test]
async fn a_token_expires_in_its_second() {
    let app = TestApp::start().await;
    let shop = Shop::with(&app, allowing("send_message")).await;
    let body = json!({ "session": "default", "ephemeralId": "ada", "ttlSeconds": 60 });
    let minted = shop.role.post(TOKENS, body).await.expect(201);
    let page = app.role(Some(&minted.text_at("/data/token")));
    page.post(SEND, message(CHAT)).await.expect(200);
    app.clock.advance(60);
    let refused = page.post(SEND, message(CHAT)).await.refused(401, "token expired");
    assert_eq!(refused.text_at("/code"), "token_expired");
}

#[tokio::test]
async fn a_token_lives_no_longer_than_its_parent() {
    let app = TestApp::start().await;
    let shop = Shop::with(&app, allowing("send_message")).await;
    let body = |ttl| json!({ "session": "default", "ephemeralId": "ada", "ttlSeconds": ttl });
    app.clock.advance(30 * 86_400 - 600);
    let minted = shop.role.post(TOKENS, body(3600)).await.expect(201);
    let key = app.master().get(&format!("/admin/keys/{}", shop.key.id)).await.expect(200);
    assert_eq!(minted.at("/data/expiresAt"), key.at("/data/expiresAt"));
}

#[tokio::test]
async fn a_token_dies_with_its_parent() {
    let app = TestApp::start().await;
    for round in 0..5 {
        let shop = Shop::with(&app, allowing("send_message")).await;
        let page = shop.page(&app, "ada").await;
        page.post(SEND, message(CHAT)).await.expect(200);
        let key = format!("/admin/keys/{}", shop.key.id);
        match round {
            0 => app.master().delete(&key).await.expect(204),
            1 => app.master().patch(&key, json!({ "isActive": false })).await.expect(200),
            2 => app.master().send("POST", &format!("{key}/rotate"), None).await.expect(200),
            3 => app.master().send("POST", "/admin/signing-keys", None).await.expect(201),
            _ => app.master().patch("/admin/tenants/1", json!({ "isActive": false })).await.expect(200),
        };
        if round == 3 {
            // A new signing key does not end what the old one signed; to retire the old one does.
            page.post(SEND, message(CHAT)).await.expect(200);
            let slots = app.master().get("/admin/signing-keys").await.expect(200);
            assert_eq!(slots.at("/data/0/slot"), 0);
            app.master().delete("/admin/signing-keys/0").await.expect(204);
        }
        let refused = page.post(SEND, message(CHAT)).await.refused(401, "token revoked");
        assert_eq!(refused.text_at("/code"), "token_revoked", "round {round}");
        if round == 1 {
            app.master().patch(&key, json!({ "isActive": true })).await.expect(200);
            page.post(SEND, message(CHAT)).await.expect(200);
        }
    }
}

#[tokio::test]
async fn a_token_lives_on_while_its_parent_is_retiring() {
    let app = TestApp::start().await;
    let shop = Shop::with(&app, allowing("send_message")).await;
    let page = shop.page(&app, "ada").await;
    let (rotate, overlap) = (format!("/admin/keys/{}/rotate", shop.key.id), json!({ "overlapSeconds": 300 }));
    app.master().post(&rotate, overlap).await.expect(200);
    page.post(SEND, message(CHAT)).await.expect(200);
    app.clock.advance(300);
    page.post(SEND, message(CHAT)).await.refused(401, "token revoked");
}

#[tokio::test]
async fn one_token_is_revoked_and_no_other() {
    let app = TestApp::start().await;
    let shop = Shop::with(&app, allowing("send_message")).await;
    let (first, other) = (shop.mint("ada").await, shop.page(&app, "ada").await);
    let page = app.role(first["token"].as_str());
    page.post(SEND, message(CHAT)).await.expect(200);
    let path = format!("{TOKENS}/{}", first["id"].as_str().unwrap());
    let answer = shop.role.delete(&path).await.expect(204);
    assert!(answer.header("titan-revocation").contains("applied=1"), "{answer:?}");
    page.post(SEND, message(CHAT)).await.refused(401, "token revoked");
    other.post(SEND, message(CHAT)).await.expect(200);
    shop.role.delete(&path).await.expect(204);
    shop.role.delete(&format!("{path}?wait=none")).await.expect(202);
    // Ids of another time, and texts that are none, stand for no token.
    let texts = ["ct_00000000000000000000000000", "ct_7zzzzzzzzzzzzzzzzzzzzzzzzz", "x", &shop.key.id];
    for text in texts {
        shop.role.delete(&format!("{TOKENS}/{text}")).await.refused(404, "client token not found");
    }
}

#[tokio::test]
async fn new_rules_are_in_force_for_tokens_that_exist() {
    let app = TestApp::start().await;
    let shop = Shop::with(&app, allowing("send_message")).await;
    let page = shop.page(&app, "ada").await;
    for _ in 0..10 {
        page.post(SEND, message(CHAT)).await.expect(200);
        shop.set(allowing("send_typing")).await;
        page.post(SEND, message(CHAT)).await.refused(403, "action not allowed: send_message");
        shop.set(allowing("send_message")).await;
    }
}

#[tokio::test]
async fn a_stream_ends_with_the_token_and_with_the_rules() {
    let app = TestApp::start().await;
    for round in 0..3 {
        let shop = Shop::with(&app, allowing("read_presence")).await;
        let minted = shop.mint("ada").await;
        let page = app.role(minted["token"].as_str());
        let stream = page.request("GET", &format!("{PRESENCE}?trickle")).send().await.unwrap();
        assert_eq!(stream.status().as_u16(), 200);
        match round {
            0 => shop.role.delete(&format!("{TOKENS}/{}", minted["id"].as_str().unwrap())).await.expect(204),
            1 => shop.set(with(allowing("read_presence"), &json!({ "enabled": false }))).await,
            _ => shop.role.delete(RULES).await.expect(204),
        };
        let began = Instant::now();
        let ended = tokio::time::timeout(Duration::from_secs(10), stream.bytes()).await;
        assert!(ended.unwrap().is_err(), "it broke off");
        assert!(began.elapsed() < Duration::from_secs(3), "round {round}: {:?}", began.elapsed());
    }
}

#[tokio::test]
async fn a_stream_ends_when_its_token_expires() {
    let app = TestApp::start().await;
    let shop = Shop::with(&app, allowing("read_presence")).await;
    let page = shop.page(&app, "ada").await;
    let stream = page.request("GET", &format!("{PRESENCE}?trickle")).send().await.unwrap();
    assert_eq!(stream.status().as_u16(), 200);
    app.clock.advance(900);
    let ended = tokio::time::timeout(Duration::from_secs(10), stream.bytes()).await;
    assert!(ended.unwrap().is_err(), "it broke off");
}

/// An imported key has no slot of its own.
#[tokio::test]
async fn a_token_of_an_imported_key_dies_with_it() {
    let app = TestApp::start().await;
    let text = "a-key-of-another-system";
    let row = json!({
        "sha256": crate::support::hex::sha256(text), "label": "x", "scopes": ["sessions:manage"],
        "expiresAt": "2099-01-01T00:00:00Z",
    });
    let made = app.master().post("/admin/imported-keys", json!({ "keys": [row] })).await.expect(200);
    let shop = app.role(Some(text));
    shop.send("PUT", RULES, Some(allowing("send_message"))).await.expect(200);
    let body = json!({ "session": "default", "ephemeralId": "ada" });
    let token = shop.post(TOKENS, body).await.expect(201).text_at("/data/token");
    let page = app.role(Some(&token));
    page.post(SEND, message(CHAT)).await.expect(200);
    let id = made.text_at("/data/0/id");
    app.master().delete(&format!("/admin/keys/{id}")).await.expect(204);
    page.post(SEND, message(CHAT)).await.refused(401, "token revoked");
}
