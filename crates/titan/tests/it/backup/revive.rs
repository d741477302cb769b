//! A restore brings nothing back that was revoked.

use super::{Site, code, make, stop};
use crate::support::app::{MASTER_KEY, MadeKey};
use crate::support::hex::sha256;
use crate::support::people::PASSWORD;
use crate::support::program::{Program, run};
use serde_json::{Value, json};
use std::collections::HashMap;

const EMAIL: &str = "ada@example.com";

/// One credential of each kind.
struct Credentials {
    keys: HashMap<&'static str, MadeKey>,
    user: String,
    jwt: String,
    refresh_token: String,
    invitation: String,
}

async fn sign_in(program: &Program) -> Value {
    let body = json!({ "email": EMAIL, "password": PASSWORD });
    program.role("").post("/api/v1/auth/login", body).await.expect(200).at("/data")
}

fn text(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}

async fn create_with_name(program: &Program) -> MadeKey {
    let body = json!({ "label": "named", "lifetimeDays": 30, "scopes": ["sessions:read"] });
    let request =
        program.master().request("POST", "/admin/keys").header("idempotency-key", "once").json(&body);
    MadeKey::of(&crate::support::Answer::read(request.send().await.unwrap()).await.expect(201))
}

/// A key of another system.
async fn import(program: &Program, name: &str) -> MadeKey {
    import_into(program, 1, name).await
}

async fn import_into(program: &Program, tenant: u64, name: &str) -> MadeKey {
    let text = format!("a-key-of-another-system-{}", name.replace(' ', "-"));
    let row = json!({
        "sha256": sha256(&text), "label": "old", "scopes": ["sessions:read"], "expiresAt": "2099-01-01T00:00:00Z",
        "tenantId": tenant,
    });
    let answer = program.master().post("/admin/imported-keys", json!({ "keys": [row] })).await.expect(200);
    MadeKey { id: answer.text_at("/data/0/id"), text }
}

async fn credentials(program: &Program) -> Credentials {
    let master = program.master();
    let mut keys = HashMap::new();
    for name in ["deleted", "disabled", "rotated", "untouched"] {
        keys.insert(name, make(program, 1).await);
    }
    keys.insert("named", create_with_name(program).await);
    let body = json!({ "email": EMAIL, "password": PASSWORD, "role": "owner" });
    let user = master.post("/admin/users", body).await.expect(201).text_at("/data/id");
    let session = sign_in(program).await;
    let jwt = text(&session["token"]);
    let ada = program.role(&jwt);
    let body = json!({ "name": "platform", "scopes": ["tasks:read"] });
    let answer = ada.post("/api/v1/api-keys", body).await.expect(201);
    keys.insert("platform", MadeKey { id: answer.text_at("/id"), text: answer.text_at("/key") });
    let answer = ada.post("/api/api-keys", json!({ "name": "opaque" })).await.expect(200);
    keys.insert("opaque", MadeKey { id: answer.text_at("/data/id"), text: answer.text_at("/data/key") });
    for name in ["imported", "imported and deleted"] {
        keys.insert(name, import(program, name).await);
    }
    let body = json!({ "email": "bob@example.com", "role": "owner" });
    let invitation = ada.post("/api/v1/members/invitations", body).await.expect(201).text_at("/data/token");
    let refresh_token = text(&session["refresh_token"]);
    Credentials { keys, user, jwt, refresh_token, invitation }
}

/// All of it, after the backup. Two keys come that the backup does not know, and go again.
async fn revoke(program: &Program, all: &mut Credentials) {
    let master = program.master();
    let path = |name: &str| format!("/admin/keys/{}", all.keys[name].id);
    master.delete(&path("deleted")).await.expect(204);
    master.patch(&path("disabled"), json!({ "isActive": false })).await.expect(200);
    master.post(&format!("{}/rotate", path("rotated")), json!({})).await.expect(200);
    let path = format!("/admin/users/{}", all.user);
    master
        .patch(&path, json!({ "isActive": false, "password": "another horse battery staple" }))
        .await
        .expect(200);

    master.delete(&format!("/admin/keys/{}", all.keys["imported and deleted"].id)).await.expect(204);
    let tenant = master.post("/admin/tenants", json!({ "name": "later" })).await.expect(201);
    let later = make(program, tenant.at("/data/id").as_u64().unwrap()).await;
    master.post("/admin/signing-keys", json!({})).await.expect(201);
    let signed_later = make(program, 1).await;
    for key in [&later, &signed_later] {
        assert_eq!(code(program, &key.text).await, "VALID");
        master.delete(&format!("/admin/keys/{}", key.id)).await.expect(204);
    }
    all.keys.insert("of a later tenant", later);
    all.keys.insert("of a later signing key", signed_later);
}

async fn assert_all_end(program: &Program, all: &Credentials) {
    for (name, key) in &all.keys {
        let code = code(program, &key.text).await;
        assert!(["REVOKED", "INVALID", "DISABLED", "MALFORMED"].contains(&code.as_str()), "{name}: {code}");
    }
    let nobody = program.role("");
    program.role(&all.jwt).get("/api/v1/auth/session").await.expect(401);
    let body = json!({ "refresh_token": all.refresh_token });
    nobody.post("/api/v1/auth/refresh", body).await.expect(401);
    let body = json!({ "email": EMAIL, "password": PASSWORD });
    nobody.post("/api/v1/auth/login", body).await.expect(401);
    let body = json!({ "token": all.invitation, "password": PASSWORD });
    nobody.post("/api/v1/auth/invitations/accept", body).await.expect(404);
}

