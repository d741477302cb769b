//! A key lives and dies with the membership of its owner, and may do what the owner's role may do now.

use super::{KEYS, assert_refused, make, status, whatomate, with_key};
use crate::support::TestApp;
use crate::support::people::Person;
use serde_json::{Value, json};

async fn set_role(app: &TestApp, person: &Person, role: &str) {
    let path = format!("/admin/tenants/1/members/{}", person.id);
    let answer = app.master().send("PUT", &path, Some(json!({ "role": role }))).await.expect(200);
    assert!(answer.header("titan-revocation").starts_with("rev="), "{answer:?}");
}

#[tokio::test]
async fn a_lower_role_acts_on_the_next_request_and_a_higher_one_too() {
    let app = TestApp::with(|config| {
        config.upstreams[0].policy = vec!["whatomate".to_owned()];
        config.member_scopes = vec!["contacts:read".to_owned()];
    })
    .await;
    let ada = app.person("ada@example.com", "admin").await;
    let key = make(&app, &ada).await;
    let get = async |path: &str| with_key(&app, &key.text, "GET", path, None).await;
    get("/api/templates").await.expect(200);
    set_role(&app, &ada, "member").await;
    assert_refused(&get("/api/templates").await, 403, "insufficient scope: * required");
    get("/api/contacts").await.expect(200);
    assert_refused(&get(KEYS).await, 403, "Insufficient permissions");
    let scopes: Value = app.verify(&key.text).await["scopes"].clone();
    assert_eq!(scopes, json!(["contacts:read"]));
    set_role(&app, &ada, "owner").await;
    get("/api/templates").await.expect(200);
    get(KEYS).await.expect(200);
}

#[tokio::test]
async fn only_admins_and_owners_manage_keys() {
    let app = whatomate().await;
    let bob = app.person("bob@example.com", "member").await;
    for (method, path, body) in [
        ("GET", KEYS.to_owned(), None),
        ("POST", KEYS.to_owned(), Some(json!({ "name": "x" }))),
        ("DELETE", format!("{KEYS}/01920a0b-0c0d-7e0f-8011-121314151617"), None),
    ] {
        let answer = app.as_person(&bob).send(method, &path, body).await;
        assert_refused(&answer, 403, "Insufficient permissions");
    }
}

#[tokio::test]
async fn a_key_dies_with_the_membership_and_does_not_come_back() {
    let app = whatomate().await;
    let ada = app.person("ada@example.com", "admin").await;
    let eve = app.person("eve@example.com", "admin").await;
    let (key, other) = (make(&app, &ada).await, make(&app, &eve).await);
    let member = format!("/admin/tenants/1/members/{}", ada.id);
    let answer = app.master().delete(&member).await.expect(204);
    assert!(answer.header("titan-revocation").starts_with("rev="), "{answer:?}");
    assert_eq!((status(&app, &key).await, status(&app, &other).await), (401, 200));
    let list = app.as_person(&eve).get(KEYS).await.expect(200);
    assert_eq!(list.at("/data").as_array().unwrap().len(), 1, "it is in no list any more");
    app.master().send("PUT", &member, Some(json!({ "role": "owner" }))).await.expect(200);
    assert_eq!(status(&app, &key).await, 401);
}

#[tokio::test]
async fn keys_are_off_while_their_owner_or_their_tenant_is() {
    let app = whatomate().await;
    let ada = app.person("ada@example.com", "admin").await;
    let eve = app.person("eve@example.com", "owner").await;
    let (key, off) = (make(&app, &ada).await, make(&app, &ada).await);
    let path = format!("{KEYS}/{}", off.id);
    app.as_person(&eve).send("PUT", &path, Some(json!({ "is_active": false }))).await.expect(200);
    let user = format!("/admin/users/{}", ada.id);
    app.master().patch(&user, json!({ "isActive": false })).await.expect(200);
    let refused = with_key(&app, &key.text, "GET", "/api/contacts", None).await;
    assert_refused(&refused, 401, "api key disabled");
    // Switching it on is another thing than its owner.
    let on = format!("{KEYS}/{}", key.id);
    app.as_person(&eve).send("PUT", &on, Some(json!({ "is_active": true }))).await.expect(200);
    assert_eq!(status(&app, &key).await, 401);
    app.master().patch(&user, json!({ "isActive": true })).await.expect(200);
    assert_eq!((status(&app, &key).await, status(&app, &off).await), (200, 401));

    app.master().patch("/admin/tenants/1", json!({ "isActive": false })).await.expect(200);
    assert_eq!(status(&app, &key).await, 401);
    app.master().patch("/admin/tenants/1", json!({ "isActive": true })).await.expect(200);
    assert_eq!(status(&app, &key).await, 200);
    // All keys of before: these too.
    app.master().patch("/admin/tenants/1", json!({ "revokeKeys": true })).await.expect(200);
    assert_eq!(app.code(&key).await, "REVOKED");
    let eve = app.sign_in(eve.id, "eve@example.com").await;
    let new = make(&app, &eve).await;
    assert_eq!(status(&app, &new).await, 200);
}

/// A program that starts again knows all keys, from the log alone.
#[tokio::test]
async fn a_restart_keeps_what_is_and_what_is_not() {
    let mut app = whatomate().await;
    let ada = app.person("ada@example.com", "admin").await;
    let (living, deleted, off) = (make(&app, &ada).await, make(&app, &ada).await, make(&app, &ada).await);
    app.as_person(&ada).delete(&format!("{KEYS}/{}", deleted.id)).await.expect(200);
    let path = format!("{KEYS}/{}", off.id);
    app.as_person(&ada).send("PUT", &path, Some(json!({ "is_active": false }))).await.expect(200);
    app.stop().await;
    let url = app.database_url.clone();
    let again = TestApp::with(|config| {
        config.database_url = url;
        config.upstreams[0].policy = vec!["whatomate".to_owned()];
    })
    .await;
    let statuses =
        [status(&again, &living).await, status(&again, &deleted).await, status(&again, &off).await];
    assert_eq!(statuses, [200, 401, 401]);
}

/// What commits first wins, and nothing is left behind.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_that_is_made_while_its_owner_is_removed_is_dead() {
    let app = whatomate().await;
    for round in 0..6 {
        let ada = app.person(&format!("ada{round}@example.com"), "admin").await;
        let member = format!("/admin/tenants/1/members/{}", ada.id);
        let (master, person) = (app.master(), app.as_person(&ada));
        let body = json!({ "name": "x" });
        let (removed, made) = tokio::join!(master.delete(&member), person.post(KEYS, body));
        removed.expect(204);
        assert!(made.status == 200 || made.status == 401, "{made:?}");
        if made.status == 200 {
            let text = made.text_at("/data/key");
            with_key(&app, &text, "GET", "/api/contacts", None).await.expect(401);
        }
    }
}
