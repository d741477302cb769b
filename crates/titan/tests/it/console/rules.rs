//! Two people at one page: nobody undoes what somebody else has done without seeing it.

use crate::support::TestApp;
use crate::support::app::MASTER_KEY;
use crate::support::browser::{Browser, hidden};

const RULES: &str = "/console/client-rules";

async fn mark(browser: &mut Browser) -> String {
    let page = browser.get("/console/client-rules?tenant_id=1&session=default").await.expect(200);
    hidden(&page.text, "shown").unwrap()
}

fn rules<'a>(shown: &'a str, enabled: &'a str) -> [(&'a str, &'a str); 8] {
    [
        ("tenant_id", "1"),
        ("session", "default"),
        ("shown", shown),
        ("enabled", enabled),
        ("recipient_mode", "any"),
        ("allowed_actions", "send_message"),
        ("rate_limit", "5"),
        ("max_daily", "0"),
    ]
}

#[tokio::test]
async fn a_stale_tab_does_not_open_what_somebody_has_closed() {
    let app = TestApp::start().await;
    let (mut one, mut other) = (app.master_browser().await, app.master_browser().await);
    let first = mark(&mut one).await;
    one.post(RULES, &rules(&first, "true")).await.expect(303);
    let (stale, seen) = (mark(&mut one).await, mark(&mut other).await);
    other.post(RULES, &rules(&seen, "false")).await.expect(303);
    let page = one.post(RULES, &rules(&stale, "true")).await.expect(409);
    assert!(page.text.contains("somebody has changed these rules meanwhile"), "{}", page.text);
    let now = mark(&mut one).await;
    one.post(RULES, &rules(&now, "true")).await.expect(303);
}

#[tokio::test]
async fn of_two_that_rotate_the_signing_key_one_does() {
    let app = TestApp::start().await;
    let mut master = app.master_browser().await;
    let fields = [("signer", "0"), ("master_key", MASTER_KEY)];
    master.post("/console/signing-keys/rotate", &fields).await.expect(303);
    master.post("/console/signing-keys/rotate", &fields).await.expect(409);
    let slots = app.master().get("/admin/signing-keys").await.expect(200);
    assert_eq!(slots.at("/data").as_array().unwrap().len(), 2);
}

/// The page with the link is loaded again: the link that was sent must not die.
#[tokio::test]
async fn an_invitation_is_not_replaced_without_a_word() {
    let app = TestApp::start().await;
    app.user("ada@example.com", "owner").await;
    let mut ada = app.browser();
    ada.sign_in("ada@example.com").await.expect(303);
    ada.get("/console/members").await.expect(200);
    let (path, fields) = ("/console/members/invitations", [("email", "Eve@example.com"), ("role", "member")]);
    ada.post(path, &fields).await.expect(200);
    let page = ada.post(path, &fields).await.expect(409);
    assert!(page.text.contains("has an open invitation"), "{}", page.text);
    ada.post(path, &[fields.as_slice(), &[("replaces", "true")]].concat()).await.expect(200);
}
