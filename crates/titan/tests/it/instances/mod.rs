//! Several instances on one PostgreSQL.

mod database;
mod lapsed;
mod people;
mod promise;
mod receipt;
mod seal_key;
mod stopped;

use crate::support::app::MadeKey;
use crate::support::database::new_postgres;
use crate::support::{Answer, Role, TestApp};
use serde_json::json;
use std::time::{Duration, Instant};

/// A lease and its margin.
const LEASE_AND_MARGIN: Duration = Duration::from_millis(5500);

/// Instances that share a database.
pub(crate) struct Fleet(pub(crate) Vec<TestApp>);

impl Fleet {
    pub(crate) async fn start(count: usize) -> Self {
        let url = new_postgres();
        let mut apps = Vec::new();
        for _ in 0..count {
            apps.push(on(&url).await);
        }
        Self(apps)
    }

    /// What `/auth/verify` of each instance says of a key.
    async fn codes(&self, key: &MadeKey) -> Vec<String> {
        let mut codes = Vec::new();
        for app in &self.0 {
            codes.push(app.code(key).await);
        }
        codes
    }
}

async fn on(url: &str) -> TestApp {
    TestApp::with(|config| config.database_url = url.to_owned()).await
}

/// The number in `Titan-Revocation` with this name.
fn field(answer: &Answer, name: &str) -> u64 {
    let header = answer.header("titan-revocation");
    let value = header.split(", ").find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='));
    value.unwrap_or_else(|| panic!("no {name} in {header:?}")).parse().unwrap()
}

/// One instance has applied it, and the other has lapsed, or its row is gone by now.
fn assert_lapsed(answer: &Answer) {
    assert_eq!(field(answer, "applied"), 1, "{answer:?}");
    assert!(field(answer, "lapsed") <= 1 && field(answer, "ms") > 1000, "{answer:?}");
}

async fn rotated(master: &Role, key: &MadeKey) -> Answer {
    master.send("POST", &format!("/admin/keys/{}/rotate", key.id), None).await.expect(200)
}

async fn deleted(master: &Role, key: &MadeKey) -> Answer {
    master.delete(&format!("/admin/keys/{}", key.id)).await.expect(204)
}

async fn disabled(master: &Role, key: &MadeKey) -> Answer {
    master.patch(&format!("/admin/keys/{}", key.id), json!({ "isActive": false })).await.expect(200)
}

/// Asks again and again until it is so.
pub(crate) async fn until(what: &str, patience: Duration, mut is_so: impl AsyncFnMut() -> bool) {
    let began = Instant::now();
    while !is_so().await {
        assert!(began.elapsed() < patience, "not within {patience:?}: {what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
