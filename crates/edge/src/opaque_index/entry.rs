//! What the index holds of a key.

use std::sync::atomic::{AtomicU64, Ordering};
use titan_core::revision::{ImportedStatus, OpaqueStatus};
use titan_core::time::Timestamp;
use titan_core::user::Role;
use titan_token::{HashedKey, KeyId, ScopeSet, TenantId, UserId, Uuid};

/// A key that never expires.
const NEVER: u32 = u32::MAX;

/// Half of a hash is enough to find a key: keys have 128 random bits, so two with the same half are as unlikely as two with
/// the same text.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Half(u64, u64);

/// What is known of a key that is found by its hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Indexed {
    /// It came from another system. It says what a key of ours says.
    Imported(ImportedStatus),
    /// It belongs to a user.
    Opaque(OpaqueStatus),
}

/// A key in one cache line: half of its hash, its id, its owner or its scopes, its tenant, and its [`State`].
#[derive(Default)]
#[repr(align(64))]
pub(super) struct Entry([AtomicU64; 8]);

/// What may change of a key: the second at which it expires in the high half, its role, and three switches.
///
/// 0 is the state of an entry without a key.
#[derive(Clone, Copy)]
pub(super) struct State(u64);

impl Half {
    pub(super) fn of(hash: &HashedKey) -> Self {
        let word =
            |at: usize| hash.as_bytes()[at..].first_chunk().map_or(0, |bytes| u64::from_be_bytes(*bytes));
        Self(word(0), word(8))
    }

    /// A number below `count`: multiply and shift spreads 64 random bits over them.
    pub(super) fn home(self, count: usize) -> usize {
        let count = u128::try_from(count).unwrap_or_default();
        usize::try_from((u128::from(self.0) * count) >> 64).unwrap_or_default()
    }

    /// A byte of other bits than its home.
    pub(super) fn tag(self) -> u8 {
        self.1.to_le_bytes()[0]
    }
}

impl Entry {
    /// Writes all but the state first: who sees the state sees the rest.
    pub(super) fn write(&self, half: Half, status: &Indexed) {
        let (id, authority, tenant) = match status {
            Indexed::Imported(status) => (status.id, Uuid::from_bits(status.scopes.bits()), status.tenant),
            Indexed::Opaque(status) => (status.id, status.owner.uuid(), status.tenant),
        };
        let (id, authority) = (id.uuid().halves(), authority.halves());
        let words = [half.0, half.1, id.0, id.1, authority.0, authority.1, u64::from(tenant.0)];
        for (word, value) in self.0.iter().zip(words) {
            word.store(value, Ordering::Relaxed);
        }
        self.set(State::of(status));
    }

    pub(super) fn set(&self, state: State) {
        self.0[7].store(state.0, Ordering::Release);
    }

    #[inline]
    pub(super) fn state(&self) -> State {
        State(self.0[7].load(Ordering::Acquire))
    }

    #[inline]
    pub(super) fn half(&self) -> Half {
        Half(self.word(0), self.word(1))
    }

    /// `None`: it has no key any more.
    #[inline]
    pub(super) fn status(&self) -> Option<Indexed> {
        let state = self.state();
        let tenant = TenantId(u32::try_from(self.word(6)).unwrap_or_default());
        let (id, authority, end) = (KeyId::new(self.uuid(2)), self.uuid(4), state.end());
        if !state.has_key() {
            return None;
        }
        if state.is_imported() {
            let scopes = ScopeSet::from_bits(authority.bits());
            return Some(Indexed::Imported(ImportedStatus { id, tenant, scopes, expires_at: end }));
        }
        Some(Indexed::Opaque(OpaqueStatus {
            id,
            tenant,
            owner: UserId::new(authority),
            role: state.role(),
            expires_at: Some(end).filter(|end| *end != NEVER).map(|end| Timestamp::from_secs(end.into())),
            is_on: state.is_on(),
        }))
    }

    fn word(&self, at: usize) -> u64 {
        self.0[at].load(Ordering::Relaxed)
    }

    fn uuid(&self, at: usize) -> Uuid {
        Uuid::from_bits(u128::from(self.word(at)) << 64 | u128::from(self.word(at + 1)))
    }
}

impl State {
    pub(super) const NO_KEY: Self = Self(0);
    const HAS_KEY: u64 = 1;
    const IS_ON: u64 = 2;
    /// The place of the role.
    const ROLE: u32 = 2;
    const IMPORTED: u64 = 16;

    pub(super) fn of(status: &Indexed) -> Self {
        match status {
            Indexed::Imported(status) => Self::of_imported(status),
            Indexed::Opaque(status) => Self::of_opaque(status),
        }
    }

    fn of_imported(status: &ImportedStatus) -> Self {
        Self(u64::from(status.expires_at) << 32 | Self::IMPORTED | Self::HAS_KEY)
    }

    fn of_opaque(status: &OpaqueStatus) -> Self {
        // What is later than 2106 ends then: earlier rather than never.
        let end = status.expires_at.map_or(NEVER, |end| end.secs_u32().min(NEVER - 1));
        let role = u64::try_from(status.role.index()).unwrap_or_default();
        let is_on = if status.is_on { Self::IS_ON } else { 0 };
        Self(u64::from(end) << 32 | role << Self::ROLE | is_on | Self::HAS_KEY)
    }

    pub(super) const fn has_key(self) -> bool {
        self.0 & Self::HAS_KEY != 0
    }

    /// Whether its key expired at or before this second.
    pub(super) fn has_expired(self, until: u32) -> bool {
        self.has_key() && self.end() <= until
    }

    fn end(self) -> u32 {
        u32::try_from(self.0 >> 32).unwrap_or_default()
    }

    pub(super) const fn is_imported(self) -> bool {
        self.0 & Self::IMPORTED != 0
    }

    const fn is_on(self) -> bool {
        self.0 & Self::IS_ON != 0
    }

    fn role(self) -> Role {
        let index = usize::try_from(self.0 >> Self::ROLE & 3).unwrap_or_default();
        Role::ALL.get(index).copied().unwrap_or(Role::Member)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_is_a_cache_line() {
        assert_eq!((size_of::<Entry>(), align_of::<Entry>()), (64, 64));
    }
}
