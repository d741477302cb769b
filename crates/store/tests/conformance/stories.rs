//! The stories.

use crate::fixture::{Fixture, NOW};
use serde_json::json;
use std::time::Duration;
use titan_core::audit::{Entry, GENESIS, first_break};
use titan_core::idempotency::Answer;
use titan_core::key::{Creator, Key, Which};
use titan_core::port::Store;
use titan_core::revision::{Change, KeyStatus, Revision, TenantStatus};
use titan_core::signing::SlotKey;
use titan_core::tenant::DEFAULT;
use titan_core::time::Timestamp;
use titan_token::{KeyId, Prefix, ScopeBit, SigningSecret, Slot, TenantId, UserId, Uuid};

pub(crate) fn id(n: u8) -> KeyId {
    KeyId::new(Uuid::v7(1_700_000_000_000 + u64::from(n), [n; 10]))
}

pub(crate) fn key(n: u8) -> Key {
    Key {
        id: id(n),
        tenant: DEFAULT,
        prefix: Prefix::Standard,
        slot: Slot::new(0).unwrap(),
        label: format!("key {n}"),
        scopes: [5, 0, 127].into_iter().filter_map(ScopeBit::new).collect(),
        created_at: NOW,
        expires_at: NOW.plus_secs(1000),
        is_active: true,
        revoked_at: None,
        rotated_at: None,
        retires_at: None,
        created_by: Creator::Master,
        is_suspended: false,
        rate_limit: None,
        limited_as: None,
        rotated_from: None,
        last_used_at: None,
    }
}

pub(crate) async fn add(store: &dyn Store, keys: &[Key]) {
    let mut tx = store.begin().await.unwrap();
    for key in keys {
        tx.add_key(key).await.unwrap();
    }
    tx.commit().await.unwrap();
}

pub(crate) async fn a_key_comes_back_as_it_was_written(fixture: Fixture) {
    let full = Key {
        prefix: Prefix::Test,
        revoked_at: Some(NOW),
        rotated_at: Some(NOW.plus_secs(1)),
        retires_at: Some(NOW.plus_secs(2)),
        created_by: Creator::Key(id(8)),
        rotated_from: Some(id(9)),
        last_used_at: Some(Timestamp::from_ms(1)),
        is_active: false,
        is_suspended: true,
        rate_limit: Some(10_000_000),
        limited_as: Some(id(7)),
        label: "ein Schlüssel 🔑 'quoted\"".to_owned(),
        ..key(1)
    };
    add(&*fixture.store, &[full.clone(), key(2)]).await;
    assert_eq!(fixture.store.key(id(1)).await.unwrap(), Some(full));
    assert_eq!(fixture.store.key(id(2)).await.unwrap(), Some(key(2)));
    assert_eq!(fixture.store.key(id(3)).await.unwrap(), None);
    let changed = Key {
        label: "new".to_owned(),
        is_active: false,
        is_suspended: true,
        rate_limit: Some(7),
        revoked_at: Some(NOW),
        ..key(2)
    };
    let mut tx = fixture.store.begin().await.unwrap();
    tx.save_key(&changed).await.unwrap();
    assert_eq!(tx.lookup_key(id(2)).await.unwrap(), Some(changed.clone()), "a write sees itself");
    assert_eq!(fixture.store.key(id(2)).await.unwrap(), Some(key(2)), "others do not, yet");
    tx.commit().await.unwrap();
    assert_eq!(fixture.store.key(id(2)).await.unwrap(), Some(changed));
}

pub(crate) async fn a_dropped_write_leaves_nothing(fixture: Fixture) {
    let mut tx = fixture.store.begin().await.unwrap();
    tx.add_key(&key(1)).await.unwrap();
    tx.record_change(&Change::Key(id(1), KeyStatus::default())).await.unwrap();
    tx.add_audit(&Entry::by_system(NOW, "test", String::new(), json!({}))).await.unwrap();
    drop(tx);
    assert_eq!(fixture.store.key(id(1)).await.unwrap(), None);
    assert_eq!(fixture.store.changes_after(Revision(0), 10).await.unwrap().head, Revision(0));
    assert!(fixture.store.audit_after(0, 10).await.unwrap().is_empty());
    add(&*fixture.store, &[key(1)]).await;
}

