//! Each check, in its order.

use super::*;
use titan_token::{Claims, Prefix, Presented, ScopeSet, SigningSecret, Uuid};

const NOW: Timestamp = Timestamp::from_secs(1_800_000_000);

fn secret(n: u8) -> SigningSecret {
    SigningSecret::new([n; 32])
}

fn slot_key(retired_at: Option<Timestamp>) -> SlotKey {
    SlotKey {
        slot: Slot::new(3).unwrap(),
        secret: secret(1),
        created_at: NOW,
        retired_at,
        not_before: Timestamp::from_secs(1_000_000_000),
    }
}

fn snapshot() -> Snapshot {
    let mut snapshot = Snapshot::new();
    snapshot.set_slots(&[slot_key(None)]);
    snapshot
}

fn apply(snapshot: &mut Snapshot, change: &Change) {
    let to_add = snapshot.apply([change]);
    snapshot.restrict(to_add);
}

fn claims() -> Claims {
    Claims {
        slot: Slot::new(3).unwrap(),
        id: KeyId::new(Uuid::v7(1_799_999_000_000, [5; 10])),
        tenant: TenantId(4),
        scopes: ScopeSet::from_bits(1),
        expires_at: 1_800_000_001,
    }
}

fn check(snapshot: &Snapshot, claims: Claims, now: Timestamp) -> Result<KeyPrincipal, Denial> {
    let text = claims.sign(Prefix::Standard, &SigningKey::for_api_keys(&secret(1)));
    let Ok(Presented::SelfContained(key)) = Presented::parse(text.expose()) else { panic!("our own key") };
    snapshot.decide(&snapshot.prove(&key)?, now)
}

#[test]
fn a_good_key_passes_until_the_second_it_expires() {
    assert_eq!(check(&snapshot(), claims(), NOW).unwrap().tenant(), TenantId(4));
    let at_expiry = Timestamp::from_secs(1_800_000_001);
    assert_eq!(check(&snapshot(), claims(), at_expiry).err(), Some(Denial::Expired));
}

#[test]
fn what_was_swept_stays_expired_whatever_the_clock_says() {
    let mut snapshot = snapshot();
    snapshot.sweep_until(Timestamp::from_secs(1_800_000_000));
    assert!(check(&snapshot, claims(), NOW).is_ok(), "it expires a second later");
    snapshot.sweep_until(Timestamp::from_secs(1_800_000_001));
    let long_ago = Timestamp::from_secs(1_000_000_000);
    assert_eq!(check(&snapshot, claims(), long_ago).err(), Some(Denial::Expired));
}

#[test]
fn nothing_is_said_of_a_key_before_its_mac_held() {
    let mut snapshot = snapshot();
    apply(&mut snapshot, &Change::Key(claims().id, KeyStatus { is_revoked: true, ..KeyStatus::default() }));
    let forged = claims().sign(Prefix::Standard, &SigningKey::for_api_keys(&secret(2)));
    let Ok(Presented::SelfContained(key)) = Presented::parse(forged.expose()) else { panic!("a shape") };
    assert_eq!(snapshot.prove(&key).err(), Some(Denial::Invalid));
    let unknown = Claims { slot: Slot::new(4).unwrap(), ..claims() };
    assert_eq!(check(&snapshot, unknown, NOW).err(), Some(Denial::Invalid));
}

#[test]
fn each_way_to_lose_a_key_is_named_in_order() {
    let id = claims().id;
    let revoked = KeyStatus { is_revoked: true, is_disabled: true, ..KeyStatus::default() };
    let disabled = KeyStatus { is_disabled: true, ..KeyStatus::default() };
    let mut snapshot = snapshot();
    apply(&mut snapshot, &Change::Key(id, disabled));
    assert_eq!(check(&snapshot, claims(), NOW).err(), Some(Denial::Disabled));
    apply(&mut snapshot, &Change::Key(id, revoked));
    assert_eq!(check(&snapshot, claims(), NOW).err(), Some(Denial::Revoked));
    let late = Timestamp::from_secs(1_900_000_000);
    assert_eq!(check(&snapshot, claims(), late).err(), Some(Denial::Expired), "expiry is asked first");
}

#[test]
fn a_key_that_is_switched_on_again_passes() {
    let id = claims().id;
    let mut snapshot = snapshot();
    apply(&mut snapshot, &Change::Key(id, KeyStatus { is_disabled: true, ..KeyStatus::default() }));
    apply(&mut snapshot, &Change::Key(id, KeyStatus::default()));
    assert!(check(&snapshot, claims(), NOW).is_ok());
    assert_eq!(snapshot.restricted_count(), 0);
}

#[test]
fn no_reader_takes_one_status_for_another() {
    let id = claims().id;
    let old = snapshot();
    let mut new = old.clone();
    let off = Change::Key(id, KeyStatus { is_disabled: true, ..KeyStatus::default() });
    let to_add = new.apply([&off]);
    assert!(check(&old, claims(), NOW).is_ok() && check(&new, claims(), NOW).is_ok(), "not in force yet");
    new.restrict(to_add);
    assert_eq!(check(&new, claims(), NOW).err(), Some(Denial::Disabled));
    let mut newer = new.clone();
    let to_add = newer.apply([&Change::Key(id, KeyStatus::default())]);
    assert!(to_add.is_empty());
    assert!(check(&new, claims(), NOW).is_ok(), "an older reader does not say revoked");
}

#[test]
fn a_retiring_key_lives_for_its_overlap() {
    let (since, until) = (NOW.ms() - 1000, NOW.ms() + 500);
    let status = KeyStatus { retirement: Some((since, until)), ..KeyStatus::default() };
    let mut snapshot = snapshot();
    apply(&mut snapshot, &Change::Key(claims().id, status));
    let principal = check(&snapshot, claims(), NOW).unwrap();
    assert_eq!(principal.retirement().unwrap().until.ms(), until);
    assert_eq!(check(&snapshot, claims(), Timestamp::from_ms(until)).err(), Some(Denial::Revoked));
}

#[test]
fn tenants_and_signing_keys_take_their_keys_along() {
    let mut snapshot = snapshot();
    let off = TenantStatus { is_disabled: true, not_before: None };
    apply(&mut snapshot, &Change::Tenant(TenantId(4), off));
    assert_eq!(check(&snapshot, claims(), NOW).err(), Some(Denial::Disabled));
    let cut = |ms| TenantStatus { is_disabled: false, not_before: Some(ms) };
    apply(&mut snapshot, &Change::Tenant(TenantId(4), cut(1_799_999_000_001)));
    assert_eq!(check(&snapshot, claims(), NOW).err(), Some(Denial::Revoked));
    apply(&mut snapshot, &Change::Tenant(TenantId(4), cut(1_799_999_000_000)));
    assert!(check(&snapshot, claims(), NOW).is_ok(), "issued at the very time is not before it");
    snapshot.set_slots(&[slot_key(Some(NOW))]);
    assert_eq!(check(&snapshot, claims(), NOW).err(), Some(Denial::Revoked));
    let early = SlotKey { not_before: NOW, ..slot_key(None) };
    snapshot.set_slots(&[early]);
    assert_eq!(check(&snapshot, claims(), NOW).err(), Some(Denial::Revoked));
}
