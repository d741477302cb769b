//! `/admin/signing-keys`

use crate::support::app::TestClock;
use crate::support::program::Program;
use crate::support::{TestApp, database};
use async_trait::async_trait;
use serde_json::json;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use titan::system::{SystemClock, SystemEntropy};
use titan_core::Error;
use titan_core::entropy::Entropy;
use titan_core::revision::{InForce, Propagation, Receipt, Revision};
use titan_core::signing::SigningKeyService;
use titan_store::{Location, SealKey, connect};

#[tokio::test]
async fn a_retired_signing_key_takes_its_keys_along() {
    let app = TestApp::start().await;
    let old = app.key(&["*"]).await;
    app.master().delete("/admin/signing-keys/0").await.expect(409);
    let answer = app.master().send("POST", "/admin/signing-keys", None).await.expect(201);
    assert_eq!(answer.at("/data/slot"), json!(1));
    assert!(!answer.text.contains("secret"));
    let new = app.key(&["*"]).await;
    app.holder(&old).get("/api/sessions").await.expect(200);
    app.holder(&new).get("/api/sessions").await.expect(200);
    let answer = app.master().delete("/admin/signing-keys/0").await.expect(204);
    assert!(answer.header("titan-revocation").contains("applied=1"));
    app.holder(&old).get("/api/sessions").await.refused(401, "api key revoked");
    app.holder(&new).get("/api/sessions").await.expect(200);
    app.master().delete("/admin/signing-keys/0").await.expect(404);
    app.master().delete("/admin/signing-keys/16").await.expect(404);
    let list = app.master().get("/admin/signing-keys").await.expect(200);
    assert_eq!(list.at("/data").as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn sixteen_slots_and_no_more_while_their_keys_live() {
    let app = TestApp::start().await;
    app.key(&["*"]).await;
    for slot in 1..16 {
        let answer = app.master().send("POST", "/admin/signing-keys", None).await.expect(201);
        assert_eq!(answer.at("/data/slot"), json!(slot));
        app.key(&["*"]).await;
    }
    app.master().send("POST", "/admin/signing-keys", None).await.expect(409);
    app.clock.advance(31 * 86_400);
    let answer = app.master().send("POST", "/admin/signing-keys", None).await.expect(201);
    assert_eq!(answer.at("/data/slot"), json!(0), "its last key has expired");
}

/// Makes the signing keys of a database look older, while no Titan runs on it.
fn age(folder: &Path, days: i64) {
    let ms = days * 86_400_000;
    database::tamper(folder, &format!("UPDATE signing_key SET created_at = created_at - {ms}"));
}

async fn slots(program: &Program) -> usize {
    let list = program.master().get("/admin/signing-keys").await.expect(200);
    list.at("/data").as_array().unwrap().len()
}

/// Waits until as many slots are in use, which the program sees to soon after its start.
async fn wait_for_slots(program: &Program, count: usize) {
    let wait = async {
        while slots(program).await != count {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), wait).await.unwrap();
}

#[tokio::test]
async fn a_signing_key_that_is_old_is_replaced_and_what_it_signed_stays_good() {
    let folder = tempfile::tempdir().unwrap();
    let mut program = Program::start(folder.path(), &[]).await;
    let body = json!({ "label": "x", "lifetimeDays": 1, "scopes": ["keys:manage"] });
    let make = async |program: &Program| {
        program.master().post("/admin/keys", body.clone()).await.expect(201).text_at("/data/key")
    };
    let old = make(&program).await;
    program.signal("TERM");
    program.wait();
    age(folder.path(), 8);
    let off = Program::start(folder.path(), &[]).await;
    assert_eq!(slots(&off).await, 1, "it is off unless it is asked for");
    drop(off);
    let rotates = [("TITAN_SIGNING_KEY_ROTATION_DAYS", "7")];
    let mut program = Program::start(folder.path(), &rotates).await;
    wait_for_slots(&program, 2).await;
    let new = make(&program).await;
    for key in [&old, &new] {
        program.role(key).get("/api/account/keys").await.expect(200);
    }
    let rows = program.master().get("/admin/audit?action=signing_key.create&limit=1").await;
    assert_eq!((rows.at("/data/0/actor"), rows.at("/data/0/detail/afterDays")), (json!("system"), json!(7)));
    program.signal("TERM");
    program.wait();
    let program = Program::start(folder.path(), &rotates).await;
    make(&program).await;
    assert_eq!(slots(&program).await, 2, "the new one is young");
}

/// For a change that must not happen.
struct Nobody;

#[async_trait]
impl Propagation for Nobody {
    async fn wait_until_in_force(&self, revision: Revision) -> Result<Receipt, Error> {
        panic!("revision {revision} was made")
    }

    fn watch(&self, _: Revision) -> InForce {
        InForce::default()
    }
}

/// All instances would sign with its key from then on, and nobody would accept what they sign.
#[tokio::test]
async fn a_clock_that_is_years_ahead_rotates_nothing() {
    let mut app = TestApp::start().await;
    app.stop().await;
    let location = Location::parse(&app.database_url).unwrap();
    let seal = SealKey::from_base64(database::SEAL_KEY).unwrap();
    let entropy: Arc<dyn Entropy> = Arc::new(SystemEntropy);
    let (store, _) = connect(&location, seal, &[], &SystemClock, Arc::clone(&entropy)).await.unwrap();
    let clock = TestClock::default();
    clock.advance(10 * 365 * 86_400);
    let service = SigningKeyService::new(Arc::clone(&store), Arc::new(clock), entropy, Arc::new(Nobody));
    assert_eq!(service.rotate_when_old(7).await.unwrap(), None);
    assert_eq!(store.signing_keys().await.unwrap().len(), 1);
}
