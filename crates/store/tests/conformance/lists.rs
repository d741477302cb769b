//! Stories of lists: each order walked to its end while keys come and go, and what a list is narrowed to.

use crate::fixture::{Fixture, NOW};
use crate::stories::{add, id, key};
use serde_json::json;
use std::collections::BTreeSet;
use titan_core::audit::{self, AuditFilter, Entry};
use titan_core::key::{Creator, Key, KeyFilter, Order, Page, Position, Sort};
use titan_core::port::Store;
use titan_core::tenant::DEFAULT;
use titan_core::time::Timestamp;
use titan_token::{KeyId, ScopeBit, TenantId, Uuid};

pub(crate) fn all() -> KeyFilter {
    KeyFilter { now: Some(NOW), limit: 1000, ..KeyFilter::default() }
}

async fn ids(fixture: &Fixture, filter: KeyFilter) -> Vec<KeyId> {
    let page = fixture.store.keys(&filter).await.unwrap();
    page.keys.iter().map(|key| key.id).collect()
}

/// The same, whatever the order.
async fn found(fixture: &Fixture, filter: KeyFilter) -> BTreeSet<KeyId> {
    let mut found = Vec::new();
    for sort in Sort::ALL {
        for order in Order::ALL {
            found.push(ids(fixture, KeyFilter { sort, order, ..filter.clone() }).await);
        }
    }
    let sets: BTreeSet<BTreeSet<KeyId>> = found.iter().map(|ids| ids.iter().copied().collect()).collect();
    assert_eq!(sets.len(), 1, "every order shows the same keys: {filter:?}");
    assert!(found.iter().all(|ids| ids.len() == found[0].len()), "no key twice: {filter:?}");
    sets.into_iter().next().unwrap()
}

fn set<const N: usize>(numbers: [u8; N]) -> BTreeSet<KeyId> {
    numbers.map(id).into()
}

pub(crate) async fn lists_are_newest_first_and_leave_out_what_is_gone(fixture: Fixture) {
    let gone = Key { revoked_at: Some(NOW), ..key(4) };
    let ended = Key { retires_at: Some(NOW), ..key(5) };
    let ending = Key { retires_at: Some(NOW.plus_secs(1)), ..key(6) };
    let off = Key { is_active: false, ..key(7) };
    add(&*fixture.store, &[key(1), key(2), gone, ended, ending, off]).await;
    let after = |n| Some(Position { value: 0, id: id(n) });
    assert_eq!(ids(&fixture, all()).await, [7, 6, 2, 1].map(id));
    assert_eq!(ids(&fixture, KeyFilter { limit: 2, ..all() }).await, [7, 6].map(id));
    assert_eq!(ids(&fixture, KeyFilter { after: after(6), ..all() }).await, [2, 1].map(id));
    assert_eq!(found(&fixture, KeyFilter { is_active: Some(false), ..all() }).await, set([7]));
    let ours = KeyFilter { tenant: Some(DEFAULT), is_active: Some(true), ..all() };
    assert_eq!(ids(&fixture, ours).await, [6, 2, 1].map(id));
    assert_eq!(found(&fixture, KeyFilter { tenant: Some(TenantId(9)), ..all() }).await, set([]));
}

/// Numbers 1 to 60 with times that follow another order than the ids, many of them equal.
fn mixed(n: u8) -> Key {
    let n_64 = i64::from(n);
    let used = (!n.is_multiple_of(3)).then(|| NOW.plus_secs(-(n_64 * 7 % 13)));
    Key { expires_at: NOW.plus_secs(n_64 * 11 % 17), last_used_at: used, ..key(n) }
}

async fn save(store: &dyn Store, key: &Key) {
    let mut tx = store.begin().await.unwrap();
    tx.save_key(key).await.unwrap();
    tx.commit().await.unwrap();
}

/// Walks a list by pages of seven; between two of them, keys come, are revoked, and are used.
async fn walk(fixture: &Fixture, filter: &KeyFilter, round: u8) -> Vec<KeyId> {
    let (mut seen, mut filter) = (Vec::new(), KeyFilter { limit: 7, ..filter.clone() });
    for step in 0.. {
        let Page { keys, next } = fixture.store.keys(&filter).await.unwrap();
        seen.extend(keys.iter().map(|key| key.id));
        let Some(next) = next else { return seen };
        assert!(step < 25, "a list without an end");
        filter.after = Some(next);
        add(&*fixture.store, &[mixed(100 + round * 25 + step)]).await;
        let gone = Key { revoked_at: Some(NOW), ..mixed(41 + round) };
        save(&*fixture.store, &gone).await;
        fixture.store.record_uses(&[(id(51 + step % 10), NOW.plus_secs(i64::from(step)))]).await.unwrap();
    }
    unreachable!()
}

