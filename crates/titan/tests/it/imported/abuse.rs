//! What must not become a key, or stay one.

use super::{FOREIGN, LEGACY, PATH, SESSIONS, import, imported, row, sha256};
use crate::support::TestApp;
use serde_json::{Value, json};

#[tokio::test]
async fn a_key_that_was_not_imported_is_refused_and_so_is_its_hash() {
    let app = TestApp::start().await;
    app.role(Some(LEGACY)).get(SESSIONS).await.refused(401, "invalid api key");
    app.role(Some(FOREIGN)).get(SESSIONS).await.refused(401, "malformed api key");
    imported(&app, FOREIGN).await;
    app.role(Some(LEGACY)).get(SESSIONS).await.refused(401, "invalid api key");
    app.role(Some(&sha256(FOREIGN))).get(SESSIONS).await.refused(401, "malformed api key");
    app.role(Some(&FOREIGN.to_uppercase())).get(SESSIONS).await.refused(401, "malformed api key");
    app.role(Some(&format!("{FOREIGN}x"))).get(SESSIONS).await.refused(401, "malformed api key");
    app.role(Some("short")).get(SESSIONS).await.refused(401, "malformed api key");
}

#[tokio::test]
async fn credentials_for_other_places_are_no_keys_even_if_their_hash_is_imported() {
    let app = TestApp::start().await;
    for (text, refusal) in [
        ("titan_ct_abcdefghijklmnop", "invalid token"),
        ("titan_rt_abcdefghijklmnop", "malformed api key"),
        ("titan_inv_abcdefghijklmnop", "malformed api key"),
    ] {
        imported(&app, text).await;
        app.role(Some(text)).get(SESSIONS).await.refused(401, refusal);
    }
}

#[tokio::test]
async fn a_revoked_a_disabled_and_an_expired_one_are_refused() {
    let app = TestApp::start().await;
    let key = imported(&app, LEGACY).await;
    let path = format!("/admin/keys/{}", key.id);
    app.master().patch(&path, json!({ "isActive": false })).await.expect(200);
    app.holder(&key).get(SESSIONS).await.refused(401, "api key disabled");
    app.master().patch(&path, json!({ "isActive": true })).await.expect(200);
    app.holder(&key).get(SESSIONS).await.expect(200);
    app.master().delete(&path).await.expect(204);
    app.holder(&key).get(SESSIONS).await.refused(401, "api key revoked");
    let answer = import(&app, &[row(LEGACY)]).await.expect(200);
    assert_eq!(answer.text_at("/data/0/status"), "known", "importing it again does not revive it");
    app.holder(&key).get(SESSIONS).await.refused(401, "api key revoked");

    let key = imported(&app, FOREIGN).await;
    app.master().patch("/admin/tenants/1", json!({ "isActive": false })).await.expect(200);
    app.holder(&key).get(SESSIONS).await.refused(401, "api key disabled");
    app.master().patch("/admin/tenants/1", json!({ "isActive": true })).await.expect(200);
    app.master().patch("/admin/tenants/1", json!({ "revokeKeys": true })).await.expect(200);
    app.holder(&key).get(SESSIONS).await.refused(401, "api key revoked");
}

#[tokio::test]
async fn it_may_do_what_its_row_says_and_no_more() {
    let app = TestApp::start().await;
    let key = imported(&app, LEGACY).await;
    let holder = app.holder(&key);
    holder.get(SESSIONS).await.expect(200);
    holder.post(SESSIONS, json!({})).await.refused(403, "insufficient scope: sessions:manage required");
    holder.get("/api/account/keys").await.expect(403);
    holder.get("/admin/keys").await.refused(403, "master key required");
}

#[tokio::test]
async fn a_bad_row_is_refused_alone_and_named() {
    let app = TestApp::start().await;
    let with = |field: &str, value: Value| {
        let mut row = row("another key of sixteen");
        row[field] = value;
        row
    };
    let rows = [
        with("sha256", json!("ab")),
        with("label", json!("")),
        with("scopes", json!([])),
        with("scopes", json!(["no:such"])),
        with("expiresAt", json!("soon")),
        with("expiresAt", json!("2020-01-01T00:00:00Z")),
        with("expiresAt", json!("2200-01-01T00:00:00Z")),
        with("tenantId", json!(99)),
        row(LEGACY),
        row(LEGACY),
    ];
    let answer = import(&app, &rows).await.expect(200);
    let wrong = [
        "sha256",
        "label",
        "scopes",
        "unknown scope: no:such",
        "expiresAt",
        "expiresAt",
        "expiresAt",
        "tenantId",
    ];
    for (place, text) in wrong.iter().enumerate() {
        let said = answer.text_at(&format!("/data/{place}/error"));
        assert!(said.contains(text), "{place}: {said}");
    }
    assert_eq!(answer.text_at("/data/8/status"), "added");
    assert!(answer.text_at("/data/9/error").contains("twice"));
    let list = app.master().get(PATH).await.expect(200).at("/data");
    assert_eq!(list.as_array().unwrap().len(), 1);
    import(&app, &[]).await.expect(400);
    app.master().post(PATH, json!({ "keys": [{ "key": LEGACY }] })).await.expect(400);
}

#[tokio::test]
async fn a_dry_run_changes_nothing() {
    let app = TestApp::start().await;
    let path = format!("{PATH}?dryRun=true");
    let answer = app.master().post(&path, json!({ "keys": [row(LEGACY)] })).await.expect(200);
    assert_eq!((answer.text_at("/data/0/status").as_str(), answer.at("/data/0/id")), ("added", Value::Null));
    assert_eq!(app.master().get(PATH).await.expect(200).at("/data"), json!([]));
    app.role(Some(LEGACY)).get(SESSIONS).await.refused(401, "invalid api key");
}
