//! What can be done on the pages of operators and of users, and that it is done: the API is asked for the proof.

use super::location;
use crate::instances::until;
use crate::people::second_factor::code;
use crate::support::TestApp;
use crate::support::app::MASTER_KEY;
use crate::support::browser::{Browser, hidden};
use crate::support::people::PASSWORD;
use serde_json::json;
use std::time::Duration;

const ADA: &str = "ada@example.com";

/// Sends a form, and waits on the next page until the change is in force.
async fn changed(browser: &mut Browser, path: &str, fields: &[(&str, &str)]) {
    let answer = browser.post(path, fields).await.expect(303);
    let next = location(&answer).to_owned();
    for _ in 0..200 {
        if browser.get(&next).await.expect(200).text.contains("class=\"receipt done\"") {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("no receipt after {path}")
}

async fn ada(app: &TestApp) -> (String, Browser) {
    let id = app.user(ADA, "owner").await;
    let mut browser = app.browser();
    browser.sign_in(ADA).await.expect(303);
    browser.get("/console/account").await.expect(200);
    (id, browser)
}

#[tokio::test]
async fn a_tenant_is_made_renamed_switched_and_its_keys_are_revoked() {
    let app = TestApp::start().await;
    let mut master = app.master_browser().await;
    let answer = master.post("/console/tenants", &[("name", "Acme")]).await.expect(303);
    let path = location(&answer).split('?').next().unwrap().to_owned();
    assert_eq!(path, "/console/tenants/2");
    master.post("/console/tenants", &[("name", "Acme")]).await.expect(409);
    master.post("/console/tenants", &[("name", "")]).await.expect(400);
    let key = app.key_of(2, &["sessions:read"]).await;
    changed(&mut master, &format!("{path}/disable"), &[]).await;
    assert_eq!(app.code(&key).await, "DISABLED");
    changed(&mut master, &format!("{path}/enable"), &[]).await;
    assert_eq!(app.code(&key).await, "VALID");
    master.post(&path, &[("name", "Acme & Sons")]).await.expect(303);
    assert_eq!(app.master().get("/admin/tenants/2").await.at("/data/name"), json!("Acme & Sons"));
    // Of the same second, a key would be as old as the line that is drawn.
    app.clock.advance(2);
    master.settle().await;
    master.post(&format!("{path}/revoke"), &[]).await.expect(400);
    changed(&mut master, &format!("{path}/revoke"), &[("master_key", MASTER_KEY)]).await;
    assert_eq!(app.code(&key).await, "REVOKED");
}

#[tokio::test]
async fn settings_are_changed_and_what_was_not_touched_stays() {
    let app = TestApp::start().await;
    let mut master = app.master_browser().await;
    let page = master.get("/console/settings").await.expect(200);
    let shown = |name: &str| hidden(&page.text, name).unwrap();
    let (limit, messages) = (shown("shown_rate_limit"), shown("shown_msg_rate_limit"));
    let fields = [
        ("shown_rate_limit", limit.as_str()),
        ("shown_msg_rate_limit", messages.as_str()),
        ("shown_debug_mode", "false"),
        ("rate_limit", "77"),
        ("msg_rate_limit", messages.as_str()),
    ];
    changed(&mut master, "/console/settings", &fields).await;
    let now = app.master().get("/admin/settings").await.expect(200);
    assert_eq!(now.at("/data/rateLimit"), json!(77), "{now:?}");
    master.post("/console/settings/debug", &[("enabled", "true")]).await.expect(303);
    master.post("/console/settings/debug", &[("enabled", "perhaps")]).await.expect(400);
}

#[tokio::test]
async fn a_user_is_made_changed_and_removed() {
    let app = TestApp::start().await;
    let mut master = app.master_browser().await;
    let fields = [("email", ADA), ("password", PASSWORD), ("role", "member"), ("tenant_id", "1")];
    let answer = master.post("/console/people", &fields).await.expect(303);
    let path = location(&answer).split('?').next().unwrap().to_owned();
    master.post("/console/people", &fields).await.expect(409);
    master
        .post("/console/people", &[("email", "x"), ("password", "short"), ("tenant_id", "1")])
        .await
        .expect(400);
    app.login(ADA, PASSWORD).await.expect(200);
    changed(&mut master, &format!("{path}/members/1"), &[("role", "admin")]).await;
    changed(&mut master, &format!("{path}/disable"), &[]).await;
    app.login(ADA, PASSWORD).await.expect(401);
    changed(&mut master, &format!("{path}/enable"), &[]).await;
    let new = "another quite long one";
    master.post(&format!("{path}/password"), &[("password", new)]).await.expect(400);
    let fields = [("password", new), ("master_key", MASTER_KEY)];
    changed(&mut master, &format!("{path}/password"), &fields).await;
    app.login(ADA, new).await.expect(200);
    changed(&mut master, &format!("{path}/members/1/remove"), &[]).await;
    app.login(ADA, new).await.expect(401);
    let page = master.get("/console/people?email=ADA%40example.com").await.expect(200);
    assert!(page.text.contains(ADA), "{}", page.text);
}

#[tokio::test]
async fn an_owner_manages_the_members_of_the_own_tenant_and_no_others() {
    let app = TestApp::start().await;
    let (own, mut owner) = ada(&app).await;
    let bob = app.user("bob@example.com", "member").await;
    app.tenant("other").await;
    let eve = app.user_of(2, "eve@example.com", "member").await;
    let page = owner.get("/console/members").await.expect(200);
    assert!(page.text.contains("bob@example.com") && !page.text.contains("eve@example.com"));
    changed(&mut owner, &format!("/console/members/{bob}"), &[("role", "admin")]).await;
    owner.post(&format!("/console/members/{eve}"), &[("role", "admin")]).await.expect(404);
    // As after a double click: whoever is not there is gone.
    owner.post(&format!("/console/members/{eve}/remove"), &[("password", PASSWORD)]).await.expect(303);
    app.login("eve@example.com", PASSWORD).await.expect(200);
    // A tenant keeps an owner.
    owner.post(&format!("/console/members/{own}"), &[("role", "member")]).await.expect(409);
    changed(&mut owner, &format!("/console/members/{bob}/remove"), &[]).await;
    app.login("bob@example.com", PASSWORD).await.expect(401);
}

#[tokio::test]
async fn a_user_makes_rotates_and_deletes_keys_of_its_own() {
    let app = TestApp::start().await;
    let (_, mut ada) = ada(&app).await;
    let page = ada.get("/console/my-keys/new").await.expect(200);
    let request = hidden(&page.text, "request").unwrap();
    let fields = [
        ("request", request.as_str()),
        ("name", "ci"),
        ("scopes", "billing:read"),
        ("expires_in_days", "7"),
        ("environment", "test"),
    ];
    let page = ada.post("/console/my-keys", &fields).await.expect(200);
    let secret =
        page.text.split("<output id=\"secret\">").nth(1).unwrap().split('<').next().unwrap().to_owned();
    assert!(secret.starts_with("titan_sk_test_"));
    assert_eq!(app.verify(&secret).await["code"], json!("VALID"));
    let list = ada.get("/console/my-keys").await.expect(200);
    assert!(!list.text.contains(&secret));
    let id = list.text.split("/console/my-keys/key_").nth(1).unwrap()[..26].to_owned();
    let path = format!("/console/my-keys/key_{id}");
    ada.post(&format!("{path}/delete"), &[]).await.expect(400);
    ada.post(&format!("{path}/delete"), &[("password", "wrong but long enough")]).await.expect(400);
    changed(&mut ada, &format!("{path}/delete"), &[("password", PASSWORD)]).await;
    assert_eq!(app.verify(&secret).await["code"], json!("REVOKED"));
}

#[tokio::test]
async fn a_user_ends_sessions_sets_a_second_factor_and_a_new_password() {
    let app = TestApp::start().await;
    let (_, mut browser) = ada(&app).await;
    let token = app.login(ADA, PASSWORD).await.expect(200).text_at("/data/token");
    changed(&mut browser, "/console/account/sessions/end-others", &[]).await;
    app.role(Some(&token)).get("/api/v1/auth/session").await.expect(401);

    browser
        .post("/console/account/second-factor", &[("password", "wrong but long enough")])
        .await
        .expect(400);
    let page = browser.post("/console/account/second-factor", &[("password", PASSWORD)]).await.expect(200);
    let secret = page.text.split("secret=").nth(1).unwrap().split('&').next().unwrap().to_owned();
    let confirm = "/console/account/second-factor/confirm";
    browser.post(confirm, &[("code", "000000")]).await.expect(400);
    let right = code(&app, &secret, 0);
    let page = browser.post(confirm, &[("code", right.as_str())]).await.expect(200);
    assert!(page.text.contains("ecovery code"), "{}", page.text);
    let again = browser.post(confirm, &[("code", right.as_str())]).await.expect(409);
    assert!(again.text.contains("is on by now"), "{}", again.text);

    let fields = [("current_password", PASSWORD), ("new_password", "another quite long one")];
    browser.post("/console/account/password", &fields).await.expect(400);
    app.clock.advance(30);
    browser.settle().await;
    let next = code(&app, &secret, 0);
    let fields = [fields.as_slice(), &[("code", next.as_str())]].concat();
    let answer = browser.post("/console/account/password", &fields).await.expect(303);
    assert_eq!(location(&answer), "/console/sign-in");
    assert!(browser.cookies.is_empty());
}

#[tokio::test]
async fn the_chain_of_the_audit_log_is_verified_and_a_signing_key_retired() {
    let app = TestApp::start().await;
    let mut master = app.master_browser().await;
    app.key(&["sessions:read"]).await;
    let page = master.post("/console/audit/verify", &[]).await.expect(200);
    assert!(page.text.contains("unbroken") && !page.text.contains("is broken"), "{}", page.text);
    master.post("/console/audit/verify", &[("expect", "x")]).await.expect(400);
    let list = master.get("/console/audit?action=key.create").await.expect(200);
    assert!(list.text.contains("key.create") && !list.text.contains("<code>console.begin</code>"));
    master.get("/console/audit?since=yesterday").await.expect(400);
    changed(&mut master, "/console/signing-keys/rotate", &[("signer", "0"), ("master_key", MASTER_KEY)])
        .await;
    // The session was signed by the slot that is retired: this is its last form.
    master.post("/console/signing-keys/0/retire", &[]).await.expect(303);
    until("signed out", Duration::from_secs(5), async || {
        master.get("/console/signing-keys").await.status == 303
    })
    .await;
    master.sign_in_master().await.expect(303);
    let page = master.get("/console/signing-keys").await.expect(200);
    assert!(page.text.contains("Retired"), "{}", page.text);
    for page in ["/console/license", "/console/instances", "/console/instances?revision=1"] {
        master.get(page).await.expect(200);
    }
}
