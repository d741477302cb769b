//! What the page on the admin API leaves open.

use crate::support::app::MadeKey;
use crate::support::{Answer, Role, TestApp};
use serde_json::{Value, json};

fn body() -> Value {
    json!({ "label": "x", "lifetimeDays": 1, "scopes": ["tasks:read"] })
}

async fn with_key(role: &Role, name: &str, path: &str, body: Option<Value>) -> Answer {
    let request = role.request("POST", path).header("idempotency-key", name);
    let request = match body {
        Some(body) => request.json(&body),
        None => request,
    };
    Answer::read(request.send().await.unwrap()).await
}

#[tokio::test]
async fn bad_fields_are_named() {
    let app = TestApp::start().await;
    let long = "x".repeat(101);
    for (body, text) in [
        (json!({ "lifetimeDays": 1, "scopes": ["*"] }), "missing required field: label"),
        (json!({ "label": "x", "scopes": ["*"] }), "missing required field: lifetimeDays"),
        (json!({ "label": "x", "lifetimeDays": 1 }), "missing required field: scopes"),
        (json!({ "label": "", "lifetimeDays": 1, "scopes": ["*"] }), "label: must have 1 to 100 characters"),
        (json!({ "label": " ", "lifetimeDays": 1, "scopes": ["*"] }), "label: must have 1 to 100 characters"),
        (
            json!({ "label": long, "lifetimeDays": 1, "scopes": ["*"] }),
            "label: must have 1 to 100 characters",
        ),
        (
            json!({ "label": "a\u{0}b", "lifetimeDays": 1, "scopes": ["*"] }),
            "label: must not contain control characters",
        ),
        (json!({ "label": "x", "lifetimeDays": 0, "scopes": ["*"] }), "lifetimeDays: must be 1 to 90"),
        (json!({ "label": "x", "lifetimeDays": 91, "scopes": ["*"] }), "lifetimeDays: must be 1 to 90"),
        (json!({ "label": "x", "lifetimeDays": -1, "scopes": ["*"] }), "lifetimeDays: must be 1 to 90"),
        (json!({ "label": "x", "lifetimeDays": 1, "scopes": [] }), "scopes: must name at least one scope"),
        (json!({ "label": "x", "lifetimeDays": 1, "scopes": ["no:such"] }), "unknown scope: no:such"),
        (
            json!({ "label": "x", "lifetimeDays": 1, "scopes": ["*"], "tenantId": 99 }),
            "tenantId: no such tenant",
        ),
    ] {
        app.master().post("/admin/keys", body).await.refused(400, text);
    }
    for (body, part) in [
        (json!({ "label": 1 }), "label: invalid type: integer `1`, expected a string"),
        (json!({ "lifetimeDays": 1.5 }), "lifetimeDays: invalid type"),
        (json!({ "lifetimeDays": 1e30 }), "lifetimeDays: invalid type"),
        (json!({ "scopes": "*" }), "scopes: invalid type"),
        (json!({ "tenantId": -1 }), "tenantId: invalid value"),
        (json!({ "labels": "x" }), "unknown field `labels`"),
        (json!(["x", 1, ["*"]]), "body: must be a JSON object"),
    ] {
        let answer = app.master().post("/admin/keys", body).await.expect(400);
        assert!(answer.text_at("/error").contains(part), "{answer:?}");
    }
    assert_eq!(app.master().get("/admin/keys").await.at("/data"), json!([]), "nothing was made");
}

#[tokio::test]
async fn lists_go_page_by_page_newest_first() {
    let app = TestApp::start().await;
    let mut ids = Vec::new();
    for _ in 0..7 {
        ids.insert(0, app.key(&["tasks:read"]).await.id);
    }
    let other = app.tenant("other").await;
    let foreign = app.key_of(other, &["tasks:read"]).await.id;
    let (mut found, mut cursor) = (Vec::new(), String::new());
    loop {
        let answer = app.master().get(&format!("/admin/keys?limit=3&tenantId=1{cursor}")).await.expect(200);
        found.extend(
            answer.at("/data").as_array().unwrap().iter().map(|key| key["id"].as_str().unwrap().to_owned()),
        );
        match answer.json().get("nextCursor") {
            Some(next) => cursor = format!("&cursor={}", next.as_str().unwrap()),
            None => break,
        }
    }
    assert_eq!(found, ids);
    let all = app.master().get("/admin/keys").await.at("/data");
    assert_eq!((all.as_array().unwrap().len(), &all[0]["id"]), (8, &json!(foreign)));
    for (query, text) in [
        ("limit=0", "limit: must be 1 to 1000"),
        ("limit=1001", "limit: must be 1 to 1000"),
        ("cursor=x", "cursor: must be the nextCursor of an answer"),
    ] {
        app.master().get(&format!("/admin/keys?{query}")).await.refused(400, text);
    }
    for query in ["limit=x", "active=maybe", "unknown=1", "limit=1&limit=2"] {
        let answer = app.master().get(&format!("/admin/keys?{query}")).await.expect(400);
        assert!(answer.text_at("/error").starts_with("query: "), "{answer:?}");
    }
}

