//! Keys of users: they live and die with the membership, and follow the role.

use super::platform;
use crate::support::app::MadeKey;
use crate::support::people::{PASSWORD, Person};
use crate::support::{Answer, TestApp};
use serde_json::{Value, json};

const KEYS: &str = "/api/v1/api-keys";
const NEEDS_JWT: &str = "a JWT is required here: sign in at POST /api/v1/auth/login";

/// A key of this user.
async fn make(app: &TestApp, person: &Person, scopes: &[&str]) -> MadeKey {
    let body = json!({ "name": "backend", "scopes": scopes });
    let answer = app.as_person(person).post(KEYS, body).await.expect(201);
    MadeKey { id: answer.text_at("/id"), text: answer.text_at("/key") }
}

async fn use_it(app: &TestApp, key: &MadeKey, path: &str) -> u16 {
    app.holder(key).get(path).await.status
}

async fn set_role(app: &TestApp, person: &Person, role: &str) {
    let path = format!("/admin/tenants/1/members/{}", person.id);
    let answer = app.master().send("PUT", &path, Some(json!({ "role": role }))).await.expect(200);
    assert!(answer.header("titan-revocation").starts_with("rev="), "{answer:?}");
}

#[tokio::test]
async fn a_key_is_made_as_the_page_prints_and_opens_the_api() {
    let app = platform().await;
    let ada = app.person("ada@example.com", "member").await;
    let scopes = ["tasks:read", "tasks:write", "executions:read", "executions:write", "data:read"];
    let body = json!({ "name": "My backend integration", "scopes": scopes });
    let answer = app.as_person(&ada).post(KEYS, body).await.expect(201);
    let made = answer.json();
    assert_eq!((&made["name"], &made["scopes"]), (&json!("My backend integration"), &json!(scopes)));
    assert!(made["key"].as_str().unwrap().starts_with("titan_sk_live_"), "{made}");
    assert!(made["created_at"].as_str().unwrap().ends_with('Z') && made["data"].is_null(), "{made}");
    assert_eq!(answer.header("cache-control"), "no-store");
    let key = MadeKey { id: answer.text_at("/id"), text: answer.text_at("/key") };
    assert_eq!(use_it(&app, &key, "/api/v1/tasks").await, 200);
    assert_eq!(use_it(&app, &key, "/api/v1/billing/balance").await, 403);

    let list = app.as_person(&ada).get(KEYS).await.expect(200).json();
    assert_eq!((&list["success"], &list["data"][0]["id"]), (&json!(true), &json!(key.id)), "{list}");
    assert!(list["data"][0]["key"].is_null(), "{list}");
    let one = app.as_person(&ada).get(&format!("{KEYS}/{}", key.id)).await.expect(200).json();
    assert_eq!(one["data"]["owner_id"], json!(ada.id), "{one}");

    let answer = app.as_person(&ada).delete(&format!("{KEYS}/{}", key.id)).await.expect(204);
    assert!(answer.header("titan-revocation").starts_with("rev="), "{answer:?}");
    assert_eq!(use_it(&app, &key, "/api/v1/tasks").await, 401);
    app.as_person(&ada).delete(&format!("{KEYS}/{}", key.id)).await.expect(404);
}

#[tokio::test]
async fn what_is_chosen_is_in_the_key() {
    let app = platform().await;
    let ada = app.person("ada@example.com", "member").await;
    let body = json!({ "name": "x", "scopes": ["tasks:read"], "expires_in_days": 2, "environment": "test" });
    let made = app.as_person(&ada).post(KEYS, body).await.expect(201).json();
    assert!(made["key"].as_str().unwrap().starts_with("titan_sk_test_"), "{made}");
    assert_eq!(made["environment"], json!("test"));
    let key = MadeKey { id: made["id"].as_str().unwrap().into(), text: made["key"].as_str().unwrap().into() };
    app.clock.advance(2 * 86_400 - 1);
    assert_eq!(use_it(&app, &key, "/api/v1/tasks").await, 200);
    app.clock.advance(1);
    assert_eq!(use_it(&app, &key, "/api/v1/tasks").await, 401);
}