pub(crate) async fn writes_exclude_each_other(fixture: Fixture) {
    let first = fixture.store.begin().await.unwrap();
    let second = tokio::time::timeout(Duration::from_millis(200), fixture.store.begin()).await;
    assert!(second.is_err(), "a second write began before the first one's end");
    drop(second);
    first.commit().await.unwrap();
    fixture.store.begin().await.unwrap().commit().await.unwrap();
}

pub(crate) async fn uses_only_move_forward(fixture: Fixture) {
    add(&*fixture.store, &[key(1)]).await;
    let used = async || fixture.store.key(id(1)).await.unwrap().unwrap().last_used_at;
    fixture.store.record_uses(&[(id(1), NOW), (id(99), NOW)]).await.unwrap();
    assert_eq!(used().await, Some(NOW));
    fixture.store.record_uses(&[(id(1), NOW.plus_secs(-5))]).await.unwrap();
    assert_eq!(used().await, Some(NOW));
    fixture.store.record_uses(&[(id(1), NOW.plus_secs(5))]).await.unwrap();
    assert_eq!(used().await, Some(NOW.plus_secs(5)));
}

async fn record(store: &dyn Store, change: &Change) -> Revision {
    let mut tx = store.begin().await.unwrap();
    let revision = tx.record_change(change).await.unwrap();
    tx.commit().await.unwrap();
    revision
}

pub(crate) async fn the_log_keeps_one_row_a_subject_and_its_order(fixture: Fixture) {
    let off = KeyStatus { is_disabled: true, ..KeyStatus::default() };
    let dead = KeyStatus { is_revoked: true, retirement: Some((1, 2)), ..KeyStatus::default() };
    let tenant = Change::Tenant(TenantId(7), TenantStatus { is_disabled: true, not_before: Some(5) });
    let slot = Change::SigningKey(Slot::new(15).unwrap());
    assert_eq!(record(&*fixture.store, &Change::Key(id(1), off)).await, Revision(1));
    assert_eq!(record(&*fixture.store, &tenant).await, Revision(2));
    assert_eq!(record(&*fixture.store, &slot).await, Revision(3));
    assert_eq!(record(&*fixture.store, &Change::Key(id(1), dead)).await, Revision(4));
    let changes = fixture.store.changes_after(Revision(0), 10).await.unwrap();
    let expected = [(Revision(2), tenant), (Revision(3), slot), (Revision(4), Change::Key(id(1), dead))];
    assert_eq!((changes.head, changes.has_more), (Revision(4), false));
    assert_eq!(changes.list.decode().unwrap(), expected);
    let fixture = fixture.reopen(&[]).await.unwrap();
    assert_eq!(
        fixture.store.changes_after(Revision(2), 10).await.unwrap().list.decode().unwrap(),
        expected[1..]
    );
    assert_eq!(
        record(&*fixture.store, &Change::Key(id(2), off)).await,
        Revision(5),
        "numbers are never used again"
    );
}

pub(crate) async fn the_log_is_read_piece_by_piece(fixture: Fixture) {
    for n in 0..5 {
        record(&*fixture.store, &Change::Key(id(n), KeyStatus::default())).await;
    }
    let (mut after, mut seen) = (Revision(0), 0);
    loop {
        let changes = fixture.store.changes_after(after, 2).await.unwrap();
        let (has_more, last) = (changes.has_more, changes.last);
        assert_eq!((changes.head, changes.reached()), (Revision(5), last.unwrap()));
        let read = changes.list.decode().unwrap();
        assert_eq!(read.last().map(|(revision, _)| *revision), last);
        seen += read.len();
        if !has_more {
            break;
        }
        after = last.unwrap();
    }
    assert_eq!(seen, 5);
}

