//! The decision about one credential: one atomic load, no lock, no wait.

use crate::snapshot::Snapshot;
use crate::uses::Uses;
use arc_swap::ArcSwap;
use std::sync::Arc;
use titan_core::access::{Catalogue, Denial, Gate, KeyPrincipal};
use titan_core::time::{Clock, Timestamp};
use titan_token::{Presented, ScopeBit};

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
    pub fn check(&self, credential: &str, now: Timestamp) -> Result<KeyPrincipal, Denial> {
        match Presented::parse(credential) {
            Ok(Presented::SelfContained(key)) => self.snapshot.load().check(&key, now),
            // Well-shaped, but nobody has imported or issued such a key.
            Ok(Presented::Legacy(_) | Presented::Opaque(_)) => Err(Denial::Invalid),
            Err(_) => Err(Denial::Malformed),
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

    pub(crate) fn snapshot(&self) -> Arc<Snapshot> {
        self.snapshot.load_full()
    }

    pub(crate) fn publish(&self, snapshot: Snapshot) {
        self.snapshot.store(Arc::new(snapshot));
    }

    pub(crate) fn uses(&self) -> &Uses {
        &self.uses
    }
}

impl Gate for Guard {
    fn authenticate(&self, credential: &str) -> Result<KeyPrincipal, Denial> {
        let key = self.check(credential, self.clock.now())?;
        self.note_use(&key);
        Ok(key)
    }
}
