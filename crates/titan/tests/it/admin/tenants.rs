//! `/admin/tenants`

use crate::support::TestApp;
use serde_json::json;

#[tokio::test]
async fn tenants_are_made_listed_and_renamed() {
    let app = TestApp::start().await;
    let id = app.tenant("acme").await;
    let list = app.master().get("/admin/tenants").await.expect(200);
    assert_eq!((list.at("/data/0/name"), list.at("/data/1/name")), (json!("default"), json!("acme")));
    let page = app.master().get("/admin/tenants?limit=1").await.expect(200);
    let next = page.text_at("/nextCursor");
    let rest = app.master().get(&format!("/admin/tenants?cursor={next}")).await;
    assert_eq!(rest.at("/data/0/id"), json!(id));
    app.master().post("/admin/tenants", json!({ "name": "acme" })).await.expect(409);
    let path = format!("/admin/tenants/{id}");
    app.master().patch(&path, json!({ "name": "default" })).await.expect(409);
    let answer = app.master().patch(&path, json!({ "name": "acme 2" })).await.expect(200);
    assert_eq!(answer.at("/data/name"), "acme 2");
    app.master().patch(&path, json!({})).await.expect(400);
    app.master().get("/admin/tenants/999").await.refused(404, "tenant not found");
    app.master().get("/admin/tenants/x").await.refused(404, "tenant not found");
    app.master().post("/admin/tenants", json!({ "name": "" })).await.expect(400);
}

#[tokio::test]
async fn a_tenant_that_is_switched_off_takes_its_keys_along_and_no_others() {
    let app = TestApp::start().await;
    let id = app.tenant("acme").await;
    let (theirs, ours) = (app.key_of(id, &["*"]).await, app.key(&["*"]).await);
    let path = format!("/admin/tenants/{id}");
    let answer = app.master().patch(&path, json!({ "isActive": false })).await.expect(200);
    assert!(answer.header("titan-revocation").contains("applied=1"));
    app.holder(&theirs).get("/api/sessions").await.refused(401, "api key disabled");
    app.holder(&ours).get("/api/sessions").await.expect(200);
    let body = json!({ "label": "x", "lifetimeDays": 1, "scopes": ["*"], "tenantId": id });
    app.master().post("/admin/keys", body).await.refused(409, "tenant is disabled");
    app.master().patch(&path, json!({ "isActive": true })).await.expect(200);
    app.holder(&theirs).get("/api/sessions").await.expect(200);
}

#[tokio::test]
async fn all_keys_of_a_tenant_can_be_revoked_at_once_and_new_ones_are_good() {
    let app = TestApp::start().await;
    let id = app.tenant("acme").await;
    let (old, ours) = (app.key_of(id, &["*"]).await, app.key(&["*"]).await);
    let answer =
        app.master().patch(&format!("/admin/tenants/{id}"), json!({ "revokeKeys": true })).await.expect(200);
    assert!(answer.text_at("/data/notBefore").ends_with('Z'));
    let new = app.key_of(id, &["*"]).await;
    app.holder(&old).get("/api/sessions").await.refused(401, "api key revoked");
    app.holder(&new).get("/api/sessions").await.expect(200);
    app.holder(&ours).get("/api/sessions").await.expect(200);
}