pub(crate) async fn a_walk_misses_and_repeats_no_key_that_stays(fixture: Fixture) {
    add(&*fixture.store, &(1..=60).map(mixed).collect::<Vec<_>>()).await;
    let mut round = 0;
    for sort in Sort::ALL {
        for order in Order::ALL {
            let seen = walk(&fixture, &KeyFilter { sort, order, ..all() }, round).await;
            let stayed =
                seen.iter().copied().filter(|seen| (1..=40).any(|n| id(n) == *seen)).collect::<Vec<_>>();
            let expected = sorted((1..=40).map(mixed).collect(), sort, order);
            assert_eq!(stayed, expected, "{sort:?} {order:?}");
            if sort != Sort::LastUsed {
                let different: BTreeSet<_> = seen.iter().collect();
                assert_eq!(different.len(), seen.len(), "a key came twice: {sort:?} {order:?}");
            }
            round += 1;
        }
    }
}

fn sorted(mut keys: Vec<Key>, sort: Sort, order: Order) -> Vec<KeyId> {
    keys.sort_by_key(|key| (sort.value(key), key.id));
    let ids = keys.iter().map(|key| key.id);
    if order == Order::Ascending { ids.collect() } else { ids.rev().collect() }
}

pub(crate) async fn a_list_goes_on_behind_a_key_that_was_revoked_meanwhile(fixture: Fixture) {
    add(&*fixture.store, &(1..=6).map(mixed).collect::<Vec<_>>()).await;
    for (sort, n) in Sort::ALL.into_iter().zip([1, 2, 3]) {
        let first = KeyFilter { sort, order: Order::Ascending, limit: 1, ..all() };
        let Page { keys, next } = fixture.store.keys(&first).await.unwrap();
        save(&*fixture.store, &Key { revoked_at: Some(NOW), ..keys[0].clone() }).await;
        let rest = KeyFilter { after: next, limit: 1000, ..first };
        assert_eq!(ids(&fixture, rest).await.len(), 6 - n, "{sort:?}");
    }
}

pub(crate) async fn labels_are_found_by_any_part_of_them(fixture: Fixture) {
    let labels = ["Billing 100%", "billing_prod", "a\\b 'c' \"d\"", "東京タワー", "GRÜN", "prod"];
    let keys: Vec<Key> =
        (1..).zip(labels).map(|(n, label)| Key { label: label.to_owned(), ..key(n) }).collect();
    add(&*fixture.store, &keys).await;
    for (part, expected) in [
        ("billing", set([1, 2])),
        ("BILL", set([1, 2])),
        ("100%", set([1])),
        ("%", set([1])),
        ("g_p", set([2])),
        ("_", set([2])),
        ("a\\b", set([3])),
        ("'c' \"d\"", set([3])),
        ("\"", set([3])),
        ("東京タ", set([4])),
        ("京", set([4])),
        ("GRÜN", set([5])),
        ("grÜn", set([5])),
        ("grün", set([])),
        ("prod", set([2, 6])),
        ("production", set([])),
        ("pro%", set([])),
        ("billing\0", set([])),
        ("g OR g", set([])),
        ("billing*", set([])),
    ] {
        let filter = KeyFilter { label: Some(part.to_owned()), ..all() };
        assert_eq!(found(&fixture, filter.clone()).await, expected, "{part}");
        let ours = KeyFilter { tenant: Some(DEFAULT), ..filter };
        assert_eq!(found(&fixture, ours).await, expected, "{part}");
    }
}

pub(crate) async fn a_renamed_key_is_found_by_its_new_label_alone(fixture: Fixture) {
    add(&*fixture.store, &[key(1), key(2)]).await;
    save(&*fixture.store, &Key { label: "renamed".to_owned(), ..key(1) }).await;
    let by = |label: &str| KeyFilter { label: Some(label.to_owned()), ..all() };
    assert_eq!(found(&fixture, by("renamed")).await, set([1]));
    assert_eq!(found(&fixture, by("key 1")).await, set([]));
    save(&*fixture.store, &Key { revoked_at: Some(NOW), label: "renamed".to_owned(), ..key(1) }).await;
    assert_eq!(found(&fixture, by("renamed")).await, set([]));
}