#[tokio::test]
async fn what_is_wrong_is_named() {
    let app = platform().await;
    let ada = app.person("ada@example.com", "member").await;
    let post = async |body: Value| app.as_person(&ada).post(KEYS, body).await;
    for (body, status, message) in [
        (json!({ "scopes": ["tasks:read"] }), 400, "missing required field: name"),
        (json!({ "name": "", "scopes": ["tasks:read"] }), 400, "name: must have 1 to 100 characters"),
        (json!({ "name": "x" }), 400, "missing required field: scopes"),
        (json!({ "name": "x", "scopes": [] }), 400, "scopes: must name at least one scope"),
        (json!({ "name": "x", "scopes": ["no:such"] }), 400, "unknown scope: no:such"),
        (json!({ "name": "x", "scopes": ["*"] }), 403, "insufficient scope: * required"),
        (
            json!({ "name": "x", "scopes": ["billing:read"] }),
            403,
            "insufficient scope: billing:read required",
        ),
        (json!({ "name": "x", "scopes": ["keys:manage"] }), 403, "insufficient scope: keys:manage required"),
        (
            json!({ "name": "x", "scopes": ["tasks:read"], "expires_in_days": 91 }),
            400,
            "expires_in_days: must be 1 to 90",
        ),
        (
            json!({ "name": "x", "scopes": ["tasks:read"], "environment": "prod" }),
            400,
            "environment: must be live or test",
        ),
    ] {
        let answer = post(body).await.expect(status);
        assert_eq!(answer.at("/error/message"), json!(message));
    }
    let answer = post(json!({ "name": "x", "scopes": ["tasks:read"], "tenant": 2 })).await.expect(400);
    assert!(answer.text_at("/error/message").contains("unknown field"), "{answer:?}");
    let list = app.as_person(&ada).get(KEYS).await.expect(200);
    assert_eq!(list.at("/data"), json!([]), "nothing was made");
}

/// Whoever steals a key must not be able to make another one, on any surface.
#[tokio::test]
async fn no_key_makes_a_key_of_a_user() {
    let app = platform().await;
    let ada = app.person("ada@example.com", "owner").await;
    let key = make(&app, &ada, &["*"]).await;
    let body = json!({ "name": "x", "scopes": ["tasks:read"] });
    for holder in [&key, &app.key(&["*"]).await] {
        let refused = app.holder(holder).post(KEYS, body.clone()).await.expect(403);
        assert_eq!(
            (refused.text_at("/error/message"), refused.text_at("/error/code")),
            (NEEDS_JWT.into(), "FORBIDDEN".into())
        );
        for (method, path) in [("GET", KEYS.to_owned()), ("DELETE", format!("{KEYS}/{}", key.id))] {
            app.holder(holder).send(method, &path, None).await.expect(403);
        }
    }
    app.master().post(KEYS, body).await.expect(403);
    let account = json!({ "label": "x", "lifetimeDays": 1, "scopes": ["tasks:read"] });
    app.holder(&key).post("/api/account/keys", account).await.refused(403, NEEDS_JWT);
    app.holder(&key).get("/api/account/keys").await.refused(403, NEEDS_JWT);
    // It may look at itself, and end itself.
    let itself = format!("/api/account/keys/{}", key.id);
    let view = app.holder(&key).get(&itself).await.expect(200);
    assert_eq!(view.at("/data/createdBy"), json!(ada.id));
    app.holder(&key).patch(&itself, json!({ "isActive": false })).await.expect(200);
    assert_eq!(use_it(&app, &key, "/api/v1/tasks").await, 401);
}

#[tokio::test]
async fn a_key_dies_with_the_membership_and_does_not_come_back() {
    let app = platform().await;
    let ada = app.person("ada@example.com", "member").await;
    let key = make(&app, &ada, &["tasks:read"]).await;
    let rotate = json!({ "overlap_seconds": 600 });
    let path = format!("{KEYS}/{}/rotate", key.id);
    let answer = app.as_person(&ada).post(&path, rotate).await.expect(200);
    let next = MadeKey { id: answer.text_at("/data/id"), text: answer.text_at("/data/key") };
    assert_eq!(use_it(&app, &key, "/api/v1/tasks").await, 200, "the overlap");
    let member = format!("/admin/tenants/1/members/{}", ada.id);
    let answer = app.master().delete(&member).await.expect(204);
    assert!(answer.header("titan-revocation").starts_with("rev="), "{answer:?}");
    for key in [&key, &next] {
        assert_eq!(use_it(&app, key, "/api/v1/tasks").await, 401);
        assert_eq!(app.code(key).await, "REVOKED");
    }
    app.master().send("PUT", &member, Some(json!({ "role": "owner" }))).await.expect(200);
    assert_eq!(use_it(&app, &next, "/api/v1/tasks").await, 401);
}

#[tokio::test]
async fn a_key_is_suspended_while_the_role_lacks_its_scopes() {
    let app = platform().await;
    let ada = app.person("ada@example.com", "admin").await;
    let (billing, tasks) =
        (make(&app, &ada, &["billing:read", "tasks:read"]).await, make(&app, &ada, &["tasks:read"]).await);
    set_role(&app, &ada, "member").await;
    assert_eq!(app.code(&billing).await, "DISABLED", "none of its scopes, not only the one that is lacking");
    assert_eq!(use_it(&app, &billing, "/api/v1/tasks").await, 401);
    assert_eq!(use_it(&app, &tasks, "/api/v1/tasks").await, 200);
    let view = app.master().get(&format!("/admin/keys/{}", billing.id)).await.expect(200);
    assert_eq!((view.at("/data/isActive"), view.at("/data/isSuspended")), (json!(true), json!(true)));
    // The switch is another thing.
    let switch = async |is_on: bool| {
        let path = format!("/admin/keys/{}", billing.id);
        app.master().patch(&path, json!({ "isActive": is_on })).await.expect(200);
    };
    switch(true).await;
    assert_eq!(app.code(&billing).await, "DISABLED");
    switch(false).await;
    set_role(&app, &ada, "owner").await;
    assert_eq!(app.code(&billing).await, "DISABLED");
    switch(true).await;
    assert_eq!(use_it(&app, &billing, "/api/v1/billing/balance").await, 200);
}

