//! What the one writer changes.

use super::Guard;
use crate::snapshot::Snapshot;
use std::sync::Arc;
use titan_core::revision::Change;
use titan_core::signing::SlotKey;
use titan_core::time::Timestamp;

impl Guard {
    /// Replaces all signing keys.
    ///
    /// Only the one writer may call this and [`Self::apply`]: with two writers, changes could be lost.
    pub fn set_signing_keys(&self, keys: &[SlotKey]) {
        let mut snapshot = Snapshot::clone(&self.snapshot.load());
        snapshot.set_slots(keys);
        self.snapshot.store(Arc::new(snapshot));
    }

    /// Applies changes in their order. Every decision that starts after the return includes them.
    pub fn apply<'a>(&self, changes: impl IntoIterator<Item = &'a Change>) {
        let mut snapshot = Snapshot::clone(&self.snapshot.load());
        let to_add = snapshot.apply(changes.into_iter().inspect(|change| {
            if let Change::Settings(settings) = change {
                self.limiter.set(settings);
            }
        }));
        let snapshot = Arc::new(snapshot);
        self.snapshot.store(Arc::clone(&snapshot));
        snapshot.restrict(to_add);
    }

    /// From now on, keys that expire at or before this time are refused whatever a clock says. Only the one writer may call
    /// this.
    pub fn sweep_until(&self, until: Timestamp) {
        let mut snapshot = Snapshot::clone(&self.snapshot.load());
        snapshot.sweep_until(until);
        self.snapshot.store(Arc::new(snapshot));
    }

    /// Forgets sessions whose JWTs expired at or before this time, and opaque keys that did. The time must have been swept
    /// before. Only the one writer may call this.
    pub(crate) fn forget_expired(&self, until: Timestamp) {
        let mut snapshot = Snapshot::clone(&self.snapshot.load());
        snapshot.forget_expired(until);
        self.snapshot.store(Arc::new(snapshot));
    }

    /// Forgets everything but the signing keys. Only the one writer may call this, without a lease.
    pub(crate) fn forget(&self) {
        let mut snapshot = Snapshot::new();
        snapshot.keep_slots_of(&self.snapshot.load());
        self.snapshot.store(Arc::new(snapshot));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use titan_core::access::{Catalogue, Denial};
    use titan_core::time::{Clock, Uptime};
    use titan_token::{Claims, KeyId, Prefix, ScopeSet, SigningKey, SigningSecret, Slot, TenantId, Uuid};

    const NOW: Timestamp = Timestamp::from_secs(1_800_000_000);

    struct StoppedClock;

    impl Clock for StoppedClock {
        fn now(&self) -> Timestamp {
            NOW
        }

        fn uptime(&self) -> Uptime {
            Uptime::default()
        }
    }

    fn slot_key(secret: u8, retired_at: Option<Timestamp>) -> SlotKey {
        let not_before = Timestamp::from_secs(1_000_000_000);
        let secret = SigningSecret::new([secret; 32]);
        SlotKey { slot: Slot::new(3).unwrap(), secret, created_at: NOW, retired_at, not_before }
    }

    /// A slot is used again once all of its keys have expired. What its old secret signs must not pass in the
    /// moment in which the new one takes its place, however late it says that it expires.
    #[test]
    fn a_proof_does_not_outlive_its_signing_key() {
        let guard = Guard::without_database(Arc::new(Catalogue::new([]).unwrap()), Arc::new(StoppedClock));
        let leaked = SigningKey::for_api_keys(&SigningSecret::new([1; 32]));
        let claims = Claims {
            slot: Slot::new(3).unwrap(),
            id: KeyId::new(Uuid::v7(1_799_999_000_000, [5; 10])),
            tenant: TenantId(1),
            scopes: ScopeSet::from_bits(u128::MAX),
            expires_at: u32::MAX,
        };
        let forged = claims.sign(Prefix::Standard, &leaked);
        let (old, new) = ([slot_key(1, Some(NOW))], [slot_key(2, None)]);
        guard.set_signing_keys(&old);
        assert_eq!(guard.check(forged.expose(), StoppedClock.moment()).err(), Some(Denial::Revoked));
        std::thread::scope(|scope| {
            let writer = scope.spawn(|| {
                for _ in 0..20_000 {
                    guard.set_signing_keys(&new);
                    guard.set_signing_keys(&old);
                }
            });
            while !writer.is_finished() {
                let denial = guard.check(forged.expose(), StoppedClock.moment()).err();
                assert!(matches!(denial, Some(Denial::Revoked | Denial::Invalid)), "{denial:?}");
            }
        });
    }
}
