//! How long a session lasts, and what ends it.

use super::location;
use crate::support::app::MASTER_KEY;
use crate::support::browser::Browser;
use crate::support::people::PASSWORD;
use crate::support::{Role, TestApp};
use serde_json::json;

const SESSION: &str = "titan_console";
const PROOF: &str = "titan_console_proof";
/// A page of a user.
const OWN: &str = "/console/my-keys";

async fn is_signed_in(browser: &mut Browser, path: &str) -> bool {
    let answer = browser.get(path).await;
    match answer.status {
        200 => true,
        303 => {
            assert!(location(&answer).starts_with("/console/sign-in"), "{answer:?}");
            false
        }
        _ => panic!("{answer:?}"),
    }
}

#[tokio::test]
async fn signing_out_ends_the_session_and_no_copy_of_the_cookie_works() {
    let app = TestApp::start().await;
    app.user("ada@example.com", "admin").await;
    let (mut master, mut ada) = (app.browser(), app.browser());
    master.sign_in_master().await.expect(303);
    ada.sign_in("ada@example.com").await.expect(303);
    for (browser, page) in [(&mut master, "/console"), (&mut ada, OWN)] {
        browser.get(page).await.expect(200);
        let mut copy = browser.clone();
        browser.post("/console/sign-out", &[]).await.expect(303);
        assert!(browser.cookies.is_empty(), "{:?}", browser.cookies);
        assert!(!is_signed_in(&mut copy, page).await);
        // A form of the copy is not taken either.
        copy.post("/console/keys", &[("label", "x")]).await.expect(401);
    }
}

#[tokio::test]
async fn a_session_ends_after_12_hours() {
    let app = TestApp::start().await;
    app.user("ada@example.com", "admin").await;
    let (mut master, mut ada) = (app.master_browser().await, app.browser());
    ada.sign_in("ada@example.com").await.expect(303);
    for _ in 0..11 {
        app.clock.advance(3600);
        master.settle().await;
        assert!(is_signed_in(&mut master, "/console").await && is_signed_in(&mut ada, OWN).await);
    }
    app.clock.advance(3601);
    master.settle().await;
    assert!(!is_signed_in(&mut master, "/console").await && !is_signed_in(&mut ada, OWN).await);
}

#[tokio::test]
async fn what_ends_a_user_ends_its_session_in_the_console() {
    let app = TestApp::start().await;
    for round in 0..4 {
        let email = format!("ada{round}@example.com");
        let id = app.user(&email, "admin").await;
        let mut ada = app.browser();
        ada.sign_in(&email).await.expect(303);
        assert!(is_signed_in(&mut ada, OWN).await);
        let user = format!("/admin/users/{id}");
        let master = app.master();
        match round {
            0 => master.patch(&user, json!({ "isActive": false })).await.expect(200),
            1 => master.patch(&user, json!({ "password": "another quite long one" })).await.expect(200),
            2 => master.delete(&format!("/admin/tenants/1/members/{id}")).await.expect(204),
            // The session is one like any other.
            _ => {
                let token = app.login(&email, PASSWORD).await.expect(200).text_at("/data/token");
                let role = app.role(Some(&token));
                let list = role.get("/api/v1/auth/sessions").await.expect(200);
                let sessions = list.at("/data").as_array().unwrap().clone();
                let other = sessions.iter().find(|session| session["is_current"] == json!(false)).unwrap();
                role.delete(&format!("/api/v1/auth/sessions/{}", other["id"].as_str().unwrap()))
                    .await
                    .expect(204)
            }
        };
        assert!(!is_signed_in(&mut ada, OWN).await, "round {round}");
    }
}

/// The JWT that the console holds is from before the change.
#[tokio::test]
async fn a_new_role_counts_with_the_next_request() {
    let app = TestApp::start().await;
    let id = app.user("ada@example.com", "member").await;
    let mut ada = app.browser();
    ada.sign_in("ada@example.com").await.expect(303);
    assert!(is_signed_in(&mut ada, OWN).await);
    let member = format!("/admin/tenants/1/members/{id}");
    let members = ada.get("/console/members").await.expect(200);
    assert!(members.text.contains("Only owners see the members"), "{}", members.text);
    app.master().send("PUT", &member, Some(json!({ "role": "owner" }))).await.expect(200);
    let members = ada.get("/console/members").await.expect(200);
    assert!(members.text.contains("action=\"/console/members/invitations\""), "{}", members.text);
}

#[tokio::test]
async fn a_retired_signing_key_ends_its_sessions() {
    let app = TestApp::start().await;
    let mut master = app.master_browser().await;
    app.master().send("POST", "/admin/signing-keys", None).await.expect(201);
    assert!(is_signed_in(&mut master, "/console").await, "the old one still verifies");
    app.master().delete("/admin/signing-keys/0").await.expect(204);
    assert!(!is_signed_in(&mut master, "/console").await);
}

#[tokio::test]
async fn a_forged_cookie_is_nobody() {
    let app = TestApp::start().await;
    let master = app.master_browser().await;
    let good = &master.cookies[SESSION];
    let zeros = format!("titan_cs_{}", "A".repeat(72));
    let mut last_changed = good.clone();
    let last = last_changed.pop().unwrap();
    last_changed.push(if last == 'A' { 'Q' } else { 'A' });
    let user = format!("{}AB{}", &good[..9], &good[11..]);
    for forged in ["x", "", &zeros, &last_changed, &user, &good[..80], &format!("{good}A"), MASTER_KEY] {
        let mut browser = app.browser();
        browser.cookies.insert(SESSION.to_owned(), forged.to_owned());
        assert!(!is_signed_in(&mut browser, "/console").await, "{forged}");
    }
    // Twice: one of them may be of another site.
    let request = master.request("GET", "/console").header("cookie", format!("{SESSION}={good}"));
    assert_eq!(request.send().await.unwrap().status().as_u16(), 303);
}