#[tokio::test]
async fn lists_can_be_narrowed_to_one_switch() {
    let app = TestApp::start().await;
    let (on, off) = (app.key(&["tasks:read"]).await, app.key(&["tasks:read"]).await);
    app.master().patch(&format!("/admin/keys/{}", off.id), json!({ "isActive": false })).await.expect(200);
    let ids = async |query: &str| app.master().get(&format!("/admin/keys?{query}")).await.at("/data/0/id");
    assert_eq!(ids("active=true").await, json!(on.id));
    assert_eq!(ids("active=false").await, json!(off.id));
}

#[tokio::test]
async fn an_update_changes_what_it_names_and_must_name_something() {
    let app = TestApp::start().await;
    let key = app.key(&["tasks:read"]).await;
    let path = format!("/admin/keys/{}", key.id);
    for method in ["PUT", "PATCH"] {
        app.master()
            .send(method, &path, Some(json!({})))
            .await
            .refused(400, "body: must change label, isActive or rateLimit");
        app.master().send(method, &path, None).await.expect(415);
        let answer = app.master().send(method, &path, Some(json!({ "label": method }))).await.expect(200);
        assert_eq!((answer.at("/data/label"), answer.at("/data/isActive")), (json!(method), json!(true)));
        assert!(answer.header("titan-revocation").starts_with("rev="), "{answer:?}");
    }
    app.master()
        .patch(&format!("{path}?descendants=true"), json!({ "isActive": true }))
        .await
        .refused(400, "descendants: is allowed only with isActive: false");
}

#[tokio::test]
async fn a_rotated_or_deleted_key_cannot_be_rotated() {
    let app = TestApp::start().await;
    let (rotated, deleted) = (app.key(&["tasks:read"]).await, app.key(&["tasks:read"]).await);
    let rotate = async |id: &str| app.master().send("POST", &format!("/admin/keys/{id}/rotate"), None).await;
    rotate(&rotated.id).await.expect(200);
    rotate(&rotated.id).await.refused(409, "key has already been rotated");
    app.master().delete(&format!("/admin/keys/{}", deleted.id)).await.expect(204);
    rotate(&deleted.id).await.refused(409, "key has been deleted");
    rotate("key_01jz4xkq0000000000000000").await.refused(404, "key not found");
    app.master().delete(&format!("/admin/keys/{}", deleted.id)).await.refused(404, "key not found");
}

#[tokio::test]
async fn with_overlap_the_old_key_lives_on_and_says_so() {
    let app = TestApp::start().await;
    let old = app.key(&["*"]).await;
    let path = format!("/admin/keys/{}/rotate", old.id);
    let most = json!({ "overlapSeconds": 604_801 });
    app.master().post(&path, most).await.refused(400, "overlapSeconds: must be 0 to 604800");
    let new = MadeKey::of(&app.master().post(&path, json!({ "overlapSeconds": 3600 })).await.expect(200));
    app.master().post(&path, json!({})).await.refused(409, "key has already been rotated");
    for path in ["/api/sessions", "/api/account/keys"] {
        let answer = app.holder(&old).get(path).await.expect(200);
        assert!(answer.header("deprecation").starts_with('@'), "{answer:?}");
        assert!(answer.header("sunset").ends_with(" GMT"), "{answer:?}");
        let answer = app.holder(&new).get(path).await.expect(200);
        assert_eq!(answer.header("deprecation"), "");
    }
    app.clock.advance(3601);
    app.holder(&old).get("/api/sessions").await.refused(401, "api key revoked");
    app.holder(&new).get("/api/sessions").await.expect(200);
    app.master().get(&format!("/admin/keys/{}", old.id)).await.refused(404, "key not found");
}

#[tokio::test]
async fn an_overlap_can_be_cut_short() {
    let app = TestApp::start().await;
    let old = app.key(&["*"]).await;
    let path = format!("/admin/keys/{}", old.id);
    app.master().post(&format!("{path}/rotate"), json!({ "overlapSeconds": 3600 })).await.expect(200);
    app.master().delete(&path).await.expect(204);
    assert_eq!(app.code(&old).await, "REVOKED");
}

#[tokio::test]
async fn a_disabled_key_stays_disabled_through_a_rotation() {
    let app = TestApp::start().await;
    let old = app.key(&["*"]).await;
    let path = format!("/admin/keys/{}", old.id);
    app.master().patch(&path, json!({ "isActive": false })).await.expect(200);
    let answer = app.master().send("POST", &format!("{path}/rotate"), None).await.expect(200);
    assert_eq!(answer.at("/data/isActive"), json!(false));
    let new = MadeKey::of(&answer);
    assert_eq!(app.code(&new).await, "DISABLED");
    app.master().patch(&format!("/admin/keys/{}", new.id), json!({ "isActive": true })).await.expect(200);
    assert_eq!(app.code(&new).await, "VALID");
}

