//! The decision about one credential: one atomic load, no lock, no wait.

use crate::snapshot::Snapshot;
use crate::uses::Uses;
use arc_swap::ArcSwap;
use std::sync::Arc;
use titan_core::access::{Catalogue, Denial, Gate, KeyPrincipal};
use titan_core::revision::Change;
use titan_core::signing::SlotKey;
use titan_core::time::{Clock, Timestamp};
use titan_token::{Presented, ScopeBit, UntrustedKey, VerifiedKey};

/// Decides about keys from memory.
pub struct Guard {
    snapshot: ArcSwap<Snapshot>,
    catalogue: Arc<Catalogue>,
    clock: Arc<dyn Clock>,
    uses: Uses,
}

impl Guard {
    /// A guard that knows nothing yet: it refuses every key until a [`crate::Keeper`] has told it the signing
    /// keys.
    pub fn new(catalogue: Arc<Catalogue>, clock: Arc<dyn Clock>) -> Self {
        Self { snapshot: ArcSwap::from_pointee(Snapshot::new()), catalogue, clock, uses: Uses::new() }
    }

    /// Who holds this key at `now`, after every check but the scope. Pure: it notes no use.
    #[inline]
    pub fn check(&self, credential: &str, now: Timestamp) -> Result<KeyPrincipal, Denial> {
        let snapshot = self.snapshot.load();
        let key = snapshot.prove(&parse(credential)?)?;
        self.decide(snapshot, &key, now)
    }

    /// The same, and beside it what may be told of a key that is refused: all it says, once its MAC held.
    pub fn examine(
        &self,
        credential: &str,
        now: Timestamp,
    ) -> (Option<VerifiedKey>, Result<KeyPrincipal, Denial>) {
        let snapshot = self.snapshot.load();
        match parse(credential).and_then(|key| snapshot.prove(&key)) {
            Ok(key) => (Some(key), self.decide(snapshot, &key, now)),
            Err(denial) => (None, Err(denial)),
        }
    }

    /// The set of noted keys is newer than the snapshot it is read with, if a change came in between: then a
    /// key that is only retiring or disabled would be taken for revoked. What stands against it was published
    /// before it was noted, so a second look at the newest snapshot sees it. No other verdict needs one.
    #[inline]
    fn decide(
        &self,
        mut snapshot: arc_swap::Guard<Arc<Snapshot>>,
        key: &VerifiedKey,
        now: Timestamp,
    ) -> Result<KeyPrincipal, Denial> {
        loop {
            let verdict = snapshot.decide(key, now);
            if !matches!(verdict, Err(Denial::Revoked)) {
                return verdict;
            }
            let newest = self.snapshot.load();
            if Arc::ptr_eq(&newest, &snapshot) {
                return verdict;
            }
            snapshot = newest;
        }
    }

    /// Whether the key may do what needs this scope.
    pub fn check_scope(&self, key: &KeyPrincipal, scope: ScopeBit, name: &str) -> Result<(), Denial> {
        if self.catalogue.covers(key.scopes(), scope) {
            Ok(())
        } else {
            Err(Denial::InsufficientScope(name.to_owned()))
        }
    }

    /// Notes that a key was accepted, for its `lastUsedAt`.
    pub fn note_use(&self, key: &KeyPrincipal) {
        self.uses.note(key.id(), self.clock.now());
    }

    /// The time by this guard's clock.
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// The scopes of this deployment.
    pub fn catalogue(&self) -> &Catalogue {
        &self.catalogue
    }

    /// How many keys are revoked, disabled or retiring.
    pub fn noted_count(&self) -> usize {
        self.snapshot.load().noted_count()
    }

    /// Takes the signing keys over, in place of those that were there.
    ///
    /// Like [`Self::apply`], only for the one writer: with two of them, one's changes could be lost.
    pub fn set_signing_keys(&self, keys: &[SlotKey]) {
        let mut snapshot = Snapshot::clone(&self.snapshot.load());
        snapshot.set_slots(keys);
        self.snapshot.store(Arc::new(snapshot));
    }

    /// Applies changes in their order. When it has returned, no decision is made from before them.
    pub fn apply<'a>(&self, changes: impl IntoIterator<Item = &'a Change>) {
        let mut snapshot = Snapshot::clone(&self.snapshot.load());
        let to_note = snapshot.apply(changes);
        let snapshot = Arc::new(snapshot);
        self.snapshot.store(Arc::clone(&snapshot));
        snapshot.note(to_note);
    }

    pub(crate) fn uses(&self) -> &Uses {
        &self.uses
    }
}

/// A text that could be a key of ours.
#[inline]
fn parse(credential: &str) -> Result<UntrustedKey, Denial> {
    match Presented::parse(credential) {
        Ok(Presented::SelfContained(key)) => Ok(key),
        // Well-shaped, but nobody has imported or issued such a key.
        Ok(Presented::Legacy(_) | Presented::Opaque(_)) => Err(Denial::Invalid),
        Err(_) => Err(Denial::Malformed),
    }
}

impl Gate for Guard {
    fn authenticate(&self, credential: &str) -> Result<KeyPrincipal, Denial> {
        let key = self.check(credential, self.clock.now())?;
        self.note_use(&key);
        Ok(key)
    }
}
