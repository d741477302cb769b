//! The decision about an opaque key.

use super::Snapshot;
use titan_core::access::{Denial, ProvenOpaque};
use titan_core::time::Timestamp;
use titan_token::HashedKey;

impl Snapshot {
    /// The key with this hash, if there is one.
    #[inline]
    pub(crate) fn find_opaque(&self, hash: HashedKey) -> Option<ProvenOpaque> {
        self.opaque.find(&hash).map(|status| ProvenOpaque { hash, status })
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