pub(crate) async fn descendants_are_found_through_rotations(fixture: Fixture) {
    let made = |n, by| Key { created_by: Creator::Key(id(by)), ..key(n) };
    let successor = |n, of| Key { rotated_from: Some(id(of)), ..key(n) };
    let dead = |key| Key { revoked_at: Some(NOW), ..key };
    // 1 made 2; 2 made 3; 1 was rotated to 4; 4 made 5; 3 was rotated to 6; 7 made itself no place here.
    let keys = [key(1), made(2, 1), dead(made(3, 2)), successor(4, 1), made(5, 4), successor(6, 3), key(7)];
    add(&*fixture.store, &keys).await;
    let mut tx = fixture.store.begin().await.unwrap();
    let mut found = async |n| {
        let found = tx.descendants(id(n), Which::Living, 10).await.unwrap();
        let mut ids: Vec<_> = found.iter().map(|key| key.id).collect();
        ids.sort();
        ids
    };
    assert_eq!(
        found(4).await,
        [id(1), id(2), id(5), id(6)],
        "its predecessor, and what that made, is its own"
    );
    assert_eq!(found(2).await, [id(6)], "the revoked are left out, their descendants are not");
    assert_eq!(found(1).await, [id(2), id(4), id(5), id(6)]);
    assert_eq!(found(7).await, []);
    assert_eq!(tx.descendants(id(1), Which::Living, 3).await.unwrap().len(), 3, "no more than asked for");
    tx.save_key(&Key { is_active: false, ..made(2, 1) }).await.unwrap();
    let active = tx.descendants(id(1), Which::Active, 10).await.unwrap();
    assert!(active.len() == 3 && active.iter().all(|key| key.id != id(2)), "{active:?}");
    assert_eq!(tx.made_by(id(1), 10).await.unwrap().len(), 1, "the switch does not matter");
}

pub(crate) async fn the_keys_of_a_user_are_found(fixture: Fixture) {
    let user = UserId::new(id(1).uuid());
    let owned = |n| Key { created_by: Creator::User(user), ..key(n) };
    let mut tx = fixture.store.begin().await.unwrap();
    let other = tx.add_tenant("other", NOW).await.unwrap().id;
    let keys = [
        owned(2),
        Key { is_suspended: true, ..owned(3) },
        // Not found: revoked, expired, of another tenant, of another user, and made by a key with the same number.
        Key { revoked_at: Some(NOW), ..owned(4) },
        Key { expires_at: NOW, ..owned(5) },
        Key { tenant: other, ..owned(6) },
        Key { created_by: Creator::User(UserId::new(id(9).uuid())), ..key(7) },
        Key { created_by: Creator::Key(id(1)), ..key(8) },
    ];
    for key in &keys {
        tx.add_key(key).await.unwrap();
    }
    let mut found = tx.owned_by(user, DEFAULT, NOW, 10).await.unwrap();
    found.sort_by_key(|key| key.id);
    assert_eq!(found, keys[..2]);
    assert_eq!(tx.owned_by(user, DEFAULT, NOW, 1).await.unwrap().len(), 1, "no more than asked for");
    tx.save_key(&Key { is_suspended: false, ..owned(3) }).await.unwrap();
    assert_eq!(tx.lookup_key(id(3)).await.unwrap(), Some(owned(3)));
}

pub(crate) async fn answers_are_remembered_for_their_time(fixture: Fixture) {
    let answer = Answer { fingerprint: [3; 32], key: id(1), label: "x".to_owned(), is_active: true, at: NOW };
    let mut tx = fixture.store.begin().await.unwrap();
    tx.add_answer("master", "a", &answer).await.unwrap();
    tx.commit().await.unwrap();
    let mut tx = fixture.store.begin().await.unwrap();
    assert_eq!(tx.answer("master", "a", NOW).await.unwrap(), Some(answer));
    assert_eq!(tx.answer("other", "a", NOW).await.unwrap(), None);
    assert_eq!(tx.answer("master", "b", NOW).await.unwrap(), None);
    assert_eq!(tx.answer("master", "a", NOW.plus_secs(1)).await.unwrap(), None);
}

pub(crate) fn slot_key(slot: u8, secret: u8) -> SlotKey {
    SlotKey {
        slot: Slot::new(slot).unwrap(),
        secret: SigningSecret::new([secret; 32]),
        created_at: NOW,
        retired_at: None,
        not_before: NOW,
    }
}

