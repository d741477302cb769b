//! All that the edge knows of keys, tenants and signing keys, as of one revision.

use crate::noted::Noted;
use imbl::{HashMap, OrdMap};
use std::collections::HashSet;
use std::sync::Arc;
use titan_core::access::{Denial, KeyPrincipal, Retirement};
use titan_core::revision::{Change, KeyStanding, TenantStanding};
use titan_core::signing::SlotKey;
use titan_core::time::Timestamp;
use titan_token::{KeyId, SigningKey, Slot, TenantId, UntrustedKey, VerifiedKey};

/// A signing key, ready to verify.
#[derive(Clone)]
struct Signing {
    key: Arc<SigningKey>,
    is_retired: bool,
    not_before: Timestamp,
}

/// What the edge knows. Copies share what did not change; the set of noted keys is shared by all of them and
/// changed in place, so that a revocation does not copy ten million ids.
#[derive(Clone)]
pub(crate) struct Snapshot {
    slots: [Option<Signing>; 16],
    /// Those alone that something stands against: few, so that a search beats hashing.
    tenants: OrdMap<TenantId, TenantStanding>,
    /// Every key that something stands against.
    noted: Arc<Noted>,
    /// What stands against a noted key, if it is not that it is revoked for good: those are the many.
    standings: HashMap<KeyId, KeyStanding>,
}

impl Snapshot {
    pub(crate) fn new() -> Self {
        Self {
            slots: std::array::from_fn(|_| None),
            tenants: OrdMap::new(),
            noted: Arc::new(Noted::new()),
            standings: HashMap::new(),
        }
    }

    /// Takes the signing keys over, in place of those that were there.
    pub(crate) fn set_slots(&mut self, keys: &[SlotKey]) {
        self.slots = std::array::from_fn(|_| None);
        for key in keys {
            let signing = Signing {
                key: Arc::new(SigningKey::for_api_keys(&key.secret)),
                is_retired: key.retired_at.is_some(),
                not_before: key.not_before,
            };
            self.slots[key.slot.index()] = Some(signing);
        }
    }

    /// Applies changes in their order. The ids that come back must be noted with [`Self::note`] once this
    /// snapshot is the one that readers have.
    ///
    /// The set of noted keys is changed under the eyes of readers of older snapshots, so the order matters: a
    /// key that gets a standing is noted after the standing can be seen (before, it still passes), and one that
    /// loses it leaves the set before (after, it already passes). A reader that still has an older snapshot looks
    /// again before it says revoked ([`crate::Guard`]).
    #[must_use]
    pub(crate) fn apply<'a>(&mut self, changes: impl IntoIterator<Item = &'a Change>) -> HashSet<KeyId> {
        let mut to_note = HashSet::new();
        for change in changes {
            match change {
                Change::Key(id, standing) if standing.is_plain() => {
                    to_note.remove(id);
                    self.noted.remove(*id);
                    self.standings.remove(id);
                }
                Change::Key(id, standing) => {
                    to_note.insert(*id);
                    self.stand(*id, *standing);
                }
                Change::Tenant(id, standing) => self.set_tenant(*id, *standing),
                // It only says that the signing keys must be read anew.
                Change::SigningKey(_) => {}
            }
        }
        if self.noted.is_too_small_for(to_note.len()) {
            self.noted = Arc::new(self.noted.grown(to_note.len()));
        }
        to_note
    }

    /// Notes keys whose standing readers can see.
    pub(crate) fn note(&self, ids: HashSet<KeyId>) {
        for id in ids {
            self.noted.insert(id);
        }
    }

    fn stand(&mut self, id: KeyId, standing: KeyStanding) {
        if standing.is_revoked {
            self.standings.remove(&id);
        } else {
            self.standings.insert(id, standing);
        }
    }

    fn set_tenant(&mut self, id: TenantId, standing: TenantStanding) {
        if standing == TenantStanding::default() {
            self.tenants.remove(&id);
        } else {
            self.tenants.insert(id, standing);
        }
    }

    /// How many keys something stands against.
    pub(crate) fn noted_count(&self) -> usize {
        self.noted.len()
    }

    /// The key, if its MAC holds. Until then nothing is said of it.
    #[inline]
    pub(crate) fn prove(&self, key: &UntrustedKey) -> Result<VerifiedKey, Denial> {
        let claimed = key.unproven();
        // The set may be larger than the cache: ask for its line now, read it after the MAC.
        self.noted.prefetch(claimed.id);
        let signing = self.signing(claimed.slot)?;
        key.verify(&signing.key).map_err(|_| Denial::Invalid)
    }

    fn signing(&self, slot: Slot) -> Result<&Signing, Denial> {
        self.slots[slot.index()].as_ref().ok_or(Denial::Invalid)
    }

    /// Every check of a key behind its MAC and before its scope, in the order of `docs/token-format.md`.
    #[inline]
    pub(crate) fn decide(&self, key: &VerifiedKey, now: Timestamp) -> Result<KeyPrincipal, Denial> {
        let claims = key.claims();
        if now.secs_u32() >= claims.expires_at {
            return Err(Denial::Expired);
        }
        let signing = self.signing(claims.slot)?;
        if signing.is_retired {
            return Err(Denial::Revoked);
        }
        let retirement = self.check_standing(claims.id, now)?;
        let issued_ms = claims.id.uuid().unix_ms();
        self.check_tenant(claims.tenant, issued_ms)?;
        if is_before(issued_ms, signing.not_before.ms()) {
            return Err(Denial::Revoked);
        }
        Ok(KeyPrincipal::new(*key, retirement))
    }

    #[inline]
    fn check_standing(&self, id: KeyId, now: Timestamp) -> Result<Option<Retirement>, Denial> {
        if !self.noted.contains(id) {
            return Ok(None);
        }
        // Noted without a standing is revoked for good.
        let standing = self.standings.get(&id).ok_or(Denial::Revoked)?;
        let retirement = standing.retirement().map(|(since, until)| Retirement { since, until });
        if retirement.is_some_and(|retirement| now >= retirement.until) {
            return Err(Denial::Revoked);
        }
        if standing.is_disabled {
            return Err(Denial::Disabled);
        }
        Ok(retirement)
    }

    #[inline]
    fn check_tenant(&self, tenant: TenantId, issued_ms: u64) -> Result<(), Denial> {
        match self.tenants.get(&tenant) {
            Some(standing) if standing.is_disabled => Err(Denial::Disabled),
            Some(standing) if standing.not_before.is_some_and(|t| is_before(issued_ms, t)) => {
                Err(Denial::Revoked)
            }
            None | Some(_) => Ok(()),
        }
    }
}

