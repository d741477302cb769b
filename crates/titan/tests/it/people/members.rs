//! Roles in tenants: what ends or lowers one acts on the next request.

use super::platform;
use serde_json::json;

#[tokio::test]
async fn a_lower_role_acts_on_the_next_request_and_a_refresh_gives_it() {
    let app = platform().await;
    let ada = app.person("ada@example.com", "admin").await;
    app.as_person(&ada).get("/api/v1/billing/balance").await.expect(200);
    let path = format!("/admin/tenants/1/members/{}", ada.id);
    let answer = app.master().send("PUT", &path, Some(json!({ "role": "member" }))).await.expect(200);
    assert!(answer.header("titan-revocation").starts_with("rev="), "{answer:?}");
    let refused = app.as_person(&ada).get("/api/v1/billing/balance").await.expect(401);
    assert_eq!(refused.at("/error/message"), json!("token expired"));
    let answer = app.refresh(&ada.refresh_token).await.expect(200);
    assert_eq!(answer.at("/data/user/role"), json!("member"));
    let token = answer.text_at("/data/token");
    app.role(Some(&token)).get("/api/v1/billing/balance").await.expect(403);
    app.role(Some(&token)).get("/api/v1/tasks").await.expect(200);
}

#[tokio::test]
async fn a_removed_member_is_out_at_once_and_keeps_its_other_tenants() {
    let app = platform().await;
    let ada = app.person("ada@example.com", "member").await;
    let tenant = app.tenant("other").await;
    let path = format!("/admin/tenants/{tenant}/members/{}", ada.id);
    app.master().send("PUT", &path, Some(json!({ "role": "member" }))).await.expect(200);
    app.master().delete(&path).await.expect(204);
    app.master().delete(&path).await.refused(404, "member not found");
    app.as_person(&ada).get("/api/v1/tasks").await.expect(200);
    app.master().delete(&format!("/admin/tenants/1/members/{}", ada.id)).await.expect(204);
    app.as_person(&ada).get("/api/v1/tasks").await.expect(401);
    app.refresh(&ada.refresh_token).await.expect(401);
}

#[tokio::test]
async fn a_tenant_keeps_an_owner() {
    let app = platform().await;
    let (ada, bob) = (app.user("ada@example.com", "owner").await, app.user("bob@example.com", "owner").await);
    let path = |id: &str| format!("/admin/tenants/1/members/{id}");
    app.master().delete(&path(&bob)).await.expect(204);
    let text = "this is the last owner of the tenant: make another one first";
    app.master().delete(&path(&ada)).await.refused(409, text);
    app.master().send("PUT", &path(&ada), Some(json!({ "role": "admin" }))).await.refused(409, text);
    let list = app.master().get("/admin/tenants/1/members").await.expect(200);
    assert_eq!(list.at("/data/0/userId"), json!(ada));
    assert_eq!(list.at("/data").as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn what_is_unknown_is_said() {
    let app = platform().await;
    let nobody = "usr_00000000000000000000000000";
    let put = async |path: &str| app.master().send("PUT", path, Some(json!({ "role": "member" }))).await;
    put(&format!("/admin/tenants/1/members/{nobody}")).await.refused(404, "user not found");
    let ada = app.user("ada@example.com", "owner").await;
    put(&format!("/admin/tenants/9/members/{ada}")).await.refused(404, "tenant not found");
    app.master().get("/admin/tenants/9/members").await.refused(404, "tenant not found");
    put("/admin/tenants/1/members/x").await.refused(404, "member not found");
    app.master()
        .send("PUT", &format!("/admin/tenants/1/members/{ada}"), Some(json!({ "role": "x" })))
        .await
        .refused(400, "role: must be owner, admin or member");
}

#[tokio::test]
async fn owners_manage_their_tenant_and_no_other() {
    let app = platform().await;
    let ada = app.person("ada@example.com", "owner").await;
    let bob = app.person("bob@example.com", "member").await;
    let eve = app.person("eve@example.com", "admin").await;
    let tenant = app.tenant("other").await;
    let stranger = app.user_of(tenant, "mal@example.com", "owner").await;
    let list = app.as_person(&ada).get("/api/v1/members?limit=2").await.expect(200).json();
    assert_eq!((&list["success"], &list["data"][0]["user_id"]), (&json!(true), &json!(ada.id)), "{list}");
    let rest = format!("/api/v1/members?cursor={}", list["next_cursor"].as_str().unwrap());
    let rest = app.as_person(&ada).get(&rest).await.expect(200);
    assert_eq!(rest.at("/data/0/email"), json!("eve@example.com"));
    assert_eq!(rest.at("/data").as_array().unwrap().len(), 1);

    let path = |id: &str| format!("/api/v1/members/{id}");
    let admin = || Some(json!({ "role": "admin" }));
    for other in [&bob, &eve] {
        for (method, body) in [("PUT", admin()), ("DELETE", None)] {
            let refused = app.as_person(other).send(method, &path(&bob.id), body).await.expect(403);
            assert_eq!(refused.at("/error/message"), json!("only an owner may do this"));
        }
        app.as_person(other).get("/api/v1/members").await.expect(403);
    }
    // Who is not a member here does not exist: neither a stranger nor nobody.
    for id in [stranger.as_str(), "usr_00000000000000000000000000"] {
        let refused = app.as_person(&ada).send("PUT", &path(id), admin()).await.expect(404);
        assert_eq!(refused.at("/error/message"), json!("member not found"));
        app.as_person(&ada).delete(&path(id)).await.expect(404);
    }
    let answer = app.as_person(&ada).send("PUT", &path(&bob.id), admin()).await.expect(200);
    assert!(answer.header("titan-revocation").starts_with("rev="), "{answer:?}");
    assert_eq!(answer.at("/data/role"), json!("admin"));
    app.as_person(&bob).get("/api/v1/tasks").await.expect(401);
    app.as_person(&ada).delete(&path(&eve.id)).await.expect(204);
    app.as_person(&eve).get("/api/v1/tasks").await.expect(401);
    app.as_person(&ada).delete(&path(&ada.id)).await.expect(409);
    // One who is an owner no more.
    app.master()
        .send("PUT", &format!("/admin/tenants/1/members/{}", bob.id), Some(json!({ "role": "owner" })))
        .await
        .expect(200);
    app.master().send("PUT", &format!("/admin/tenants/1/members/{}", ada.id), admin()).await.expect(200);
    app.as_person(&ada).get("/api/v1/members").await.expect(401);
}