pub(crate) async fn signing_keys_come_back_opened(fixture: Fixture) {
    let mut tx = fixture.store.begin().await.unwrap();
    tx.put_slot(&slot_key(3, 1)).await.unwrap();
    tx.put_slot(&slot_key(0, 2)).await.unwrap();
    tx.put_slot(&SlotKey { retired_at: Some(NOW), ..slot_key(3, 4) }).await.unwrap();
    assert_eq!(tx.last_expiry(Slot::new(0).unwrap()).await.unwrap(), None);
    tx.add_key(&key(1)).await.unwrap();
    assert_eq!(tx.last_expiry(Slot::new(0).unwrap()).await.unwrap(), Some(NOW.plus_secs(1000)));
    tx.commit().await.unwrap();
    let stored = fixture.stored().await;
    assert!(!stored.is_empty());
    assert!(
        !stored.windows(32).any(|window| window == [4; 32] || window == [2; 32]),
        "a secret lies open on disk"
    );
    let fixture = fixture.reopen(&[]).await.unwrap();
    let keys = fixture.store.signing_keys().await.unwrap();
    let read: Vec<_> = keys.iter().map(|k| (k.slot.number(), k.secret.expose()[0], k.retired_at)).collect();
    assert_eq!(read, [(0, 2, None), (3, 4, Some(NOW))]);
}

pub(crate) async fn tenants_have_numbers_and_unique_names(fixture: Fixture) {
    let default = fixture.store.tenant(DEFAULT).await.unwrap().unwrap();
    assert_eq!((&*default.name, default.is_active, default.not_before), ("default", true, None));
    let mut tx = fixture.store.begin().await.unwrap();
    let mut acme = tx.add_tenant("acme", NOW).await.unwrap();
    assert_eq!(acme.id, TenantId(2));
    assert!(tx.is_name_taken("acme", None).await.unwrap());
    assert!(!tx.is_name_taken("acme", Some(acme.id)).await.unwrap());
    tx.commit().await.unwrap();
    assert!(fixture.store.begin().await.unwrap().add_tenant("acme", NOW).await.is_err());
    let mut tx = fixture.store.begin().await.unwrap();
    acme.name = "acme 2".to_owned();
    acme.not_before = Some(NOW);
    acme.is_active = false;
    tx.save_tenant(&acme).await.unwrap();
    assert_eq!(tx.lookup_tenant(acme.id).await.unwrap(), Some(acme.clone()));
    tx.commit().await.unwrap();
    assert_eq!(fixture.store.tenants(None, 10).await.unwrap(), [default, acme.clone()]);
    assert_eq!(fixture.store.tenants(Some(DEFAULT), 1).await.unwrap(), [acme]);
    assert_eq!(fixture.store.tenant(TenantId(3)).await.unwrap(), None);
    let stranger = Key { tenant: TenantId(3), ..key(1) };
    let mut tx = fixture.store.begin().await.unwrap();
    tx.add_key(&stranger).await.unwrap();
    assert!(tx.commit().await.is_err(), "a key of no tenant");
    let mut tx = fixture.store.begin().await.unwrap();
    assert_eq!(tx.youngest_key(DEFAULT).await.unwrap(), None);
    for n in [2, 9, 4] {
        tx.add_key(&key(n)).await.unwrap();
    }
    assert_eq!(tx.youngest_key(DEFAULT).await.unwrap(), Some(key(9).id));
    assert_eq!(tx.youngest_key(TenantId(2)).await.unwrap(), None);
}

pub(crate) async fn the_audit_log_is_a_chain(fixture: Fixture) {
    for n in 0..3 {
        let mut tx = fixture.store.begin().await.unwrap();
        let entry = Entry::by_system(NOW, "key.create", format!("key {n}"), json!({ "n": n, "text": "\"é" }));
        tx.add_audit(&entry).await.unwrap();
        tx.commit().await.unwrap();
    }
    let rows = fixture.store.audit_after(0, 10).await.unwrap();
    assert_eq!((rows.len(), first_break(GENESIS, &rows)), (3, None));
    assert_eq!(first_break(rows[0].hash, &fixture.store.audit_after(1, 10).await.unwrap()), None);
}

pub(crate) async fn scopes_keep_their_bits(fixture: Fixture) {
    let fixture = fixture.reopen(&["orders:read", "orders:write"]).await.unwrap();
    let bit = |fixture: &Fixture, name| fixture.catalogue.bit(name).map(ScopeBit::number);
    let (read, write) = (bit(&fixture, "orders:read"), bit(&fixture, "orders:write"));
    let fixture = fixture.reopen(&["orders:write", "bills:read"]).await.unwrap();
    assert_eq!(
        (bit(&fixture, "orders:read"), bit(&fixture, "orders:write")),
        (read, write),
        "order does not move bits"
    );
    assert_eq!(bit(&fixture, "bills:read"), write.map(|bit| bit + 1));
    assert!(fixture.reopen(&["not a scope"]).await.is_err());
}
