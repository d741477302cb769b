//! Stories of instances and their leases.

use crate::fixture::{Fixture, NOW};
use crate::stories::{add, id, key};
use std::sync::Arc;
use std::time::Duration;
use titan_core::port::Store;
use titan_core::revision::{
    Change, CredentialId, Instance, InstanceId, KeyStatus, Member, Revision, TenantStatus, Topic,
};
use titan_core::tenant::DEFAULT;
use titan_token::TenantId;
use tokio::time::{sleep, timeout};

const SOON: Duration = Duration::from_millis(300);
const LATE: Duration = Duration::from_secs(10);

pub(crate) fn member(number: u64) -> Member {
    let (version, address) = ("0.1.0".to_owned(), "127.0.0.1:8080".to_owned());
    Member { id: InstanceId(number), version, address, started_at: NOW }
}

async fn change(store: &dyn Store, n: u8) -> Revision {
    let mut tx = store.begin().await.unwrap();
    let status = KeyStatus { is_revoked: true, ..KeyStatus::default() };
    let revision = tx.record_change(&Change::Key(id(n), status)).await.unwrap();
    tx.commit().await.unwrap();
    revision
}

pub(crate) async fn an_instance_joins_reports_and_is_swept(fixture: Fixture) {
    let store = &*fixture.store;
    let me = member(u64::MAX - 1);
    assert_eq!(store.instances().await.unwrap(), []);
    store.report(me.id, Revision(1)).await.unwrap();
    assert_eq!(store.instances().await.unwrap(), [], "a report makes no row");
    assert_eq!(store.grant(&me, Revision(0)).await.unwrap(), Revision(0));
    change(store, 1).await;
    assert_eq!(store.grant(&me, Revision(0)).await.unwrap(), Revision(1));
    store.report(me.id, Revision(1)).await.unwrap();
    store.report(me.id, Revision(0)).await.unwrap();
    let renewals = store.instances().await.unwrap()[0].renewals;
    let row = Instance { member: me.clone(), applied: Revision(1), renewals };
    assert_eq!(store.instances().await.unwrap(), std::slice::from_ref(&row), "a report never goes back");
    store.sweep(me.id, renewals - 1).await.unwrap();
    assert_eq!(store.instances().await.unwrap(), [row], "it was renewed meanwhile");
    store.sweep(me.id, renewals).await.unwrap();
    assert_eq!(store.instances().await.unwrap(), []);
    store.grant(&me, Revision(1)).await.unwrap();
    assert_eq!(store.instances().await.unwrap().len(), 1, "it joins again");
    if store.is_shared() {
        store.sweep(me.id, renewals).await.unwrap();
        assert_eq!(
            store.instances().await.unwrap().len(),
            1,
            "the sweep of the row before does not take this one"
        );
    }
    store.leave(me.id).await.unwrap();
    assert_eq!(store.instances().await.unwrap(), []);
}

pub(crate) async fn the_state_of_one_key_is_read_as_of_now(fixture: Fixture) {
    let store = &*fixture.store;
    add(store, &[key(1), key(2)]).await;
    let state = store.credential_state(CredentialId::Key(id(1)), DEFAULT).await.unwrap();
    assert_eq!((state.head, state.changes.len()), (Revision(0), 0));
    change(store, 1).await;
    change(store, 2).await;
    let off = TenantStatus { is_disabled: true, not_before: None };
    let mut tx = store.begin().await.unwrap();
    tx.record_change(&Change::Tenant(DEFAULT, off)).await.unwrap();
    tx.record_change(&Change::Tenant(TenantId(2), off)).await.unwrap();
    tx.commit().await.unwrap();
    let state = store.credential_state(CredentialId::Key(id(1)), DEFAULT).await.unwrap();
    assert_eq!(state.head, Revision(4));
    let revoked = KeyStatus { is_revoked: true, ..KeyStatus::default() };
    assert_eq!(state.changes.len(), 2);
    assert!(state.changes.contains(&Change::Key(id(1), revoked)));
    assert!(state.changes.contains(&Change::Tenant(DEFAULT, off)));
}

/// A grant in the middle of a change would return a head without it, and the change would not wait for the instance.
pub(crate) async fn a_grant_waits_for_the_change_before_it_and_sees_it(fixture: Fixture) {
    let another = fixture.another().await;
    let mut tx = fixture.store.begin().await.unwrap();
    tx.record_change(&Change::Key(id(1), KeyStatus::default())).await.unwrap();
    let grant = tokio::spawn(async move { another.grant(&member(1), Revision(0)).await });
    sleep(SOON).await;
    assert!(!grant.is_finished(), "a grant in the middle of a change");
    tx.commit().await.unwrap();
    assert_eq!(grant.await.unwrap().unwrap(), Revision(1));
}

pub(crate) async fn a_change_waits_for_no_instance_that_stopped_in_a_change(fixture: Fixture) {
    let another = fixture.another().await;
    let mut stopped = another.begin().await.unwrap();
    stopped.record_change(&Change::Key(id(1), KeyStatus::default())).await.unwrap();
    let revision = timeout(LATE, change(&*fixture.store, 2)).await.unwrap();
    assert_eq!(revision, Revision(1), "what was not committed has no revision");
    assert!(stopped.commit().await.is_err());
}

pub(crate) async fn news_come_from_other_instances(fixture: Fixture) {
    let another = fixture.another().await;
    another.grant(&member(1), Revision(0)).await.unwrap();
    let (mut changes, mut reports) = (fixture.store.news(Topic::Changes), fixture.store.news(Topic::Reports));
    // What comes with the connection.
    while timeout(SOON, changes.wait()).await.is_ok() || timeout(SOON, reports.wait()).await.is_ok() {}
    change(&*another, 1).await;
    timeout(LATE, changes.wait()).await.unwrap();
    assert!(timeout(SOON, reports.wait()).await.is_err(), "a change is no report");
    another.report(InstanceId(1), Revision(1)).await.unwrap();
    timeout(LATE, reports.wait()).await.unwrap();
    assert!(timeout(SOON, changes.wait()).await.is_err(), "a report is no change");
}

pub(crate) async fn writes_of_two_instances_exclude_each_other(fixture: Fixture) {
    let stores = [Arc::clone(&fixture.store), fixture.another().await];
    let writers: Vec<_> = (0..40u8)
        .map(|n| {
            let store = Arc::clone(&stores[usize::from(n % 2)]);
            tokio::spawn(async move { change(&*store, n).await })
        })
        .collect();
    let mut revisions = Vec::new();
    for writer in writers {
        revisions.push(writer.await.unwrap());
    }
    revisions.sort();
    assert_eq!(revisions, (1..=40).map(Revision).collect::<Vec<_>>());
}