/// Nothing that a browser holds is good for the API, and nothing of the API for a page.
#[tokio::test]
async fn the_console_and_the_api_do_not_take_each_other_s_credentials() {
    let app = TestApp::start().await;
    let ada = app.person("ada@example.com", "admin").await;
    let key = app.key(&["*"]).await;
    let master = app.master_browser().await;
    let cookie = &master.cookies[SESSION];
    let as_role: Role = app.role(Some(cookie));
    as_role.get("/admin/keys").await.expect(401);
    as_role.get("/api/account/keys").await.expect(401);
    as_role.get("/api/v1/auth/session").await.expect(401);
    as_role.get("/api/sessions").await.expect(401);
    app.refresh(cookie).await.expect(401);
    for other in [&ada.token, &ada.refresh_token, &key.text, &MASTER_KEY.to_owned()] {
        let mut browser = app.browser();
        browser.cookies.insert(SESSION.to_owned(), other.clone());
        assert!(!is_signed_in(&mut browser, "/console").await);
        let request = app.browser().request("GET", "/console").bearer_auth(other);
        assert_eq!(request.send().await.unwrap().status().as_u16(), 303, "no header opens a page");
    }
}

#[tokio::test]
async fn a_proof_lasts_5_minutes_and_is_of_one_session() {
    let app = TestApp::start().await;
    let keys = [
        app.key(&["sessions:read"]).await,
        app.key(&["sessions:read"]).await,
        app.key(&["sessions:read"]).await,
    ];
    let revoke = |key: usize| format!("/console/keys/{}/revoke", keys[key].id);
    let mut master = app.master_browser().await;
    let answer = master.post(&revoke(0), &[]).await.expect(400);
    assert!(answer.text.contains("master_key: is required"), "{}", answer.text);
    master.post(&revoke(0), &[("master_key", "wrong")]).await.expect(401);
    assert!(is_signed_in(&mut master, "/console").await, "the session goes on");
    master.post(&revoke(0), &[("master_key", MASTER_KEY)]).await.expect(303);
    master.post(&revoke(1), &[]).await.expect(303);

    let mut other = app.master_browser().await;
    other.cookies.insert(PROOF.to_owned(), master.cookies[PROOF].clone());
    other.post(&revoke(2), &[]).await.expect(400);
    // A session is no proof, and a proof no session.
    other.cookies.insert(PROOF.to_owned(), other.cookies[SESSION].clone());
    other.post(&revoke(2), &[]).await.expect(400);
    let mut thief = app.browser();
    thief.cookies.insert(SESSION.to_owned(), master.cookies[PROOF].clone());
    assert!(!is_signed_in(&mut thief, "/console").await);

    app.clock.advance(301);
    master.settle().await;
    master.post(&revoke(2), &[]).await.expect(400);
}

/// A page of the master key, for a user; and the other way round.
#[tokio::test]
async fn a_page_needs_the_right_that_the_api_needs() {
    let app = TestApp::start().await;
    app.user("ada@example.com", "owner").await;
    let mut ada = app.browser();
    ada.sign_in("ada@example.com").await.expect(303);
    for path in ["/console/keys", "/console/keys/new"] {
        ada.get(path).await.expect(403);
    }
    assert_eq!(location(&ada.get("/console").await.expect(303)), OWN);
    ada.get(OWN).await.expect(200);
    let fields =
        [("label", "x"), ("lifetime_days", "1"), ("tenant_id", "1"), ("scopes", "*"), ("request", "x")];
    ada.post("/console/keys", &fields).await.expect(403);
}

/// The code of a second factor is used up by a proof: it must count even if what it was for fails.
#[tokio::test]
async fn a_proof_stays_good_when_what_it_was_for_fails() {
    let app = TestApp::start().await;
    let key = app.key(&["sessions:read"]).await;
    let mut master = app.master_browser().await;
    let path = format!("/console/keys/{}/rotate", key.id);
    let fields = [("request", "r"), ("overlap_seconds", "604801"), ("master_key", MASTER_KEY)];
    let page = master.post(&path, &fields).await.expect(400);
    assert!(!page.text.contains("name=\"master_key\""), "it is not asked for again");
    master.post(&path, &[("request", "s"), ("overlap_seconds", "0")]).await.expect(200);
}

/// Of two master keys that are good at once, each has its own sessions.
#[tokio::test]
async fn a_session_ends_with_the_master_key_that_began_it() {
    const PREVIOUS: &str = "the-master-key-that-was-good-until-today";
    let mut app = TestApp::with(|config| config.master_key_previous = Some(PREVIOUS.to_owned())).await;
    let (mut new, mut old) = (app.master_browser().await, app.browser());
    old.get("/console/sign-in").await.expect(200);
    old.post("/console/sign-in", &[("how", "master"), ("master_key", PREVIOUS)]).await.expect(303);
    assert!(is_signed_in(&mut new, "/console").await && is_signed_in(&mut old, "/console").await);
    // Its own key proves who it is, and the other one does not.
    let key = app.key(&["sessions:read"]).await;
    let path = format!("/console/keys/{}/revoke", key.id);
    old.post(&path, &[("master_key", MASTER_KEY)]).await.expect(401);
    old.post(&path, &[("master_key", PREVIOUS)]).await.expect(303);
    app.stop().await;
    let url = app.database_url.clone();
    let again = TestApp::with(|config| config.database_url = url).await;
    assert!(is_signed_in(&mut new.moved_to(again.address), "/console").await);
    assert!(!is_signed_in(&mut old.moved_to(again.address), "/console").await);
}
