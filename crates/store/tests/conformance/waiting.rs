//! Stories of what the writers of a group know, and of rows that wait to be written together.

use crate::fixture::{Fixture, NOW};
use crate::lists::all;
use crate::stories::{id, key, slot_key};
use serde_json::json;
use std::array::from_fn;
use std::sync::Arc;
use titan_core::audit::{Entry, GENESIS, first_break};
use titan_core::idempotency::{Answer, REMEMBERED_SECS};
use titan_core::key::{Creator, Key, Which};
use titan_core::port::{StoreResult, Tx};
use titan_core::revision::{Change, KeyStatus, Revision};
use titan_core::tenant::{DEFAULT, Tenant};
use titan_token::{KeyId, Slot, TenantId};
use tokio::task::{JoinHandle, yield_now};

type Turn = JoinHandle<Box<dyn Tx>>;

/// Writers that waited together, so that they are of one group.
async fn group<const N: usize>(fixture: &Fixture) -> [Turn; N] {
    let before = fixture.store.begin().await.unwrap();
    let turns = from_fn(|_| {
        let store = Arc::clone(&fixture.store);
        tokio::spawn(async move { store.begin().await.unwrap() })
    });
    yield_now().await;
    drop(before);
    turns
}

/// Ends a turn. The commit comes when the others have had theirs.
fn end(tx: Box<dyn Tx>) -> JoinHandle<StoreResult<()>> {
    tokio::spawn(tx.commit())
}

async fn audit(tx: &mut dyn Tx, subject: &str) {
    tx.add_audit(&Entry::by_system(NOW, "key.create", subject.to_owned(), json!({}))).await.unwrap();
}

/// The subjects of the audit log, which must be a chain.
async fn log(fixture: &Fixture) -> Vec<String> {
    let rows = fixture.store.audit_after(0, 100).await.unwrap();
    assert_eq!(first_break(GENESIS, &rows), None);
    assert!(rows.iter().zip(1..).all(|(row, place)| row.sequence == place), "no number is left out");
    rows.into_iter().map(|row| row.fields.into_iter().nth(3).unwrap()).collect()
}

async fn keys(fixture: &Fixture) -> Vec<KeyId> {
    fixture.store.keys(&all()).await.unwrap().keys.iter().map(|key| key.id).collect()
}

/// What the group knows of all that it can know.
async fn look(tx: &mut dyn Tx) -> (Tenant, Vec<u8>, Revision) {
    let tenant = tx.lookup_tenant(DEFAULT).await.unwrap().unwrap();
    let slots = tx.slots().await.unwrap().iter().map(|slot| slot.secret.expose()[0]).collect();
    (tenant, slots, tx.head().await.unwrap())
}

async fn change_all(tx: &mut dyn Tx) -> Tenant {
    let tenant = tx.lookup_tenant(DEFAULT).await.unwrap().unwrap();
    let tenant = Tenant { is_active: false, ..tenant };
    tx.save_tenant(&tenant).await.unwrap();
    tx.put_slot(&slot_key(0, 7)).await.unwrap();
    tx.record_change(&tenant.change()).await.unwrap();
    tenant
}

pub(crate) async fn a_group_forgets_what_an_undone_writer_changed(fixture: Fixture) {
    let [first, second, third, fourth, fifth] = group(&fixture).await;
    let mut first = first.await.unwrap();
    let before = look(&mut *first).await;
    first.add_key(&key(1)).await.unwrap();
    audit(&mut *first, "1").await;
    let first = end(first);

    let mut second = second.await.unwrap();
    assert_eq!(look(&mut *second).await, before);
    let disabled = change_all(&mut *second).await;
    let acme = second.add_tenant("acme", NOW).await.unwrap().id;
    second.add_key(&key(2)).await.unwrap();
    audit(&mut *second, "2").await;
    assert_eq!(look(&mut *second).await, (disabled, vec![7], Revision(1)));
    drop(second);

    let mut third = third.await.unwrap();
    assert_eq!(look(&mut *third).await, before);
    assert_eq!(third.lookup_tenant(acme).await.unwrap(), None);
    assert!(third.lookup_key(id(1)).await.unwrap().is_some());
    assert_eq!(third.lookup_key(id(2)).await.unwrap(), None);
    third.add_key(&key(3)).await.unwrap();
    audit(&mut *third, "3").await;
    let third = end(third);

    // This one ran no statement, so nothing of it is in the database.
    let mut fourth = fourth.await.unwrap();
    fourth.add_key(&key(4)).await.unwrap();
    audit(&mut *fourth, "4").await;
    drop(fourth);

    let mut fifth = fifth.await.unwrap();
    assert_eq!(fifth.lookup_key(id(4)).await.unwrap(), None);
    fifth.add_key(&key(5)).await.unwrap();
    audit(&mut *fifth, "5").await;
    fifth.commit().await.unwrap();
    for writer in [first, third] {
        writer.await.unwrap().unwrap();
    }
    assert_eq!(log(&fixture).await, ["1", "3", "5"]);
    assert_eq!(keys(&fixture).await, [5, 3, 1].map(id));
}