#[tokio::test]
async fn one_idempotency_key_is_one_creation() {
    let app = TestApp::start().await;
    let master = app.master();
    let first = with_key(&master, "a-1", "/admin/keys", Some(body())).await.expect(201);
    let id = first.text_at("/data/id");
    master.patch(&format!("/admin/keys/{id}"), json!({ "label": "renamed since" })).await.expect(200);
    let again = with_key(&master, "a-1", "/admin/keys", Some(body())).await.expect(201);
    assert_eq!(first.text, again.text, "the same answer, the key included");
    assert_eq!(master.get("/admin/keys").await.at("/data").as_array().unwrap().len(), 1);
    let other = json!({ "label": "y", "lifetimeDays": 1, "scopes": ["tasks:read"] });
    with_key(&master, "a-1", "/admin/keys", Some(other))
        .await
        .refused(409, "Idempotency-Key: was used for another request");
    for bad in [" ", "a b", &"x".repeat(256)] {
        with_key(&master, bad, "/admin/keys", Some(body())).await.expect(400);
    }
    app.clock.advance(24 * 3600 + 1);
    let later = with_key(&master, "a-1", "/admin/keys", Some(body())).await.expect(201);
    assert_ne!(later.text_at("/data/id"), id, "after 24 hours it is another request");
}

#[tokio::test]
async fn one_idempotency_key_is_one_rotation() {
    let app = TestApp::start().await;
    let master = app.master();
    let path = format!("/admin/keys/{}/rotate", app.key(&["tasks:read"]).await.id);
    let first = with_key(&master, "r", &path, None).await.expect(200);
    let again = with_key(&master, "r", &path, None).await.expect(200);
    assert_eq!(first.text, again.text);
    with_key(&master, "r", "/admin/keys", Some(body())).await.expect(409);
    with_key(&master, "other", &path, None).await.refused(409, "key has already been rotated");
}

#[tokio::test]
async fn idempotency_keys_are_each_callers_own() {
    let app = TestApp::start().await;
    let (a, b) = (app.holder(&app.key(&["*"]).await), app.holder(&app.key(&["*"]).await));
    let first = with_key(&a, "same", "/api/account/keys", Some(body())).await.expect(201);
    let second = with_key(&b, "same", "/api/account/keys", Some(body())).await.expect(201);
    assert_ne!(first.text_at("/data/id"), second.text_at("/data/id"));
}

#[tokio::test]
async fn concurrent_requests_under_one_idempotency_key_make_one_key() {
    let app = TestApp::start().await;
    let master = app.master();
    let requests = (0..20).map(|_| with_key(&master, "race", "/admin/keys", Some(body())));
    let answers = futures_util::future::join_all(requests).await;
    assert!(
        answers.iter().all(|answer| answer.status == 201 && answer.text == answers[0].text),
        "{answers:?}"
    );
}

#[tokio::test]
async fn last_used_is_null_until_used_and_then_there() {
    let mut app = TestApp::start().await;
    let key = app.key(&["sessions:read"]).await;
    let path = format!("/admin/keys/{}", key.id);
    assert_eq!(app.master().get(&path).await.at("/data/lastUsedAt"), Value::Null);
    app.holder(&key).get("/api/sessions").await.expect(200);
    let used = async || app.master().get(&path).await.at("/data/lastUsedAt");
    for _ in 0..600 {
        if used().await != Value::Null {
            app.stop().await;
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    panic!("no lastUsedAt within 30 seconds");
}

#[tokio::test]
async fn who_made_a_key_and_whose_it_is() {
    let app = TestApp::start().await;
    let tenant = app.tenant("other").await;
    let manager = app.key_of(tenant, &["*"]).await;
    let answer = app.master().get(&format!("/admin/keys/{}", manager.id)).await;
    assert_eq!((answer.at("/data/createdBy"), answer.at("/data/tenantId")), (json!("master"), json!(tenant)));
    let answer = app.holder(&manager).post("/api/account/keys", body()).await.expect(201);
    assert_eq!(
        (answer.at("/data/createdBy"), answer.at("/data/tenantId")),
        (json!(manager.id), json!(tenant))
    );
}

#[tokio::test]
async fn pages_and_methods_that_are_not_there() {
    let app = TestApp::start().await;
    app.master().get("/admin/nothing").await.refused(404, "page not found");
    app.master().get("/admin").await.refused(404, "page not found");
    let answer =
        app.master().send("PUT", "/admin/keys", Some(json!({}))).await.refused(405, "method not allowed");
    assert!(answer.header("allow").contains("POST"), "{answer:?}");
}
