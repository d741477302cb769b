//! Lists of keys: what they are narrowed to, how they are sorted, and what their cursors promise.

use crate::support::app::MadeKey;
use crate::support::{Role, TestApp};
use serde_json::{Value, json};

async fn key(role: &Role, path: &str, label: &str, days: u32, scopes: &[&str]) -> MadeKey {
    let body = json!({ "label": label, "lifetimeDays": days, "scopes": scopes });
    MadeKey::of(&role.post(path, body).await.expect(201))
}

async fn labels(role: &Role, path: &str) -> Vec<String> {
    let data = role.get(path).await.expect(200).at("/data");
    data.as_array().unwrap().iter().map(|key| key["label"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn each_bad_value_is_400_and_named() {
    let app = TestApp::start().await;
    let manager = app.holder(&app.key(&["keys:manage"]).await);
    let text = "x".repeat(101);
    for (query, said) in [
        ("label=".to_owned(), "label: must have 1 to 100 characters"),
        (format!("label={text}"), "label: must have 1 to 100 characters"),
        ("label=a%00b".to_owned(), "label: must not contain control characters"),
        ("createdBy=x".to_owned(), "createdBy: must be the id of a key (key_…) or a user (usr_…), or master"),
        ("createdBy=".to_owned(), "createdBy: must be the id of a key (key_…) or a user (usr_…), or master"),
        (
            "expiresBefore=2026-01-31".to_owned(),
            "expiresBefore: must be a time of RFC 3339, such as 2026-01-31T00:00:00Z",
        ),
        (
            "expiresBefore=soon".to_owned(),
            "expiresBefore: must be a time of RFC 3339, such as 2026-01-31T00:00:00Z",
        ),
        (
            "lastUsedBefore=1700000000".to_owned(),
            "lastUsedBefore: must be a time of RFC 3339, such as 2026-01-31T00:00:00Z",
        ),
        ("sort=label".to_owned(), "sort: must be created, expires or lastUsed"),
        ("order=up".to_owned(), "order: must be asc or desc"),
        ("cursor=x".to_owned(), "cursor: must be the nextCursor of an answer"),
        ("cursor=key_00000000000000000000000000".to_owned(), "cursor: must be the nextCursor of an answer"),
    ] {
        app.master().get(&format!("/admin/keys?{query}")).await.refused(400, said);
        manager.get(&format!("/api/account/keys?{query}")).await.refused(400, said);
    }
    for role_and_path in [(app.master(), "/admin/keys"), (manager, "/api/account/keys")] {
        let answer = role_and_path.0.get(&format!("{}?scope=no:such", role_and_path.1)).await.expect(400);
        assert!(answer.text_at("/error").starts_with("unknown scope: no:such"), "{answer:?}");
    }
}

#[tokio::test]
async fn lists_are_narrowed_by_label_creator_scope_and_times() {
    let app = TestApp::start().await;
    let master = app.master();
    let maker = key(&master, "/admin/keys", "Maker", 90, &["*"]).await;
    let child = key(&app.holder(&maker), "/api/account/keys", "child 100%", 1, &["tasks:read"]).await;
    let narrowed = async |query: &str| labels(&master, &format!("/admin/keys?{query}")).await;
    assert_eq!(narrowed("label=maker").await, ["Maker"]);
    assert_eq!(narrowed("label=0%25").await, ["child 100%"]);
    assert_eq!(narrowed("label=%25").await, ["child 100%"]);
    assert_eq!(narrowed(&format!("createdBy={}", maker.id)).await, ["child 100%"]);
    assert_eq!(narrowed("createdBy=master").await, ["Maker"]);
    assert_eq!(
        narrowed("scope=tasks:read").await,
        ["child 100%"],
        "what is covered by * was not granted by name"
    );
    assert_eq!(narrowed("scope=*").await, ["Maker"]);
    assert_eq!(narrowed("scope=tasks:write").await, [""; 0]);
    let expiry = master.get(&format!("/admin/keys/{}", child.id)).await.text_at("/data/expiresAt");
    assert_eq!(narrowed(&format!("expiresBefore={expiry}")).await, [""; 0]);
    assert_eq!(
        narrowed("expiresBefore=2999-01-01T00:00:00Z").await,
        ["child 100%", "Maker"],
        "the next one first"
    );
    assert_eq!(
        narrowed("lastUsedBefore=2000-01-01T00:00:00Z&label=child").await,
        ["child 100%"],
        "never used"
    );
    assert_eq!(narrowed("label=maker&scope=tasks:read").await, [""; 0]);
    assert_eq!(narrowed("sort=expires&order=desc").await, ["Maker", "child 100%"]);
    assert_eq!(narrowed("sort=created&order=asc&active=true&tenantId=1").await, ["Maker", "child 100%"]);
}

#[tokio::test]
async fn another_tenants_keys_are_in_no_list_whatever_is_asked() {
    let app = TestApp::start().await;
    let theirs = app.key_of(app.tenant("other").await, &["*"]).await;
    key(&app.holder(&theirs), "/api/account/keys", "their child", 1, &["tasks:read"]).await;
    let ours = app.holder(&app.key(&["*"]).await);
    for query in [
        format!("createdBy={}", theirs.id),
        "label=child".to_owned(),
        "scope=tasks:read".to_owned(),
        "sort=expires&label=their%20child".to_owned(),
        "lastUsedBefore=2999-01-01T00:00:00Z&scope=tasks:read".to_owned(),
    ] {
        let answer = ours.get(&format!("/api/account/keys?{query}")).await.expect(200);
        assert_eq!(answer.json(), json!({ "data": [] }), "{query}");
    }
    ours.get("/api/account/keys?tenantId=2").await.expect(400);
}

#[tokio::test]
async fn every_order_is_walked_to_its_end_by_cursors_of_its_own() {
    let app = TestApp::start().await;
    let master = app.master();
    for days in [3, 1, 2, 1, 3] {
        key(&master, "/admin/keys", &format!("{days} days"), days, &["tasks:read"]).await;
    }
    let mut cursors = Vec::new();
    for order in [
        "sort=created&order=asc",
        "sort=created&order=desc",
        "sort=expires&order=asc",
        "sort=expires&order=desc",
        "sort=lastUsed&order=asc",
        "sort=lastUsed&order=desc",
    ] {
        let (mut seen, mut cursor) = (Vec::new(), String::new());
        loop {
            let answer = master.get(&format!("/admin/keys?{order}&limit=2{cursor}")).await.expect(200);
            seen.extend(answer.at("/data").as_array().unwrap().clone());
            let Some(next) = answer.json().get("nextCursor").cloned() else { break };
            let next = next.as_str().unwrap().to_owned();
            cursor = format!("&cursor={next}");
            cursors.push((order, next));
        }
        let all = master.get(&format!("/admin/keys?{order}")).await.at("/data");
        assert_eq!((Value::Array(seen), all.as_array().unwrap().len()), (all.clone(), 5), "{order}");
    }
    for (of, cursor) in &cursors {
        for (order, _) in cursors.iter().filter(|(order, _)| order != of) {
            let answer = master.get(&format!("/admin/keys?{order}&cursor={cursor}")).await;
            answer.refused(400, "cursor: belongs to another sort or order than this request");
        }
    }
}

#[tokio::test]
async fn all_keys_that_a_key_made_are_revoked_at_once() {
    let app = TestApp::start().await;
    let master = app.master();
    let maker = app.key(&["*"]).await;
    let holder = app.holder(&maker);
    let child = key(&holder, "/api/account/keys", "child", 1, &["*"]).await;
    let other = key(&holder, "/api/account/keys", "other child", 1, &["tasks:read"]).await;
    let grandchild = key(&app.holder(&child), "/api/account/keys", "grandchild", 1, &["tasks:read"]).await;
    let path = format!("/admin/keys?createdBy={}", maker.id);
    let answer = master.delete(&path).await.expect(200);
    assert_eq!(answer.json(), json!({ "data": { "revoked": 2 } }));
    assert!(answer.header("titan-revocation").contains("applied=1"), "{answer:?}");
    for (key, code) in [(&maker, "VALID"), (&child, "REVOKED"), (&other, "REVOKED"), (&grandchild, "VALID")] {
        assert_eq!(app.code(key).await, code);
    }
    let again = master.delete(&path).await.expect(200);
    assert_eq!(again.at("/data/revoked"), json!(0));
    assert!(again.header("titan-revocation").starts_with("rev="), "{again:?}");
    let answer = master.delete(&format!("{path}&descendants=true")).await.expect(200);
    assert_eq!(answer.at("/data/revoked"), json!(1));
    assert_eq!(
        (app.code(&grandchild).await, app.code(&maker).await),
        ("REVOKED".to_owned(), "VALID".to_owned())
    );
}

#[tokio::test]
async fn what_a_revoked_key_made_can_still_be_revoked() {
    let app = TestApp::start().await;
    let maker = app.key(&["*"]).await;
    let child = key(&app.holder(&maker), "/api/account/keys", "child", 1, &["*"]).await;
    app.master().delete(&format!("/admin/keys/{}", maker.id)).await.expect(204);
    app.master().delete(&format!("/admin/keys?createdBy={}", maker.id)).await.expect(200);
    assert_eq!(app.code(&child).await, "REVOKED");
}

#[tokio::test]
async fn nothing_is_revoked_without_the_name_of_its_creator() {
    let app = TestApp::start().await;
    let (key, manager) = (app.key(&["tasks:read"]).await, app.holder(&app.key(&["keys:manage"]).await));
    let said = "createdBy: must be the id of a key (key_…)";
    for query in ["", "?createdBy=", "?createdBy=master", "?createdBy=key_x", "?descendants=true"] {
        app.master().delete(&format!("/admin/keys{query}")).await.refused(400, said);
        manager.delete(&format!("/api/account/keys{query}")).await.refused(400, said);
    }
    app.master().delete(&format!("/admin/keys?createdBy={}&label=x", key.id)).await.expect(400);
    assert_eq!(app.code(&key).await, "VALID");
}

#[tokio::test]
async fn a_tenant_revokes_its_own_keys_and_no_others() {
    let app = TestApp::start().await;
    let theirs = app.key_of(app.tenant("other").await, &["*"]).await;
    let their_child = key(&app.holder(&theirs), "/api/account/keys", "child", 1, &["*"]).await;
    let ours = app.key(&["keys:manage"]).await;
    let child = key(&app.holder(&ours), "/api/account/keys", "child", 1, &["keys:manage"]).await;
    for query in ["", "&descendants=true"] {
        let path = format!("/api/account/keys?createdBy={}{query}", theirs.id);
        let answer = app.holder(&ours).delete(&path).await.expect(200);
        assert_eq!(answer.at("/data/revoked"), json!(0), "nothing, as for a key that does not exist");
    }
    assert_eq!(app.code(&their_child).await, "VALID");
    let path = format!("/api/account/keys?createdBy={}", ours.id);
    app.holder(&app.key(&["tasks:read"]).await)
        .delete(&path)
        .await
        .refused(403, "insufficient scope: keys:manage required");
    assert_eq!(app.holder(&child).delete(&path).await.expect(200).at("/data/revoked"), json!(1), "itself");
    assert_eq!((app.code(&child).await, app.code(&ours).await), ("REVOKED".to_owned(), "VALID".to_owned()));
}