pub(crate) async fn a_group_knows_what_its_writers_changed(fixture: Fixture) {
    let [first, second, third] = group(&fixture).await;
    let mut first = first.await.unwrap();
    look(&mut *first).await;
    assert_eq!(first.lookup_tenant(TenantId(2)).await.unwrap(), None);
    let first = end(first);

    let mut second = second.await.unwrap();
    let disabled = change_all(&mut *second).await;
    second.add_tenant("acme", NOW).await.unwrap();
    let second = end(second);

    let mut third = third.await.unwrap();
    assert_eq!(look(&mut *third).await, (disabled, vec![7], Revision(1)));
    assert!(third.lookup_tenant(TenantId(2)).await.unwrap().is_some());
    third.retire_slot(Slot::new(0).unwrap(), NOW).await.unwrap();
    assert_eq!(third.slots().await.unwrap()[0].retired_at, Some(NOW));
    assert_eq!(third.slots().await.unwrap()[0].secret.expose(), &[7; 32]);
    third.commit().await.unwrap();
    for writer in [first, second] {
        writer.await.unwrap().unwrap();
    }
}

pub(crate) async fn a_row_that_cannot_be_written_fails_alone(fixture: Fixture) {
    let [first, second, third] = group(&fixture).await;
    let mut ends = Vec::new();
    for (turn, n) in [first, second, third].into_iter().zip(1..) {
        let mut tx = turn.await.unwrap();
        // The second one is a key of no tenant.
        let tenant = if n == 2 { TenantId(9) } else { DEFAULT };
        tx.add_key(&Key { tenant, ..key(n) }).await.unwrap();
        audit(&mut *tx, &n.to_string()).await;
        ends.push(end(tx));
    }
    for (end, n) in ends.into_iter().zip(1..) {
        assert_eq!(end.await.unwrap().is_ok(), n != 2, "{n}");
    }
    assert_eq!(log(&fixture).await, ["1", "3"]);
    assert_eq!(keys(&fixture).await, [3, 1].map(id));
}

pub(crate) async fn a_row_that_cannot_be_written_takes_the_statements_of_its_writer_along(fixture: Fixture) {
    let [first, second, third] = group(&fixture).await;
    let record = Change::Key(id(1), KeyStatus::default());
    let mut first = first.await.unwrap();
    assert_eq!(first.record_change(&record).await.unwrap(), Revision(1));
    audit(&mut *first, "1").await;
    let first = end(first);

    let mut second = second.await.unwrap();
    assert_eq!(second.record_change(&record).await.unwrap(), Revision(2));
    audit(&mut *second, "2").await;
    second.add_key(&Key { tenant: TenantId(9), ..key(2) }).await.unwrap();
    assert!(end(second).await.unwrap().is_err());

    let mut third = third.await.unwrap();
    assert_eq!(third.record_change(&record).await.unwrap(), Revision(2));
    audit(&mut *third, "3").await;
    third.commit().await.unwrap();
    first.await.unwrap().unwrap();
    assert_eq!(log(&fixture).await, ["1", "3"]);
}

pub(crate) async fn a_writer_sees_the_keys_that_wait(fixture: Fixture) {
    let [first, second] = group(&fixture).await;
    let mut first = first.await.unwrap();
    first.add_key(&key(1)).await.unwrap();
    assert_eq!(first.lookup_key(id(1)).await.unwrap(), Some(key(1)));
    first.add_key(&Key { created_by: Creator::Key(id(1)), ..key(2) }).await.unwrap();
    let first = end(first);

    let mut second = second.await.unwrap();
    assert_eq!(second.lookup_key(id(2)).await.unwrap().unwrap().created_by, Creator::Key(id(1)));
    assert_eq!(second.descendants(id(1), Which::Living, 9).await.unwrap().len(), 1);
    second.add_key(&Key { created_by: Creator::Key(id(1)), ..key(3) }).await.unwrap();
    assert_eq!(second.made_by(id(1), 9).await.unwrap().len(), 2);
    second.save_key(&Key { label: "renamed".to_owned(), ..key(3) }).await.unwrap();
    second.commit().await.unwrap();
    first.await.unwrap().unwrap();
    assert_eq!(fixture.store.key(id(3)).await.unwrap().unwrap().label, "renamed");
}

