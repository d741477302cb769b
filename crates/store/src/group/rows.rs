//! Rows that wait in memory until they are written together.

use titan_core::audit::Entry;
use titan_core::key::Key;
use titan_token::KeyId;

/// What a writer adds and no statement has asked for yet. These are only rows behind all that are there: the next keys,
/// and the next part of the audit log.
#[derive(Default)]
pub(crate) struct Rows {
    pub(crate) keys: Vec<Key>,
    pub(crate) audit: Vec<Entry>,
}

impl Rows {
    pub(super) fn is_empty(&self) -> bool {
        self.keys.is_empty() && self.audit.is_empty()
    }

    pub(super) fn has(&self, id: KeyId) -> bool {
        self.keys.iter().any(|key| key.id == id)
    }
}
