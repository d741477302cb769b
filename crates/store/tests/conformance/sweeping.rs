//! Stories of what leaves the log.

use crate::fixture::{Fixture, NOW};
use crate::stories::{add, id, key};
use titan_core::key::Key;
use titan_core::port::Store;
use titan_core::revision::{Change, CredentialId, Revision, Swept};
use titan_core::tenant::DEFAULT;
use titan_core::time::Timestamp;
use titan_token::KeyId;

/// Revoked, and expired so many seconds after now.
fn revoked(n: u8, expires: i64) -> Key {
    Key { revoked_at: Some(NOW), expires_at: NOW.plus_secs(expires), ..key(n) }
}

async fn fill(store: &dyn Store, keys: &[Key]) {
    add(store, keys).await;
    let mut tx = store.begin().await.unwrap();
    for key in keys {
        tx.record_change(&key.change()).await.unwrap();
    }
    tx.commit().await.unwrap();
}

async fn logged(store: &dyn Store) -> Vec<KeyId> {
    let list = store.changes_after(Revision(0), 1000).await.unwrap().list.decode().unwrap();
    let keys = list.into_iter().filter_map(|(_, change)| match change {
        Change::Key(id, _) => Some(id),
        _ => None,
    });
    keys.collect()
}

async fn swept(store: &dyn Store) -> Swept {
    store.changes_after(Revision(0), 1).await.unwrap().swept
}

pub(crate) async fn a_database_begins_with_its_creation(fixture: Fixture) {
    let beginning = Swept { until: NOW, log_until: Timestamp::from_ms(0) };
    assert_eq!(swept(&*fixture.store).await, beginning);
    assert_eq!(
        fixture.store.credential_state(CredentialId::Key(id(1)), DEFAULT).await.unwrap().swept_until,
        NOW
    );
}

pub(crate) async fn what_has_expired_leaves_the_log_piece_by_piece(fixture: Fixture) {
    let store = &*fixture.store;
    let off = Key { is_active: false, expires_at: NOW.plus_secs(3), ..key(7) };
    let all = [revoked(1, 1), revoked(2, 2), revoked(3, 2), revoked(4, 2), revoked(5, 3), revoked(6, 9), off];
    fill(store, &all).await;
    let mut tx = store.begin().await.unwrap();
    let revision = tx.sweep_until(NOW.plus_secs(3)).await.unwrap();
    assert_eq!(revision, Revision(8), "it is a revision of its own");
    assert!(tx.sweep_log(NOW.plus_secs(3), 2).await.unwrap());
    tx.commit().await.unwrap();
    assert_eq!(logged(store).await, [5, 6, 7].map(id), "and all that expire with the last of them");
    assert_eq!(swept(store).await, Swept { until: NOW.plus_secs(3), log_until: NOW.plus_secs(2) });
    let mut tx = store.begin().await.unwrap();
    assert!(!tx.sweep_log(NOW.plus_secs(3), 10).await.unwrap());
    tx.commit().await.unwrap();
    assert_eq!(logged(store).await, [6].map(id));
    assert_eq!(swept(store).await.log_until, NOW.plus_secs(3));
    assert!(store.key(id(1)).await.unwrap().is_some(), "the row of the key stays");
    assert_eq!(store.changes_after(Revision(8), 10).await.unwrap().head, Revision(8));
}

pub(crate) async fn ended_keys_come_in_the_order_of_their_end(fixture: Fixture) {
    let store = &*fixture.store;
    fill(store, &[revoked(1, 5), revoked(2, 4), revoked(3, 4), key(4)]).await;
    let ended = async |after: i64, until: i64, limit| {
        let ended = store.ended_keys(NOW.plus_secs(after), NOW.plus_secs(until), limit).await.unwrap();
        let mut ids: Vec<_> = ended.into_iter().map(|(id, _)| id).collect();
        ids.sort();
        ids
    };
    assert_eq!(ended(0, 9, 1).await, [2, 3].map(id), "with all that end at the same time");
    assert_eq!(ended(4, 9, 9).await, [1].map(id));
    assert_eq!(ended(0, 4, 9).await, [2, 3].map(id));
    assert_eq!(ended(5, 9, 9).await, []);
}
