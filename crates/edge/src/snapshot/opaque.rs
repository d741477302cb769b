//! The decision about an opaque key.

use super::Snapshot;
use crate::opaque_index::Indexed;
use titan_core::access::{Denial, ProvenOpaque};
use titan_core::time::Timestamp;
use titan_token::{HashedKey, Slot, VerifiedKey};

/// A key that was found by its hash.
pub(crate) enum Hashed {
    /// It came from another system.
    Imported(VerifiedKey),
    /// It belongs to a user.
    Opaque(ProvenOpaque),
}

impl Snapshot {
    /// The key of a user with this hash, if there is one.
    #[inline]
    pub(crate) fn find_opaque(&self, hash: HashedKey) -> Option<ProvenOpaque> {
        match self.find_hashed(hash)? {
            Hashed::Opaque(proven) => Some(proven),
            Hashed::Imported(_) => None,
        }
    }

    /// The key with this hash, if there is one.
    #[inline]
    pub(crate) fn find_hashed(&self, hash: HashedKey) -> Option<Hashed> {
        Some(match self.opaque.find(&hash)? {
            Indexed::Imported(status) => Hashed::Imported(VerifiedKey::imported(status.claims(Slot::FIRST))),
            Indexed::Opaque(status) => Hashed::Opaque(ProvenOpaque { hash, status }),
        })
    }

    /// Whether keys of other systems were ever imported.
    #[inline]
    pub(crate) fn has_imported(&self) -> bool {
        self.opaque.has_imported()
    }

    /// Every check of a key that is ours, but the scope.
    pub(crate) fn decide_opaque(&self, key: &ProvenOpaque, now: Timestamp) -> Result<(), Denial> {
        let status = &key.status;
        let end = status.expires_at.map(Timestamp::secs_u32);
        if end.is_some_and(|end| now.secs_u32() >= end || end <= self.swept_until) {
            return Err(Denial::Expired);
        }
        if !status.is_on {
            return Err(Denial::Disabled);
        }
        // Its id says when it was made, to the millisecond.
        self.check_tenant(status.tenant, status.id.uuid().unix_ms())
    }
}
