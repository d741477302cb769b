//! What one instance has answered, all obey: the abuse cases of a fleet. The pages say "all running API instances".

use super::{Fleet, deleted, disabled, field, rotated};
use crate::support::Answer;
use crate::support::app::MadeKey;
use serde_json::json;

const SCOPES: &[&str] = &["sessions:read"];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_that_one_instance_made_is_good_on_all_when_the_answer_is_there() {
    let fleet = Fleet::start(3).await;
    for maker in &fleet.0 {
        let key = maker.key(SCOPES).await;
        assert_eq!(fleet.codes(&key).await, ["VALID"; 3]);
        // Also when the signing key was made a moment ago by another instance.
        maker.master().send("POST", "/admin/signing-keys", None).await.expect(201);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_one_instance_takes_away_is_refused_by_all_when_the_answer_is_there() {
    let fleet = Fleet::start(3).await;
    for round in 0..15 {
        let (master, other) = (fleet.0[round % 3].master(), &fleet.0[(round + 1) % 3]);
        let key = other.key(SCOPES).await;
        let (answer, code) = match round % 3 {
            0 => (rotated(&master, &key).await, "REVOKED"),
            1 => (deleted(&master, &key).await, "REVOKED"),
            _ => (disabled(&master, &key).await, "DISABLED"),
        };
        assert_eq!(fleet.codes(&key).await, [code; 3], "round {round}");
        assert_eq!((field(&answer, "applied"), field(&answer, "lapsed")), (3, 0), "{answer:?}");
        for app in &fleet.0 {
            assert_eq!(app.holder(&key).get("/api/sessions").await.status, 401, "round {round}");
        }
        if round % 3 == 0 {
            assert_eq!(fleet.codes(&MadeKey::of(&answer)).await, ["VALID"; 3], "the successor");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_its_holder_ends_is_refused_by_all_when_the_answer_is_there() {
    let fleet = Fleet::start(3).await;
    for round in 0..6 {
        let key = fleet.0[round % 3].key(SCOPES).await;
        let request = fleet.0[(round + 1) % 3].nobody().request("POST", "/oauth2/revoke");
        let answer =
            Answer::read(request.form(&[("token", &key.text)]).send().await.unwrap()).await.expect(200);
        assert_eq!(fleet.codes(&key).await, ["REVOKED"; 3], "round {round}");
        assert_eq!((field(&answer, "applied"), field(&answer, "lapsed")), (3, 0), "{answer:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tenants_and_signing_keys_take_their_keys_along_on_all() {
    let fleet = Fleet::start(3).await;
    let tenant = fleet.0[0].tenant("acme").await;
    let key = fleet.0[1].key_of(tenant, SCOPES).await;
    let path = format!("/admin/tenants/{tenant}");
    fleet.0[2].master().patch(&path, json!({ "isActive": false })).await.expect(200);
    assert_eq!(fleet.codes(&key).await, ["DISABLED"; 3]);
    fleet.0[0].master().patch(&path, json!({ "isActive": true })).await.expect(200);
    assert_eq!(fleet.codes(&key).await, ["VALID"; 3]);
    fleet.0[1].master().patch(&path, json!({ "revokeKeys": true })).await.expect(200);
    assert_eq!(fleet.codes(&key).await, ["REVOKED"; 3]);
    let key = fleet.0[2].key(SCOPES).await;
    fleet.0[0].master().send("POST", "/admin/signing-keys", None).await.expect(201);
    fleet.0[1].master().delete("/admin/signing-keys/0").await.expect(204);
    assert_eq!(fleet.codes(&key).await, ["REVOKED"; 3]);
}

/// The wall clocks of instances differ.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_keys_of_a_tenant_are_revoked_whatever_the_clock_said_that_issued_them() {
    let fleet = Fleet::start(2).await;
    let [behind, ahead] = &fleet.0[..] else { panic!("two instances") };
    ahead.clock.advance(3600);
    let key = ahead.key(SCOPES).await;
    let revoke = json!({ "revokeKeys": true });
    behind.master().patch("/admin/tenants/1", revoke).await.expect(200);
    assert_eq!(fleet.codes(&key).await, ["REVOKED"; 2]);
    assert_eq!(fleet.codes(&behind.key(SCOPES).await).await, ["VALID"; 2], "a new one is good");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_is_rotated_once_whichever_instances_are_asked() {
    let fleet = Fleet::start(3).await;
    let key = fleet.0[0].key(SCOPES).await;
    let path = format!("/admin/keys/{}/rotate", key.id);
    let tries = (0..9).map(|n| {
        let (master, path) = (fleet.0[n % 3].master(), path.clone());
        tokio::spawn(async move { master.send("POST", &path, None).await.status })
    });
    let mut statuses = Vec::new();
    for one in tries.collect::<Vec<_>>() {
        statuses.push(one.await.unwrap());
    }
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 409, 409, 409, 409, 409, 409, 409, 409]);
    // Whoever was told that it is over may rely on it.
    assert_eq!(fleet.codes(&key).await, ["REVOKED"; 3]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_instance_that_joins_knows_all_that_was_revoked() {
    let mut fleet = Fleet::start(1).await;
    let url = fleet.0[0].database_url.clone();
    let mut keys = Vec::new();
    for _ in 0..5 {
        let key = fleet.0[0].key(SCOPES).await;
        deleted(&fleet.0[0].master(), &key).await;
        keys.push(key);
    }
    fleet.0.push(super::on(&url).await);
    for key in &keys {
        assert_eq!(fleet.codes(key).await, ["REVOKED"; 2]);
    }
}
