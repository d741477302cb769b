//! Signing in, refreshing, ending: `/api/v1/auth`.

use super::platform;
use crate::support::people::PASSWORD;
use crate::support::upstream::header;
use serde_json::json;

/// As `reference/platform-authentication.txt` prints it.
#[tokio::test]
async fn the_page_works_from_login_to_a_request() {
    let app = platform().await;
    let id = app.user("you@example.com", "member").await;
    let answer = app.login("you@example.com", PASSWORD).await.expect(200);
    assert_eq!(answer.at("/success"), json!(true));
    assert_eq!(answer.header("cache-control"), "no-store");
    assert_eq!(answer.at("/data/user/id"), json!(id));
    assert_eq!(answer.at("/data/user/role"), json!("member"));
    let token = answer.text_at("/data/token");
    let session = app.role(Some(&token)).get("/api/v1/auth/session").await.expect(200);
    assert_eq!(session.at("/data/token"), json!(token));
    assert_eq!(session.at("/data/expires_at"), answer.at("/data/expires_at"));
    assert_eq!(session.at("/data/user"), answer.at("/data/user"));
    app.role(Some(&token)).get("/api/v1/tasks").await.expect(200);
    let seen = app.upstream.take().pop().unwrap();
    assert_eq!(header(&seen, "x-titan-subject"), [id]);
    assert_eq!(header(&seen, "x-titan-key-id"), [""]);
    assert_eq!(header(&seen, "x-titan-tenant"), ["1"]);
    assert_eq!(header(&seen, "authorization"), Vec::<String>::new());
}

#[tokio::test]
async fn a_role_opens_its_own_scopes_and_no_other() {
    let app = platform().await;
    let ada = app.person("ada@example.com", "member").await;
    let answer = app.as_person(&ada).get("/api/v1/billing/balance").await.expect(403);
    assert_eq!(answer.at("/error/code"), json!("FORBIDDEN"));
    let owner = app.person("owner@example.com", "owner").await;
    app.as_person(&owner).get("/api/v1/billing/balance").await.expect(200);
}