pub(crate) async fn lists_are_narrowed_by_creator_and_scope(fixture: Fixture) {
    let scoped = |n, bits: &[u8]| Key {
        scopes: bits.iter().filter_map(|bit| ScopeBit::new(*bit)).collect(),
        created_by: if n > 2 { Creator::Key(id(1)) } else { Creator::Master },
        is_suspended: false,
        is_active: n != 4,
        ..key(n)
    };
    add(&*fixture.store, &[scoped(1, &[127]), scoped(2, &[0, 1]), scoped(3, &[1]), scoped(4, &[10, 1])])
        .await;
    let scope = |bit| KeyFilter { scope: ScopeBit::new(bit), ..all() };
    assert_eq!(found(&fixture, scope(0)).await, set([2]));
    assert_eq!(found(&fixture, scope(1)).await, set([2, 3, 4]));
    assert_eq!(found(&fixture, scope(127)).await, set([1]));
    assert_eq!(found(&fixture, scope(100)).await, set([]));
    let by = |creator| KeyFilter { created_by: Some(creator), ..all() };
    assert_eq!(found(&fixture, by(Creator::Master)).await, set([1, 2]));
    assert_eq!(found(&fixture, by(Creator::Key(id(1)))).await, set([3, 4]));
    assert_eq!(found(&fixture, by(Creator::Key(id(2)))).await, set([]));
    let elsewhere = KeyFilter { tenant: Some(TenantId(9)), ..by(Creator::Key(id(1))) };
    assert_eq!(found(&fixture, elsewhere).await, set([]));
    let off = KeyFilter { is_active: Some(false), ..scope(1) };
    assert_eq!(found(&fixture, off.clone()).await, set([4]));
    save(&*fixture.store, &Key { is_active: true, ..scoped(4, &[10, 1]) }).await;
    assert_eq!(found(&fixture, off).await, set([]));
}

pub(crate) async fn lists_are_narrowed_by_time(fixture: Fixture) {
    let times = |n, expires, used: Option<i64>| Key {
        expires_at: NOW.plus_secs(expires),
        last_used_at: used.map(|seconds| NOW.plus_secs(seconds)),
        ..key(n)
    };
    add(&*fixture.store, &[times(1, 10, None), times(2, 20, Some(-5)), times(3, 30, Some(-9))]).await;
    let filter = |expires: Option<i64>, used: Option<i64>| {
        let at = |seconds: Option<i64>| seconds.map(|seconds| NOW.plus_secs(seconds));
        KeyFilter { expires_before: at(expires), last_used_before: at(used), ..all() }
    };
    assert_eq!(found(&fixture, filter(Some(20), None)).await, set([1]));
    assert_eq!(found(&fixture, filter(Some(21), None)).await, set([1, 2]));
    assert_eq!(found(&fixture, filter(None, Some(-5))).await, set([1, 3]), "never used is before any time");
    assert_eq!(found(&fixture, filter(Some(25), Some(0))).await, set([1, 2]));
    assert_eq!(found(&fixture, filter(Some(5), Some(0))).await, set([]));
    fixture.store.record_uses(&[(id(1), NOW)]).await.unwrap();
    assert_eq!(found(&fixture, filter(None, Some(0))).await, set([2, 3]));
    let never = filter(None, Some(Timestamp::from_ms(1).secs() - NOW.secs()));
    assert_eq!(found(&fixture, never).await, set([]));
}

/// More keys than are sorted at once, or read for one page: what a page may look at is bounded, and the walk goes on.
const MANY: u16 = 4000;

fn one_of_many(n: u16) -> Key {
    let [high, low] = n.to_be_bytes();
    let is = |every: u16| n.is_multiple_of(every);
    Key {
        id: KeyId::new(Uuid::v7(1_700_000_000_000 + u64::from(n), [low; 10])),
        tenant: if is(5) { TenantId(2) } else { DEFAULT },
        label: if is(1500) { "rare and common".to_owned() } else { format!("common {high}") },
        scopes: [if is(2) { 1 } else { 2 }, 3].into_iter().filter_map(ScopeBit::new).collect(),
        expires_at: NOW.plus_secs(i64::from(n) * 7 % 4001),
        last_used_at: (!is(3)).then(|| NOW.plus_secs(-(i64::from(n) * 13 % 4001))),
        is_active: !is(7),
        created_by: if is(3) { Creator::Key(id(1)) } else { Creator::Master },
        is_suspended: false,
        ..key(1)
    }
}

/// What the filter says, told once more and plainly.
fn is_shown(key: &Key, filter: &KeyFilter) -> bool {
    filter.tenant.is_none_or(|tenant| key.tenant == tenant)
        && filter.is_active.is_none_or(|is_active| key.is_active == is_active)
        && filter.label.as_ref().is_none_or(|label| key.label.contains(label.as_str()))
        && filter.created_by.is_none_or(|by| by == key.created_by)
        && filter.scope.is_none_or(|bit| key.scopes.contains(&bit))
        && filter.expires_before.is_none_or(|end| key.expires_at < end)
        && filter.last_used_before.is_none_or(|end| key.last_used_at.is_none_or(|used| used < end))
}