#[tokio::test]
async fn nothing_that_was_revoked_after_the_backup_comes_back() {
    let site = Site::new();
    let mut program = site.start().await;
    let mut all = credentials(&program).await;
    for key in all.keys.values() {
        assert_eq!(code(&program, &key.text).await, "VALID");
    }
    let backup = site.back_up();
    assert_eq!((&backup["tenants"], &backup["keys"], &backup["users"]), (&json!(1), &json!(8), &json!(1)));
    revoke(&program, &mut all).await;
    stop(&mut program);

    let restored = site.restore();
    let ended =
        json!({ "tenants": 1, "keys": 8, "opaqueKeys": 1, "sessions": 1, "invitations": 1, "users": 1 });
    assert_eq!(restored["ended"], ended);
    let mut program = site.start().await;
    assert_all_end(&program, &all).await;
    // Nor when its user may sign in again.
    let path = format!("/admin/users/{}", all.user);
    program.master().patch(&path, json!({ "isActive": true })).await.expect(200);
    assert_all_end(&program, &all).await;
    // Nor after a start.
    stop(&mut program);
    let program = site.start().await;
    assert_all_end(&program, &all).await;
}

#[tokio::test]
async fn what_is_issued_after_a_restore_is_good() {
    let site = Site::new();
    let mut program = site.start().await;
    let all = credentials(&program).await;
    site.back_up();
    stop(&mut program);
    site.restore();
    let program = site.start().await;
    let path = format!("/admin/keys/{}/rotate", all.keys["untouched"].id);
    let successor = MadeKey::of(&program.master().post(&path, json!({})).await.expect(200));
    assert_eq!(code(&program, &successor.text).await, "VALID");
    assert_eq!(code(&program, &make(&program, 1).await.text).await, "VALID");
    // The answer of before would be a key that is refused.
    let again = create_with_name(&program).await;
    assert_ne!(again.id, all.keys["named"].id);
    assert_eq!(code(&program, &again.text).await, "VALID");
    let path = format!("/admin/users/{}", all.user);
    program.master().patch(&path, json!({ "isActive": true, "password": PASSWORD })).await.expect(200);
    let jwt = text(&sign_in(&program).await["token"]);
    program.role(&jwt).get("/api/v1/auth/session").await.expect(200);
}

#[tokio::test]
async fn the_audit_log_stays_one_chain_and_says_what_was_restored() {
    let site = Site::new();
    let mut program = site.start().await;
    make(&program, 1).await;
    let backup = site.back_up();
    make(&program, 1).await;
    stop(&mut program);
    site.restore();
    let program = site.start().await;
    make(&program, 1).await;
    let url = format!("http://{}", program.address);
    let verified =
        run(site.folder(), &["audit", "verify"], &[("TITAN_URL", &url), ("MASTER_KEY", MASTER_KEY)]);
    assert!(verified.status.success(), "{verified:?}");
    let rows = program.master().get("/admin/audit?action=backup.restore").await.expect(200);
    let detail = rows.at("/data/0/detail");
    let head = &detail["backup"];
    assert_eq!(head["sequence"], backup["audit"]["sequence"], "{detail}");
    assert_eq!((&head["hash"], &head["revision"]), (&backup["audit"]["hash"], &backup["revision"]));
}

#[tokio::test]
async fn a_full_set_of_slots_and_a_second_restore_revive_nothing() {
    let site = Site::new();
    let mut program = site.start().await;
    let mut keys = vec![make(&program, 1).await];
    for _ in 1..16 {
        program.master().post("/admin/signing-keys", json!({})).await.expect(201);
        keys.push(make(&program, 1).await);
    }
    site.back_up();
    stop(&mut program);
    for _ in 0..2 {
        site.restore();
        let mut program = site.start().await;
        for key in &keys {
            assert_ne!(code(&program, &key.text).await, "VALID");
        }
        keys.push(make(&program, 1).await);
        stop(&mut program);
    }
}

/// Each is ended in another way before the backup.
#[tokio::test]
async fn what_was_imported_can_be_imported_once_more_unless_it_had_ended() {
    let site = Site::new();
    let mut program = site.start().await;
    let master = program.master();
    let tenant = master.post("/admin/tenants", json!({ "name": "other" })).await.expect(201);
    let tenant = tenant.at("/data/id").as_u64().unwrap();
    let of_tenant = import_into(&program, tenant, "tenant").await;
    master.patch(&format!("/admin/tenants/{tenant}"), json!({ "revokeKeys": true })).await.expect(200);
    let (good, deleted, off) =
        (import(&program, "good").await, import(&program, "deleted").await, import(&program, "off").await);
    master.delete(&format!("/admin/keys/{}", deleted.id)).await.expect(204);
    master.patch(&format!("/admin/keys/{}", off.id), json!({ "isActive": false })).await.expect(200);
    site.back_up();
    stop(&mut program);
    site.restore();
    let program = site.start().await;
    for (name, key, is_good) in [
        ("good", &good, true),
        ("deleted", &deleted, false),
        ("off", &off, false),
        ("tenant", &of_tenant, false),
    ] {
        assert_ne!(code(&program, &key.text).await, "VALID", "{name}");
        import(&program, name).await;
        assert_eq!(code(&program, &key.text).await == "VALID", is_good, "{name}");
    }
}