#[tokio::test]
async fn keys_are_refused_while_their_user_is_disabled() {
    let app = platform().await;
    let ada = app.person("ada@example.com", "admin").await;
    let (some, other) = (make(&app, &ada, &["tasks:read"]).await, make(&app, &ada, &["billing:read"]).await);
    let user = format!("/admin/users/{}", ada.id);
    app.master().patch(&user, json!({ "isActive": false })).await.expect(200);
    assert_eq!((app.code(&some).await, app.code(&other).await), ("DISABLED".into(), "DISABLED".into()));
    // Meanwhile the role sinks: what it does not hold any more stays suspended.
    set_role(&app, &ada, "member").await;
    assert_eq!(app.code(&some).await, "DISABLED");
    app.master().patch(&user, json!({ "isActive": true })).await.expect(200);
    assert_eq!((app.code(&some).await, app.code(&other).await), ("VALID".into(), "DISABLED".into()));
    let password = json!({ "password": format!("{PASSWORD} again") });
    app.master().patch(&user, password).await.expect(200);
    assert_eq!(app.code(&some).await, "VALID", "a new password ends sessions, not keys");
}

#[tokio::test]
async fn the_keys_of_others_do_not_exist_but_for_admins() {
    let app = platform().await;
    let ada = app.person("ada@example.com", "member").await;
    let (bob, eve) =
        (app.person("bob@example.com", "member").await, app.person("eve@example.com", "admin").await);
    let tenant = app.tenant("other").await;
    app.user_of(tenant, "mal@example.com", "owner").await;
    let mal = app.sign_in(String::new(), "mal@example.com").await;
    let key = make(&app, &ada, &["tasks:read"]).await;
    let (path, of_ada) = (format!("{KEYS}/{}", key.id), format!("{KEYS}?owner_id={}", ada.id));
    for stranger in [&bob, &mal] {
        app.as_person(stranger).get(&path).await.expect(404);
        app.as_person(stranger).delete(&path).await.expect(404);
        app.as_person(stranger).send("POST", &format!("{path}/rotate"), None).await.expect(404);
    }
    app.as_person(&bob).get(&of_ada).await.expect(403);
    let list = app.as_person(&mal).get(&of_ada).await.expect(200);
    assert_eq!(list.at("/data"), json!([]), "of another tenant");
    let list = app.as_person(&eve).get(&of_ada).await.expect(200);
    assert_eq!(list.at("/data/0/id"), json!(key.id));
    // Its text belongs to its owner alone.
    app.as_person(&eve).send("POST", &format!("{path}/rotate"), None).await.expect(404);
    // A key that nobody owns is no key of a user.
    let plain = app.key(&["tasks:read"]).await;
    app.as_person(&eve).get(&format!("{KEYS}/{}", plain.id)).await.expect(404);
    app.as_person(&eve).delete(&path).await.expect(204);
    assert_eq!(app.code(&key).await, "REVOKED");
}

#[tokio::test]
async fn a_repeated_request_gets_the_same_key() {
    let app = platform().await;
    let (ada, bob) =
        (app.person("ada@example.com", "member").await, app.person("bob@example.com", "member").await);
    let post = async |person: &Person, name: &str| {
        let body = json!({ "name": name, "scopes": ["tasks:read"] });
        let request = app.as_person(person).request("POST", KEYS).header("idempotency-key", "one");
        Answer::read(request.json(&body).send().await.unwrap()).await
    };
    let first = post(&ada, "x").await.expect(201);
    assert_eq!(post(&ada, "x").await.expect(201).json(), first.json());
    post(&ada, "y").await.expect(409);
    assert_ne!(post(&bob, "x").await.expect(201).at("/key"), first.at("/key"), "a name of another user");
}

/// What commits first wins, and nothing is left behind.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_that_is_made_while_its_owner_is_removed_is_dead() {
    let app = platform().await;
    for round in 0..8 {
        let ada = app.person(&format!("ada{round}@example.com"), "member").await;
        let member = format!("/admin/tenants/1/members/{}", ada.id);
        let make = async || {
            let body = json!({ "name": "x", "scopes": ["tasks:read"] });
            app.as_person(&ada).post(KEYS, body).await
        };
        let master = app.master();
        let (removed, a, b) = tokio::join!(master.delete(&member), make(), make());
        removed.expect(204);
        for made in [a, b] {
            assert!(made.status == 201 || made.status == 401, "{made:?}");
            if made.status == 201 {
                let key = MadeKey { id: made.text_at("/id"), text: made.text_at("/key") };
                assert_eq!(app.code(&key).await, "REVOKED");
            }
        }
    }
}
