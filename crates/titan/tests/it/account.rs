//! `/api/account/keys`: what a key may do to itself, to its tenant's keys, and to nobody else's.

use crate::support::app::MadeKey;
use crate::support::{Role, TestApp};
use futures_util::future::join_all;
use serde_json::{Value, json};

fn body(scopes: &[&str]) -> Value {
    json!({ "label": "x", "lifetimeDays": 1, "scopes": scopes })
}

async fn made_by(role: &Role, scopes: &[&str]) -> MadeKey {
    MadeKey::of(&role.post("/api/account/keys", body(scopes)).await.expect(201))
}

#[tokio::test]
async fn nobody_grants_what_it_does_not_hold() {
    let app = TestApp::start().await;
    let manager = app.holder(&app.key(&["keys:manage", "sessions:manage"]).await);
    let create = async |scopes: &[&str]| manager.post("/api/account/keys", body(scopes)).await;
    create(&["messages:write"]).await.refused(403, "insufficient scope: messages:write required");
    create(&["*"]).await.refused(403, "insufficient scope: * required");
    create(&["sessions:manage", "audit:read"]).await.refused(403, "insufficient scope: audit:read required");
    create(&["sessions:read"]).await.expect(201);
    create(&["keys:manage"]).await.expect(201);
    let body = json!({ "label": "x", "lifetimeDays": 1, "scopes": ["keys:manage"], "tenantId": 2 });
    manager.post("/api/account/keys", body).await.expect(400);
}

/// Whoever rotates a key is handed its successor: that is a grant, too.
#[tokio::test]
async fn nobody_rotates_its_way_to_more_scopes() {
    let app = TestApp::start().await;
    let manager = app.holder(&app.key(&["keys:manage"]).await);
    let god = app.key(&["*"]).await;
    let path = format!("/api/account/keys/{}/rotate", god.id);
    manager.send("POST", &path, None).await.refused(403, "insufficient scope: * required");
    app.holder(&god).get("/api/sessions").await.expect(200);
}

#[tokio::test]
async fn any_key_reads_rotates_and_disables_itself_and_no_more() {
    let app = TestApp::start().await;
    let key = app.key(&["tasks:read"]).await;
    let (own, path) = (app.holder(&key), format!("/api/account/keys/{}", key.id));
    assert_eq!(own.get(&path).await.expect(200).at("/data/id"), json!(key.id));
    for (method, body) in [
        ("PATCH", Some(json!({ "label": "new" }))),
        ("PATCH", Some(json!({ "isActive": true }))),
        ("PATCH", Some(json!({ "label": "new", "isActive": false }))),
        ("DELETE", None),
    ] {
        own.send(method, &path, body).await.refused(403, "insufficient scope: keys:manage required");
    }
    own.patch(&format!("{path}?descendants=true"), json!({ "isActive": false })).await.expect(403);
    let answer = own.send("POST", &format!("{path}/rotate"), None).await.expect(200);
    assert_eq!(answer.at("/data/scopes"), json!(["tasks:read"]));
    own.get(&path).await.refused(401, "api key revoked");
    let next = MadeKey::of(&answer);
    let (own, path) = (app.holder(&next), format!("/api/account/keys/{}", next.id));
    own.patch(&path, json!({ "isActive": false })).await.expect(200);
    own.get(&path).await.refused(401, "api key disabled");
}

#[tokio::test]
async fn another_key_of_the_tenant_needs_keys_manage_whether_it_exists_or_not() {
    let app = TestApp::start().await;
    let plain = app.holder(&app.key(&["tasks:read"]).await);
    let other = app.key(&["tasks:read"]).await.id;
    for id in [&*other, "key_00000000000000000000000000"] {
        plain
            .get(&format!("/api/account/keys/{id}"))
            .await
            .refused(403, "insufficient scope: keys:manage required");
    }
}

#[tokio::test]
async fn another_tenants_key_does_not_exist() {
    let app = TestApp::start().await;
    let tenant = app.tenant("other").await;
    let theirs = app.key_of(tenant, &["*"]).await;
    let ours = app.holder(&app.key(&["*"]).await);
    let path = format!("/api/account/keys/{}", theirs.id);
    ours.get(&path).await.refused(404, "key not found");
    ours.patch(&path, json!({ "isActive": false })).await.refused(404, "key not found");
    ours.send("PUT", &path, Some(json!({ "label": "x" }))).await.refused(404, "key not found");
    ours.send("POST", &format!("{path}/rotate"), None).await.refused(404, "key not found");
    ours.delete(&path).await.refused(404, "key not found");
    let list = ours.get("/api/account/keys").await.expect(200);
    assert!(!list.text.contains(&theirs.id));
    assert_eq!(app.code(&theirs).await, "VALID");
}

