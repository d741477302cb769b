//! What an instance holds in memory, and how far it is: read when somebody asks.

use super::LoanResult;
use crate::{Follower, Readiness};
use std::time::Duration;
use titan_core::revision::{Revision, Spread};

/// The state of an instance at one moment.
pub struct State {
    /// The newest revision that is in force here.
    pub applied: Revision,
    /// The newest revision that this instance has heard of.
    pub head: Revision,
    /// Whether it decides from memory.
    pub is_lease_good: bool,
    /// How long the lease is still good; `None`: no end, as nobody else has the database.
    pub lease_rest: Option<Duration>,
    /// The size of the revocation set.
    pub restricted: usize,
    /// Opaque keys.
    pub opaque: usize,
    /// Slots without a signing key that verifies keys.
    pub free_slots: usize,
    /// Uses of keys that wait to be written.
    pub uses: usize,
    /// How long changes took until they were in force everywhere.
    pub spread: Spread,
}

impl Follower {
    /// What this instance holds now.
    pub fn state(&self) -> State {
        let guard = self.guard();
        let applied = self.applied();
        State {
            applied,
            head: self.head().max(applied),
            is_lease_good: self.readiness() == Readiness::Ready,
            lease_rest: guard.lease().rest(guard.now().uptime),
            restricted: guard.restricted_count(),
            opaque: guard.opaque_count(),
            free_slots: guard.free_slots(),
            uses: guard.uses().waiting(),
            spread: self.read_spread(),
        }
    }

    /// How often loans had this result.
    pub fn loans(&self, result: LoanResult) -> u64 {
        self.guard().limiter().loans(result)
    }
}