fn is_before(issued_ms: u64, not_before_ms: i64) -> bool {
    i64::try_from(issued_ms).is_ok_and(|issued| issued < not_before_ms)
}

#[cfg(test)]
mod tests {
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
        let to_note = snapshot.apply([change]);
        snapshot.note(to_note);
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
        let Ok(Presented::SelfContained(key)) = Presented::parse(text.expose()) else {
            panic!("our own key")
        };
        snapshot.decide(&snapshot.prove(&key)?, now)
    }

    #[test]
    fn a_good_key_passes_until_the_second_it_expires() {
        assert_eq!(check(&snapshot(), claims(), NOW).unwrap().tenant(), TenantId(4));
        let at_expiry = Timestamp::from_secs(1_800_000_001);
        assert_eq!(check(&snapshot(), claims(), at_expiry).err(), Some(Denial::Expired));
    }

    #[test]
    fn nothing_is_said_of_a_key_before_its_mac_held() {
        let mut snapshot = snapshot();
        apply(
            &mut snapshot,
            &Change::Key(claims().id, KeyStanding { is_revoked: true, ..KeyStanding::default() }),
        );
        let forged = claims().sign(Prefix::Standard, &SigningKey::for_api_keys(&secret(2)));
        let Ok(Presented::SelfContained(key)) = Presented::parse(forged.expose()) else { panic!("a shape") };
        assert_eq!(snapshot.prove(&key).err(), Some(Denial::Invalid));
        let unknown = Claims { slot: Slot::new(4).unwrap(), ..claims() };
        assert_eq!(check(&snapshot, unknown, NOW).err(), Some(Denial::Invalid));
    }

    #[test]
    fn each_way_to_lose_a_key_is_named_in_order() {
        let id = claims().id;
        let revoked = KeyStanding { is_revoked: true, is_disabled: true, retirement: None };
        let disabled = KeyStanding { is_disabled: true, ..KeyStanding::default() };
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
        apply(&mut snapshot, &Change::Key(id, KeyStanding { is_disabled: true, ..KeyStanding::default() }));
        apply(&mut snapshot, &Change::Key(id, KeyStanding::default()));
        assert!(check(&snapshot, claims(), NOW).is_ok());
        assert_eq!(snapshot.noted_count(), 0);
    }

    #[test]
    fn no_reader_takes_a_standing_for_another() {
        let id = claims().id;
        let old = snapshot();
        let mut new = old.clone();
        let off = Change::Key(id, KeyStanding { is_disabled: true, ..KeyStanding::default() });
        let to_note = new.apply([&off]);
        assert!(check(&old, claims(), NOW).is_ok() && check(&new, claims(), NOW).is_ok(), "not in force yet");
        new.note(to_note);
        assert_eq!(check(&new, claims(), NOW).err(), Some(Denial::Disabled));
        let mut newer = new.clone();
        let to_note = newer.apply([&Change::Key(id, KeyStanding::default())]);
        assert!(to_note.is_empty());
        assert!(check(&new, claims(), NOW).is_ok(), "an older reader does not say revoked");
    }

    #[test]
    fn a_retiring_key_lives_for_its_overlap() {
        let (since, until) = (NOW.ms() - 1000, NOW.ms() + 500);
        let standing = KeyStanding { retirement: Some((since, until)), ..KeyStanding::default() };
        let mut snapshot = snapshot();
        apply(&mut snapshot, &Change::Key(claims().id, standing));
        let principal = check(&snapshot, claims(), NOW).unwrap();
        assert_eq!(principal.retirement().unwrap().until.ms(), until);
        assert_eq!(check(&snapshot, claims(), Timestamp::from_ms(until)).err(), Some(Denial::Revoked));
    }

    #[test]
    fn tenants_and_signing_keys_take_their_keys_along() {
        let mut snapshot = snapshot();
        let off = TenantStanding { is_disabled: true, not_before: None };
        apply(&mut snapshot, &Change::Tenant(TenantId(4), off));
        assert_eq!(check(&snapshot, claims(), NOW).err(), Some(Denial::Disabled));
        let cut = |ms| TenantStanding { is_disabled: false, not_before: Some(ms) };
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
}