#[tokio::test]
async fn errors_are_the_platforms_and_one_answer_hides_who_exists() {
    let app = platform().await;
    app.user("ada@example.com", "member").await;
    let wrong = app.login("ada@example.com", "wrong but long enough").await.expect(401);
    let unknown = app.login("eve@example.com", "wrong but long enough").await.expect(401);
    assert_eq!(wrong.text, unknown.text);
    let error = json!({ "success": false, "error": { "code": "UNAUTHORIZED", "message": "invalid email or password" } });
    assert_eq!(wrong.json(), error);
    let nobody = app.nobody();
    let missing = nobody.get("/api/v1/auth/session").await.expect(401);
    assert_eq!(missing.at("/error/message"), json!("missing bearer token"));
    assert_eq!(missing.header("www-authenticate"), r#"Bearer realm="titan""#);
    let body = nobody.post("/api/v1/auth/login", json!({ "email": "a@b.c" })).await.expect(400);
    assert_eq!(
        body.at("/error"),
        json!({ "code": "BAD_REQUEST", "message": "missing required field: password" })
    );
    nobody.post("/api/v1/auth/login", json!({ "mail": "a@b.c" })).await.expect(400);
    let lost = nobody.get("/api/v1/auth/nothing").await.expect(404);
    assert_eq!(lost.at("/error/code"), json!("NOT_FOUND"));
    nobody.get("/api/v1/auth/login").await.expect(405);
}

#[tokio::test]
async fn a_refresh_token_is_good_once_and_a_second_use_ends_the_session() {
    let app = platform().await;
    let ada = app.person("ada@example.com", "member").await;
    let answer = app.refresh(&ada.refresh_token).await.expect(200);
    let (token, next) = (answer.text_at("/data/token"), answer.text_at("/data/refresh_token"));
    assert_ne!(next, ada.refresh_token);
    app.role(Some(&token)).get("/api/v1/tasks").await.expect(200);
    app.as_person(&ada).get("/api/v1/tasks").await.expect(200);
    let again = app.refresh(&ada.refresh_token).await.expect(401);
    assert_eq!(again.at("/error/message"), json!("session ended"));
    for token in [&token, &ada.token] {
        let refused = app.role(Some(token)).get("/api/v1/tasks").await.expect(401);
        assert_eq!(refused.at("/error/message"), json!("session ended"));
    }
    app.refresh(&next).await.expect(401);
}

#[tokio::test]
async fn one_token_used_many_times_at_once_gives_at_most_one_session() {
    let app = platform().await;
    let ada = app.person("ada@example.com", "member").await;
    let answers = futures_util::future::join_all((0..8).map(|_| app.refresh(&ada.refresh_token))).await;
    assert_eq!(answers.iter().filter(|answer| answer.status == 200).count(), 1);
    app.as_person(&ada).get("/api/v1/tasks").await.expect(401);
}

#[tokio::test]
async fn logout_ends_this_session_and_no_other() {
    let app = platform().await;
    let ada = app.person("ada@example.com", "member").await;
    let other = app.sign_in(ada.id.clone(), &ada.email).await;
    let answer = app.as_person(&ada).send("POST", "/api/v1/auth/logout", None).await.expect(204);
    assert!(answer.header("titan-revocation").starts_with("rev="), "{answer:?}");
    app.as_person(&ada).get("/api/v1/tasks").await.expect(401);
    app.refresh(&ada.refresh_token).await.expect(401);
    app.as_person(&other).get("/api/v1/tasks").await.expect(200);
}

#[tokio::test]
async fn sessions_are_listed_and_ended_by_their_own_user() {
    let app = platform().await;
    let ada = app.person("ada@example.com", "member").await;
    let other = app.sign_in(ada.id.clone(), &ada.email).await;
    let list = app.as_person(&ada).get("/api/v1/auth/sessions").await.expect(200);
    assert_eq!((list.at("/data/0/is_current"), list.at("/data/1/is_current")), (json!(true), json!(false)));
    assert_eq!(list.at("/data/0/ip"), json!("127.0.0.1"));
    let path = format!("/api/v1/auth/sessions/{}", list.text_at("/data/1/id"));
    let eve = app.person("eve@example.com", "owner").await;
    let refused = app.as_person(&eve).delete(&path).await.expect(404);
    assert_eq!(refused.at("/error/message"), json!("session not found"));
    app.as_person(&other).get("/api/v1/tasks").await.expect(200);
    app.as_person(&ada).delete(&path).await.expect(204);
    app.as_person(&other).get("/api/v1/tasks").await.expect(401);
    app.as_person(&ada).delete(&path).await.expect(404);
    app.as_person(&ada).delete("/api/v1/auth/sessions/nonsense").await.expect(404);
}

#[tokio::test]
async fn times_end_tokens_and_sessions() {
    let app = platform().await;
    let ada = app.person("ada@example.com", "member").await;
    app.clock.advance(899);
    app.as_person(&ada).get("/api/v1/tasks").await.expect(200);
    app.clock.advance(2);
    let expired = app.as_person(&ada).get("/api/v1/tasks").await.expect(401);
    assert_eq!(expired.at("/error/message"), json!("token expired"));
    let answer = app.refresh(&ada.refresh_token).await.expect(200);
    app.role(Some(&answer.text_at("/data/token"))).get("/api/v1/tasks").await.expect(200);
    app.clock.advance(30 * 86_400);
    app.refresh(&answer.text_at("/data/refresh_token")).await.expect(401);
}

#[tokio::test]
async fn the_oldest_session_makes_room() {
    let app = platform().await;
    let ada = app.person("ada@example.com", "member").await;
    for _ in 0..50 {
        app.sign_in(ada.id.clone(), &ada.email).await;
    }
    app.as_person(&ada).get("/api/v1/tasks").await.expect(401);
    let newest = app.sign_in(ada.id.clone(), &ada.email).await;
    let list = app.as_person(&newest).get("/api/v1/auth/sessions").await.expect(200);
    assert_eq!(list.at("/data").as_array().unwrap().len(), 50);
}

#[tokio::test]
async fn a_tenant_that_is_off_lets_nobody_in() {
    let app = platform().await;
    let tenant = app.tenant("other").await;
    let id = app.user_of(tenant, "ada@example.com", "owner").await;
    let ada = app.sign_in(id, "ada@example.com").await;
    let path = format!("/admin/tenants/{tenant}");
    app.master().patch(&path, json!({ "isActive": false })).await.expect(200);
    app.as_person(&ada).get("/api/v1/tasks").await.expect(401);
    app.refresh(&ada.refresh_token).await.expect(401);
    app.login("ada@example.com", PASSWORD).await.expect(401);
    app.master().patch(&path, json!({ "isActive": true })).await.expect(200);
    app.as_person(&ada).get("/api/v1/tasks").await.expect(200);
    app.master().patch(&path, json!({ "revokeKeys": true })).await.expect(200);
    app.as_person(&ada).get("/api/v1/tasks").await.expect(401);
    app.refresh(&ada.refresh_token).await.expect(401);
    app.sign_in(ada.id.clone(), "ada@example.com").await;
}

#[tokio::test]
async fn who_belongs_to_several_tenants_says_which() {
    let app = platform().await;
    let ada = app.person("ada@example.com", "member").await;
    let tenant = app.tenant("other").await;
    let path = format!("/admin/tenants/{tenant}/members/{}", ada.id);
    app.master().send("PUT", &path, Some(json!({ "role": "owner" }))).await.expect(200);
    let answer = app.login("ada@example.com", PASSWORD).await.expect(400);
    assert!(answer.text.contains("tenant_id: is required"), "{answer:?}");
    let login = async |tenant: u64| {
        let body = json!({ "email": "ada@example.com", "password": PASSWORD, "tenant_id": tenant });
        app.nobody().post("/api/v1/auth/login", body).await
    };
    let answer = login(tenant).await.expect(200);
    assert_eq!(answer.at("/data/user/tenant_id"), json!(tenant));
    assert_eq!(answer.at("/data/user/role"), json!("owner"));
    login(99).await.expect(401);
}
