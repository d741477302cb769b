//! Three instances get a new seal key one after the other, and go on signing and checking.

use super::{Fleet, LEASE_AND_MARGIN, until};
use crate::support::TestApp;
use crate::support::app::MadeKey;
use crate::support::database::{SEAL_KEY, new_postgres};
use serde_json::json;

const NEW: &str = "//////////////////////////////////////////8=";
const ROTATE: &str = "/admin/seal-key/rotate";

async fn on(url: &str, key: &str, previous: Option<&str>) -> TestApp {
    TestApp::with(|config| {
        config.database_url = url.to_owned();
        config.seal_key = Some(key.to_owned());
        config.seal_key_previous = previous.map(str::to_owned);
    })
    .await
}

/// Restarts one with other keys.
async fn restart(fleet: &mut Fleet, place: usize, key: &str, previous: Option<&str>) {
    fleet.0[place].stop().await;
    fleet.0[place] = on(&fleet.0[place].database_url.clone(), key, previous).await;
}

/// One instance makes a new signing key, and another one issues a key with it: every instance accepts all of them.
async fn assert_at_work(fleet: &Fleet, maker: usize, keys: &mut Vec<MadeKey>) {
    fleet.0[maker].master().send("POST", "/admin/signing-keys", None).await.expect(201);
    keys.push(fleet.0[(maker + 1) % 3].key(&["*"]).await);
    for key in keys {
        assert_eq!(fleet.codes(key).await, ["VALID"; 3]);
    }
}

#[tokio::test]
async fn three_instances_change_the_seal_key_while_they_work() {
    let mut fleet = Fleet::start(3).await;
    let mut keys = Vec::new();
    assert_at_work(&fleet, 0, &mut keys).await;
    for place in 0..3 {
        restart(&mut fleet, place, NEW, Some(SEAL_KEY)).await;
        // Whichever instance makes it, the others that have only the old key read it.
        assert_at_work(&fleet, place, &mut keys).await;
        if place < 2 {
            let refused = fleet.0[place].master().send("POST", ROTATE, None).await.expect(409);
            let waiting = &fleet.0[place + 1];
            assert!(refused.text.contains("do not know the new seal key"), "{refused:?}");
            let status = waiting.master().get("/admin/seal-key").await.expect(200);
            assert_eq!(status.at("/data/sealingKey"), json!("current"), "to it, the old one is current");
        }
    }
    let done = fleet.0[1].master().send("POST", ROTATE, None).await.expect(200);
    assert_eq!(done.at("/data/signingKeys"), json!(5));
    assert_at_work(&fleet, 2, &mut keys).await;
    for place in 0..3 {
        restart(&mut fleet, place, NEW, None).await;
        assert_at_work(&fleet, place, &mut keys).await;
    }
}

/// It is gone without a word, and its row says that it has only the old key.
#[tokio::test]
async fn the_row_of_a_dead_instance_does_not_hold_up_a_rotation_for_good() {
    let url = new_postgres();
    let mut old = on(&url, SEAL_KEY, None).await;
    old.stop().await;
    let row = "INSERT INTO instance (id, version, address, started_at, applied, renewals) \
        VALUES ('\\x0102030405060708', '1', 'ghost:1', 1, 0, 1)";
    let app = on(&url, NEW, Some(SEAL_KEY)).await;
    assert!(std::process::Command::new("psql").args([&url, "-qc", row]).status().unwrap().success());
    let refused = app.master().send("POST", ROTATE, None).await.expect(409);
    assert!(refused.text.contains("ghost:1"), "{refused:?}");
    until("the row is gone", LEASE_AND_MARGIN * 4, async || {
        app.master().send("POST", ROTATE, None).await.status == 200
    })
    .await;
}
