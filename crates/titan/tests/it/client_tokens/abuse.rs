//! Whoever holds a token, or another tenant's key, gets nothing that the rules do not give.

use super::{CHAT, RULES, SEND, Shop, TOKENS, allowing, message};
use crate::support::{Answer, TestApp};
use serde_json::json;

#[tokio::test]
async fn the_control_plane_takes_no_token() {
    let app = TestApp::start().await;
    let shop = Shop::with(&app, allowing("send_message")).await;
    let page = shop.page(&app, "ada").await;
    let body = json!({ "session": "default", "ephemeralId": "bob" });
    page.post(TOKENS, body).await.refused(403, "api key required");
    page.get(RULES).await.refused(403, "api key required");
    page.send("PUT", RULES, Some(allowing("send_message"))).await.refused(403, "api key required");
    page.delete(RULES).await.refused(403, "api key required");
    page.get("/api/account/keys").await.refused(403, "api key required");
    page.get("/admin/keys").await.refused(403, "master key required");
    page.get("/admin/audit").await.refused(403, "master key required");
    page.post("/auth/verify", json!({ "key": shop.key.text })).await.expect(403);
    page.get("/api/v1/auth/session").await.expect(403);
    page.get("/api/api-keys").await.expect(403);
    page.get("/metrics").await.expect(403);
    let form = page.request("POST", "/oauth2/introspect").form(&[("token", &shop.key.text)]);
    assert_eq!(Answer::read(form.send().await.unwrap()).await.status, 403);
}

#[tokio::test]
async fn nobody_else_says_whether_a_token_is_good() {
    let app = TestApp::start().await;
    let shop = Shop::with(&app, allowing("send_message")).await;
    let token = shop.token("ada").await;
    let said = app.master().post("/auth/verify", json!({ "key": token })).await.expect(200);
    assert_eq!((said.at("/data/valid"), said.at("/data/code")), (json!(false), json!("MALFORMED")));
    assert_eq!(said.at("/data/keyId"), json!(null));
    let form = app.master().request("POST", "/oauth2/introspect").form(&[("token", &token)]);
    assert_eq!(Answer::read(form.send().await.unwrap()).await.json(), json!({ "active": false }));
    let form = app.nobody().request("POST", "/oauth2/revoke").form(&[("token", &token)]);
    assert_eq!(form.send().await.unwrap().status().as_u16(), 200);
    app.role(Some(&token)).post(SEND, message(CHAT)).await.expect(200);
}

#[tokio::test]
async fn only_a_key_with_sessions_manage_mints() {
    let app = TestApp::start().await;
    Shop::with(&app, allowing("send_message")).await;
    let body = || json!({ "session": "default", "ephemeralId": "ada" });
    for scopes in [&["sessions:read"][..], &["keys:manage"], &["messages:write"]] {
        let role = app.holder(&app.key(scopes).await);
        role.post(TOKENS, body()).await.refused(403, "insufficient scope: sessions:manage required");
        role.get(RULES).await.refused(403, "insufficient scope: sessions:manage required");
        let id = format!("{TOKENS}/ct_01jt5v3ge0fr1bvtamn4s9h4hw");
        role.delete(&id).await.refused(403, "insufficient scope: sessions:manage required");
    }
    app.holder(&app.key(&["*"]).await).post(TOKENS, body()).await.expect(201);
    app.master().post(TOKENS, body()).await.refused(403, "api key required");
    app.nobody().post(TOKENS, body()).await.refused(401, "missing api key");
}

#[tokio::test]
async fn tenants_see_and_end_only_their_own() {
    let app = TestApp::start().await;
    let shop = Shop::with(&app, allowing("send_message")).await;
    let other = Shop::of(&app, app.tenant("other").await).await;
    other.role.get(RULES).await.refused(404, "client rules of this session not found");
    other.role.delete(RULES).await.expect(404);
    let minted = shop.mint("ada").await;
    let page = app.role(minted["token"].as_str());
    let path = format!("{TOKENS}/{}", minted["id"].as_str().unwrap());
    other.role.delete(&path).await.expect(204);
    page.post(SEND, message(CHAT)).await.expect(200);
    // And nobody undoes the revocation of another.
    shop.role.delete(&path).await.expect(204);
    other.role.delete(&path).await.expect(204);
    page.post(SEND, message(CHAT)).await.refused(401, "token revoked");
    // Rules of another tenant for a session of the same name are not its rules.
    other.set(allowing("send_message")).await;
    shop.set(allowing("")).await;
    shop.page(&app, "ada").await.post(SEND, message(CHAT)).await.expect(403);
    other.page(&app, "ada").await.post(SEND, message(CHAT)).await.expect(200);
}

#[tokio::test]
async fn no_text_but_a_signed_one_is_a_token() {
    let app = TestApp::start().await;
    let shop = Shop::with(&app, allowing("send_message")).await;
    let token = shop.token("ada").await;
    let (head, mac) = token.rsplit_once('.').unwrap();
    let (header, payload) = head.split_once('.').unwrap();
    let last = if mac.ends_with('A') { "B" } else { "A" };
    for text in [
        format!("{head}."),
        format!("{head}.{}{last}", &mac[..mac.len() - 1]),
        format!("{header}.{}.{mac}", payload.replacen('a', "b", 1)),
        format!("{header}.{payload}"),
        format!("titan_ct_.{payload}.{mac}"),
        format!("{token}."),
        format!("{token}="),
        token.to_uppercase(),
        token.replacen("titan_ct_", "titan_ct_titan_ct_", 1),
        format!("titan_ct_{}", "a".repeat(4000)),
    ] {
        let answer = app.role(Some(&text)).post(SEND, message(CHAT)).await.expect(401);
        let code = answer.text_at("/code");
        assert!(["invalid_token", "malformed_api_key"].contains(&code.as_str()), "{text} {answer:?}");
    }
    // Without its prefix it is read as a session JWT, and is none.
    let jwt = token.strip_prefix("titan_ct_").unwrap();
    app.role(Some(jwt)).post(SEND, message(CHAT)).await.refused(401, "invalid token");
    assert_eq!(app.upstream.take().len(), 0);
    let header = app.nobody().request("POST", SEND).header("x-api-key", &token).json(&message(CHAT));
    assert_eq!(header.send().await.unwrap().status().as_u16(), 200);
    let two = app.role(Some(&token)).request("POST", SEND).header("x-api-key", &shop.key.text);
    assert_eq!(two.json(&message(CHAT)).send().await.unwrap().status().as_u16(), 401);
}

#[tokio::test]
async fn a_header_cannot_make_another_method_of_it() {
    let app = TestApp::start().await;
    let shop = Shop::with(&app, allowing("send_message")).await;
    let page = shop.page(&app, "ada").await;
    let request = page.request("POST", SEND).header("x-http-method-override", "DELETE").json(&message(CHAT));
    let status = request.send().await.unwrap().status().as_u16();
    let said = app.upstream.take();
    assert!(
        said.iter().all(|said| !said["headers"].to_string().contains("method-override")),
        "{status} {said:?}"
    );
}
