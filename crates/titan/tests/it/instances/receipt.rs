//! Receipts, and what is known of the instances.

use super::{Fleet, field, until};
use crate::support::app::MASTER_KEY;
use crate::support::program::{stderr, titan};
use serde_json::json;
use std::time::Duration;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_does_not_wait_is_told_the_revision_and_may_ask_for_it() {
    let fleet = Fleet::start(2).await;
    let (first, second) = (fleet.0[0].master(), fleet.0[1].master());
    let key = fleet.0[0].key(&["*"]).await;
    let answer = first.delete(&format!("/admin/keys/{}?wait=none", key.id)).await.expect(202);
    let revision = field(&answer, "rev");
    assert_eq!(answer.header("titan-revocation"), format!("rev={revision}"), "nothing is proven yet");
    for role in [&first, &second] {
        let path = format!("/admin/revisions/{revision}");
        until("in force everywhere", Duration::from_secs(2), async || {
            role.get(&path).await.expect(200).at("/data/inForce") == json!(true)
        })
        .await;
    }
    assert_eq!(fleet.codes(&key).await, ["REVOKED"; 2]);
    first.get(&format!("/admin/revisions/{}", revision + 1)).await.refused(404, "revision not found");
    for bad in ["0", "-1", "x", "99999999999999999999"] {
        first.get(&format!("/admin/revisions/{bad}")).await.refused(404, "revision not found");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_change_may_be_answered_before_it_is_in_force() {
    let fleet = Fleet::start(1).await;
    let (app, master) = (&fleet.0[0], fleet.0[0].master());
    let tenant = app.tenant("acme").await;
    let creator = app.key(&["*"]).await;
    let key = format!("/admin/keys/{}", app.key(&["*"]).await.id);
    let changes = [
        ("PATCH", format!("{key}?wait=none"), Some(json!({ "isActive": false }))),
        ("POST", format!("{key}/rotate?wait=none"), None),
        ("DELETE", format!("/admin/keys?createdBy={}&wait=none", creator.id), None),
        ("DELETE", format!("/admin/keys/{}?wait=none", creator.id), None),
        ("PATCH", format!("/admin/tenants/{tenant}?wait=none"), Some(json!({ "revokeKeys": true }))),
        ("POST", "/admin/signing-keys?wait=none".to_owned(), None),
        ("DELETE", "/admin/signing-keys/0?wait=none".to_owned(), None),
    ];
    for (method, path, body) in changes {
        let answer = master.send(method, &path, body.clone()).await.expect(202);
        assert!(field(&answer, "rev") > 0, "{path}");
        let path = path.replace("wait=none", "wait=soon");
        assert_eq!(master.send(method, &path, body).await.status, 400, "{path}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn instances_are_listed_and_one_that_stops_in_order_leaves() {
    let mut fleet = Fleet::start(3).await;
    let list = async |fleet: &Fleet| fleet.0[0].master().get("/admin/instances").await.expect(200);
    let answer = list(&fleet).await;
    let all = answer.at("/data").as_array().unwrap().clone();
    assert_eq!(all.len(), 3);
    assert_eq!(all.iter().filter(|one| one["isSelf"] == json!(true)).count(), 1);
    for one in &all {
        assert_eq!((&one["lease"], &one["version"]), (&json!("good"), &json!(env!("CARGO_PKG_VERSION"))));
    }
    let printed = titan_instances(&fleet.0[1].address.to_string()).await;
    assert_eq!((printed.lines().count(), printed.matches("this one").count()), (4, 1), "{printed}");
    let key = fleet.0[1].key(&["*"]).await;
    fleet.0[2].stop().await;
    let answer = super::deleted(&fleet.0[0].master(), &key).await;
    assert_eq!((field(&answer, "applied"), field(&answer, "lapsed")), (2, 0), "nobody waits for it");
    assert_eq!(list(&fleet).await.at("/data").as_array().unwrap().len(), 2);
    let classes = list(&fleet).await.at("/propagation");
    let count: u64 = classes.as_array().unwrap().iter().map(|class| class["count"].as_u64().unwrap()).sum();
    assert!(count > 0, "{classes}");
}

/// What the command prints.
async fn titan_instances(address: &str) -> String {
    let folder = tempfile::tempdir().unwrap();
    let mut command = titan(folder.path(), &["instances"]);
    command.env("MASTER_KEY", MASTER_KEY).env("TITAN_URL", format!("http://{address}"));
    let output = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
    assert!(output.status.success(), "{}", stderr(&output));
    String::from_utf8(output.stdout).unwrap()
}

/// Ten changes at a time, through all instances: each has its own receipt, and none its own wait.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn changes_that_wait_together_are_all_in_force_when_answered() {
    let fleet = Fleet::start(3).await;
    let mut changes = Vec::new();
    for n in 0..30 {
        let key = fleet.0[n % 3].key(&["*"]).await;
        let masters: Vec<_> = fleet.0.iter().map(crate::support::TestApp::master).collect();
        changes.push(tokio::spawn(async move {
            super::deleted(&masters[n % 3], &key).await;
            for master in &masters {
                let answer = master.post("/auth/verify", json!({ "key": key.text })).await;
                assert_eq!(answer.at("/data/code"), json!("REVOKED"));
            }
        }));
    }
    for change in changes {
        change.await.unwrap();
    }
}