pub(crate) async fn an_answer_that_waits_is_found(fixture: Fixture) {
    let [first, second, third] = group(&fixture).await;
    let answer =
        |n| Answer { fingerprint: [n; 32], key: id(n), label: "x".to_owned(), is_active: true, at: NOW };
    let mut first = first.await.unwrap();
    assert_eq!(first.answer("master", "a", NOW).await.unwrap(), None);
    first.add_answer("master", "a", &answer(1)).await.unwrap();
    let first = end(first);

    let mut second = second.await.unwrap();
    assert_eq!(second.answer("other", "a", NOW).await.unwrap(), None);
    second.add_answer("other", "a", &answer(2)).await.unwrap();
    drop(second);

    let mut third = third.await.unwrap();
    assert_eq!(third.answer("other", "a", NOW).await.unwrap(), None);
    assert_eq!(third.answer("master", "a", NOW).await.unwrap(), Some(answer(1)));
    third.commit().await.unwrap();
    first.await.unwrap().unwrap();

    // A name can be used again when its time is over.
    let day = NOW.plus_secs(REMEMBERED_SECS + 1);
    let mut tx = fixture.store.begin().await.unwrap();
    assert_eq!(tx.answer("master", "a", NOW.plus_secs(1)).await.unwrap(), None);
    tx.add_answer("master", "a", &Answer { at: day, ..answer(3) }).await.unwrap();
    tx.commit().await.unwrap();
    let mut tx = fixture.store.begin().await.unwrap();
    assert_eq!(tx.answer("master", "a", NOW).await.unwrap().unwrap().key, id(3));
}

/// More than one statement adds, and more than one group.
pub(crate) async fn many_keys_keep_their_order(fixture: Fixture) {
    let turns: [Turn; 150] = group(&fixture).await;
    let mut ends = Vec::new();
    for (turn, n) in turns.into_iter().zip(1..) {
        let mut tx = turn.await.unwrap();
        // As long and as short as labels and lists of scopes are.
        let key = key(n);
        let scopes = key.scopes.iter().copied().take(usize::from(n % 4)).collect();
        tx.add_key(&Key { label: "x".repeat(usize::from(n % 5 + 1)), scopes, ..key }).await.unwrap();
        audit(&mut *tx, &n.to_string()).await;
        ends.push(end(tx));
    }
    for end in ends {
        end.await.unwrap().unwrap();
    }
    assert_eq!(log(&fixture).await.len(), 100);
    let newest_first: Vec<_> = (1..=150).rev().map(id).collect();
    assert_eq!(keys(&fixture).await, newest_first);
    for n in 1..=150 {
        assert_eq!(
            fixture.store.key(id(n)).await.unwrap().unwrap().label.len(),
            usize::from(n % 5 + 1),
            "{n}"
        );
    }
}

/// Of two instances on one database.
pub(crate) async fn instances_see_each_others_changes(fixture: Fixture) {
    let other = fixture.another().await;
    let mut tx = fixture.store.begin().await.unwrap();
    look(&mut *tx).await;
    audit(&mut *tx, "here").await;
    tx.add_key(&key(1)).await.unwrap();
    tx.commit().await.unwrap();

    let mut tx = other.begin().await.unwrap();
    let disabled = change_all(&mut *tx).await;
    audit(&mut *tx, "there").await;
    tx.add_key(&key(2)).await.unwrap();
    tx.commit().await.unwrap();

    let mut tx = fixture.store.begin().await.unwrap();
    assert_eq!(look(&mut *tx).await, (disabled, vec![7], Revision(1)));
    assert!(tx.lookup_key(id(2)).await.unwrap().is_some());
    audit(&mut *tx, "here again").await;
    tx.add_key(&key(3)).await.unwrap();
    tx.commit().await.unwrap();
    assert_eq!(log(&fixture).await, ["here", "there", "here again"]);
    assert_eq!(keys(&fixture).await, [3, 2, 1].map(id));
}