/// Grandmother made mother, mother made child; a stranger made its own.
struct Family {
    app: TestApp,
    mother: MadeKey,
    child: MadeKey,
    stranger: MadeKey,
}

impl Family {
    async fn start() -> Self {
        let app = TestApp::start().await;
        let mother = app.key(&["*"]).await;
        let child = made_by(&app.holder(&mother), &["*"]).await;
        let stranger = app.key(&["*"]).await;
        Self { app, mother, child, stranger }
    }

    async fn codes(&self) -> [String; 3] {
        [&self.mother, &self.child, &self.stranger]
            .map(|key| self.app.code(key))
            .into_iter()
            .collect_all()
            .await
    }
}

/// Waits for three futures.
trait CollectAll {
    async fn collect_all(self) -> [String; 3];
}

impl<F: Future<Output = String>> CollectAll for std::array::IntoIter<F, 3> {
    async fn collect_all(self) -> [String; 3] {
        join_all(self).await.try_into().unwrap()
    }
}

#[tokio::test]
async fn descendants_stay_unless_they_are_named() {
    let family = Family::start().await;
    family.app.master().delete(&format!("/admin/keys/{}", family.mother.id)).await.expect(204);
    assert_eq!(family.codes().await, ["REVOKED", "VALID", "VALID"]);
}

#[tokio::test]
async fn descendants_go_with_a_delete_that_names_them() {
    let family = Family::start().await;
    let grandchild = made_by(&family.app.holder(&family.child), &["tasks:read"]).await;
    let path = format!("/admin/keys/{}?descendants=true", family.mother.id);
    let answer = family.app.master().delete(&path).await.expect(204);
    assert!(answer.header("titan-revocation").contains("applied=1"));
    assert_eq!(family.codes().await, ["REVOKED", "REVOKED", "VALID"]);
    assert_eq!(family.app.code(&grandchild).await, "REVOKED");
}

#[tokio::test]
async fn descendants_go_with_a_disable_that_names_them() {
    let family = Family::start().await;
    let path = format!("/api/account/keys/{}?descendants=true", family.mother.id);
    family.app.holder(&family.mother).patch(&path, json!({ "isActive": false })).await.expect(200);
    assert_eq!(family.codes().await, ["DISABLED", "DISABLED", "VALID"]);
}

/// More than one transaction takes. The caller is one of them, and must be good until the last.
#[tokio::test]
async fn very_many_descendants_go_in_pieces() {
    let family = Family::start().await;
    let (app, mother) = (&family.app, family.app.holder(&family.mother));
    let mut made = Vec::new();
    for _ in 0..35 {
        made.extend(join_all((0..32).map(|_| made_by(&mother, &["tasks:read"]))).await);
    }
    let path = format!("/api/account/keys/{}?descendants=true", family.mother.id);
    app.holder(&family.child).patch(&path, json!({ "isActive": false })).await.expect(200);
    assert_eq!(family.codes().await, ["DISABLED", "DISABLED", "VALID"]);
    for key in made.iter().step_by(50) {
        assert_eq!(app.code(key).await, "DISABLED");
    }
    let path = format!("/admin/keys/{}?descendants=true", family.mother.id);
    app.master().delete(&path).await.expect(204);
    let left = app.master().get("/admin/keys?limit=1000").await.expect(200);
    assert_eq!(left.at("/data/0/id"), json!(family.stranger.id));
    assert_eq!(left.at("/data").as_array().unwrap().len(), 1, "none of them is left");
}

/// A stolen key that was rotated by its thief, and one that its owner rotated after the theft.
#[tokio::test]
async fn no_descendant_escapes_through_a_rotation() {
    let family = Family::start().await;
    let (app, master) = (&family.app, family.app.master());
    let child =
        master.send("POST", &format!("/admin/keys/{}/rotate", family.child.id), None).await.expect(200);
    let mother =
        master.send("POST", &format!("/admin/keys/{}/rotate", family.mother.id), None).await.expect(200);
    let (child, mother) = (MadeKey::of(&child), MadeKey::of(&mother));
    master.delete(&format!("/admin/keys/{}?descendants=true", mother.id)).await.expect(204);
    assert_eq!(
        (app.code(&mother).await, app.code(&child).await),
        ("REVOKED".to_owned(), "REVOKED".to_owned())
    );
    assert_eq!(app.code(&family.stranger).await, "VALID");
}
