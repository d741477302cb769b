//! Stories of writers that commit together.

use crate::fixture::Fixture;
use crate::stories::{id, key};
use std::sync::Arc;
use std::time::Duration;
use titan_core::key::Key;
use titan_core::port::{Store, StoreResult};
use titan_core::revision::{Change, KeyStatus, Revision};
use titan_core::tenant::DEFAULT;
use titan_token::TenantId;
use tokio::task::JoinSet;
use tokio::time::timeout;

async fn write(store: &dyn Store, key: Key) -> StoreResult<Revision> {
    let mut tx = store.begin().await?;
    tx.add_key(&key).await?;
    let revision = tx.record_change(&Change::Key(key.id, KeyStatus::default())).await?;
    tx.commit().await?;
    Ok(revision)
}

async fn head(fixture: &Fixture) -> Revision {
    fixture.store.changes_after(Revision(0), 1).await.unwrap().head
}

pub(crate) async fn writers_that_wait_together_are_all_stored(fixture: Fixture) {
    let mut writers = JoinSet::new();
    for n in 1..=200 {
        let store = Arc::clone(&fixture.store);
        writers.spawn(async move {
            let revision = write(&*store, key(n)).await.unwrap();
            // Whoever is told of success reads what it wrote.
            assert!(store.key(id(n)).await.unwrap().is_some());
            revision
        });
    }
    let mut revisions = writers.join_all().await;
    revisions.sort();
    assert_eq!(revisions, (1..=200).map(Revision).collect::<Vec<_>>());
    assert_eq!(head(&fixture).await, Revision(200));
}

pub(crate) async fn a_writer_that_fails_takes_nobody_along(fixture: Fixture) {
    let mut writers = JoinSet::new();
    for n in 1..=60 {
        let store = Arc::clone(&fixture.store);
        // Every third one belongs to a tenant that does not exist.
        let tenant = if n % 3 == 0 { TenantId(9) } else { DEFAULT };
        writers.spawn(async move { (n, write(&*store, Key { tenant, ..key(n) }).await.is_ok()) });
    }
    for (n, is_written) in writers.join_all().await {
        assert_eq!(is_written, n % 3 != 0, "{n}");
        assert_eq!(fixture.store.key(id(n)).await.unwrap().is_some(), is_written, "{n}");
    }
}

pub(crate) async fn a_writer_that_goes_away_leaves_nothing_and_holds_up_nobody(fixture: Fixture) {
    for n in 1..=100 {
        // Each is cut off somewhere else.
        let patience = Duration::from_micros(u64::from(n) * 20);
        let _ = timeout(patience, write(&*fixture.store, key(n))).await;
    }
    let last = timeout(Duration::from_secs(10), write(&*fixture.store, key(101))).await;
    let revision = last.unwrap().unwrap();
    assert_eq!(revision, head(&fixture).await);
    // A key without its revision would be half a write.
    let log = fixture.store.changes_after(Revision(0), 1000).await.unwrap().list.decode().unwrap();
    for n in 1..=101 {
        let is_in_log = log.iter().any(|(_, change)| *change == Change::Key(id(n), KeyStatus::default()));
        assert_eq!(fixture.store.key(id(n)).await.unwrap().is_some(), is_in_log, "{n}");
    }
}

pub(crate) async fn numbers_and_revisions_have_no_gap_after_a_failure(fixture: Fixture) {
    let first = write(&*fixture.store, key(1)).await.unwrap();
    drop(fixture.store.begin().await.unwrap());
    let mut unfinished = fixture.store.begin().await.unwrap();
    unfinished.record_change(&Change::Key(id(2), KeyStatus::default())).await.unwrap();
    drop(unfinished);
    let second = write(&*fixture.store, key(2)).await.unwrap();
    assert_eq!((first, second), (Revision(1), Revision(2)));
}
