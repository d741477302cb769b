//! A limit holds in sum over several instances.

use super::{SESSIONS, set};
use crate::instances::Fleet;
use crate::support::Role;
use crate::support::app::MadeKey;
use serde_json::json;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};
use tokio::time::sleep;

/// Asks as fast as it can until the end, and counts what passed.
fn hammer(role: Role, until: Instant, passed: &Arc<AtomicU32>) -> tokio::task::JoinHandle<()> {
    let passed = Arc::clone(passed);
    tokio::spawn(async move {
        while Instant::now() < until {
            match role.get(SESSIONS).await.status {
                200 => drop(passed.fetch_add(1, Ordering::SeqCst)),
                429 => sleep(Duration::from_millis(20)).await,
                other => panic!("{other}"),
            }
        }
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn three_instances_let_no_more_through_than_one() {
    let fleet = Fleet::start(3).await;
    set(&fleet.0[0].master(), json!({ "rateLimit": 200 })).await;
    let key: MadeKey = fleet.0[0].key(&["*"]).await;
    let (until, passed) = (Instant::now() + Duration::from_secs(6), Arc::default());
    let split = [1, 2, 5];
    let clients: Vec<_> = fleet
        .0
        .iter()
        .zip(split)
        .flat_map(|(app, count)| (0..count).map(|_| hammer(app.holder(&key), until, &passed)))
        .collect();
    for client in clients {
        client.await.unwrap();
    }
    let seen: usize = fleet.0.iter().map(|app| app.upstream.take().len()).sum();
    assert_eq!(u32::try_from(seen).unwrap(), passed.load(Ordering::SeqCst));
    assert!((190..=200).contains(&seen), "{seen} of 200");
}

#[tokio::test]
async fn a_limit_that_was_lowered_is_in_force_everywhere_when_it_is_answered() {
    let fleet = Fleet::start(3).await;
    let key: MadeKey = fleet.0[0].key(&["*"]).await;
    set(&fleet.0[0].master(), json!({ "rateLimit": 1000 })).await;
    for app in &fleet.0 {
        for _ in 0..10 {
            app.holder(&key).get(SESSIONS).await.expect(200);
        }
    }
    let answer = set(&fleet.0[1].master(), json!({ "rateLimit": 20 })).await;
    assert!(answer.header("titan-revocation").contains("applied=3"), "{answer:?}");
    for app in &fleet.0 {
        app.holder(&key).get(SESSIONS).await.refused(429, "rate limit exceeded");
    }
}

#[tokio::test]
async fn a_new_key_has_its_limit_on_every_instance() {
    let fleet = Fleet::start(3).await;
    let body = json!({ "label": "x", "lifetimeDays": 1, "scopes": ["*"], "rateLimit": 3 });
    let key = MadeKey::of(&fleet.0[0].master().post("/admin/keys", body).await.expect(201));
    let mut passed = 0;
    for _ in 0..3 {
        for app in &fleet.0 {
            passed += u32::from(app.holder(&key).get(SESSIONS).await.status == 200);
        }
    }
    assert_eq!(passed, 3);
}
