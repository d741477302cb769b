//! The console on several instances.

use super::location;
use crate::instances::{Fleet, until};
use crate::support::people::PASSWORD;
use std::time::Duration;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_session_is_good_on_all_instances_until_one_ends_it() {
    let fleet = Fleet::start(3).await;
    fleet.0[0].user("ada@example.com", "admin").await;
    let (mut master, mut ada) = (fleet.0[0].master_browser().await, fleet.0[0].browser());
    ada.sign_in("ada@example.com").await.expect(303);
    for (browser, page) in [(&mut master, "/console/keys"), (&mut ada, "/console/my-keys")] {
        for app in &fleet.0 {
            let mut there = browser.moved_to(app.address);
            there.get(page).await.expect(200);
        }
        let mut there = browser.moved_to(fleet.0[1].address);
        there.get(page).await.expect(200);
        there.post("/console/sign-out", &[]).await.expect(303);
        for app in &fleet.0 {
            let mut copy = browser.moved_to(app.address);
            copy.get(page).await.expect(303);
        }
    }
}

/// A change that one instance made, looked at on another.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_instance_shows_the_receipt_of_a_change() {
    let fleet = Fleet::start(3).await;
    let key = fleet.0[0].key(&["sessions:read"]).await;
    let mut master = fleet.0[0].master_browser().await;
    let answer = master.post(&format!("/console/keys/{}/disable", key.id), &[]).await.expect(303);
    let path = location(&answer).to_owned();
    for app in &fleet.0 {
        let mut there = master.moved_to(app.address);
        until("the receipt", Duration::from_secs(10), async || {
            there.get(&path).await.expect(200).text.contains("In force on 3 of 3 instances")
        })
        .await;
        assert_eq!(app.code(&key).await, "DISABLED");
    }
}

/// What a user does in the console of one instance is the user's everywhere.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_password_that_is_changed_elsewhere_ends_the_session_here() {
    let fleet = Fleet::start(2).await;
    let ada = fleet.0[0].person("ada@example.com", "admin").await;
    let mut browser = fleet.0[1].browser();
    browser.sign_in("ada@example.com").await.expect(303);
    browser.get("/console/my-keys").await.expect(200);
    let body = serde_json::json!({ "current_password": PASSWORD, "new_password": "another quite long one" });
    fleet.0[0].as_person(&ada).post("/api/v1/auth/password", body).await.expect(204);
    browser.get("/console/my-keys").await.expect(303);
}