async fn walk_whole(fixture: &Fixture, filter: &KeyFilter) -> Vec<KeyId> {
    let (mut seen, mut filter) = (Vec::new(), KeyFilter { limit: 500, ..filter.clone() });
    loop {
        let Page { keys, next } = fixture.store.keys(&filter).await.unwrap();
        seen.extend(keys.iter().map(|key| key.id));
        let Some(next) = next else { return seen };
        assert_ne!(filter.after, Some(next), "a page that goes nowhere");
        filter.after = Some(next);
    }
}

pub(crate) async fn a_long_list_is_walked_whole_whatever_it_is_narrowed_to(fixture: Fixture) {
    let mut tx = fixture.store.begin().await.unwrap();
    tx.add_tenant("other", NOW).await.unwrap();
    tx.commit().await.unwrap();
    let keys: Vec<Key> = (1..=MANY).map(one_of_many).collect();
    add(&*fixture.store, &keys).await;
    let narrowed = |chosen: u8| {
        let is = |bit: u8| chosen & (1 << bit) != 0;
        KeyFilter {
            label: is(0).then(|| if is(1) { "rare" } else { "com" }.to_owned()),
            scope: ScopeBit::new(if is(3) { 3 } else { 1 }).filter(|_| is(2)),
            created_by: is(4).then_some(Creator::Master),
            last_used_before: is(5).then_some(NOW.plus_secs(-2000)),
            expires_before: is(6).then_some(NOW.plus_secs(2000)),
            tenant: is(7).then_some(DEFAULT),
            ..all()
        }
    };
    // Each alone, and each beside some others.
    for chosen in [
        0, 1, 3, 4, 12, 16, 32, 64, 128, 13, 17, 28, 29, 33, 65, 96, 97, 127, 129, 140, 160, 192, 224, 253,
        255,
    ] {
        for sort in Sort::ALL {
            for order in Order::ALL {
                let filter = KeyFilter { sort, order, ..narrowed(chosen) };
                let expected = keys.iter().filter(|key| is_shown(key, &filter)).cloned().collect();
                assert_eq!(walk_whole(&fixture, &filter).await, sorted(expected, sort, order), "{filter:?}");
            }
        }
    }
}

pub(crate) async fn the_audit_log_is_listed_by_time_whatever_it_is_narrowed_to(fixture: Fixture) {
    // The clock went back between the second and the third row, and the last two are of the same moment.
    let times = [10, 30, 20, 40, 40];
    for (second, number) in times.into_iter().zip(1..) {
        let mut tx = fixture.store.begin().await.unwrap();
        let action = if number % 2 == 0 { "key.update" } else { "key.create" };
        let mut entry =
            Entry::by_system(Timestamp::from_secs(second), action, format!("key {number}"), json!({}));
        entry.actor = if number == 3 { "master" } else { "somebody" }.to_owned();
        tx.add_audit(&entry).await.unwrap();
        tx.commit().await.unwrap();
    }
    let all = AuditFilter { limit: 10, ..AuditFilter::default() };
    let found = async |filter: AuditFilter| -> Vec<i64> {
        let rows = fixture.store.audit(&filter).await.unwrap();
        rows.iter().map(|row| row.sequence).collect()
    };
    assert_eq!(found(all.clone()).await, [5, 4, 2, 3, 1]);
    assert_eq!(found(AuditFilter { limit: 2, ..all.clone() }).await, [5, 4]);
    let after = AuditFilter {
        after: Some(audit::Position { at: Timestamp::from_secs(40), sequence: 5 }),
        ..all.clone()
    };
    assert_eq!(found(after.clone()).await, [4, 2, 3, 1]);
    let (since, until) = (Some(Timestamp::from_secs(20)), Some(Timestamp::from_secs(40)));
    assert_eq!(found(AuditFilter { since, until, ..all.clone() }).await, [2, 3]);
    let text = |text: &str| Some(text.to_owned());
    assert_eq!(found(AuditFilter { action: text("key.create"), ..all.clone() }).await, [5, 3, 1]);
    assert_eq!(found(AuditFilter { actor: text("master"), ..all.clone() }).await, [3]);
    assert_eq!(
        found(AuditFilter { actor: text("somebody"), action: text("key.create"), ..after }).await,
        [1]
    );
    assert_eq!(
        found(AuditFilter { subject: text("key 4"), actor: text("master"), ..all.clone() }).await,
        [0; 0]
    );
    assert_eq!(found(AuditFilter { subject: text("key 4"), since, ..all }).await, [4]);
}
