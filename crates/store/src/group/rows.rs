//! Rows that wait in memory until they are written together.

use titan_core::audit::Entry;
use titan_core::idempotency::{Answer, REMEMBERED_SECS};
use titan_core::key::Key;
use titan_core::time::Timestamp;
use titan_token::KeyId;

/// What a writer adds and no statement has asked for yet. These are only rows that change no other: the next keys, the
/// answers that made them, and the next part of the audit log.
#[derive(Default)]
pub(crate) struct Rows {
    pub(crate) keys: Vec<Key>,
    pub(crate) answers: Vec<NamedAnswer>,
    pub(crate) audit: Vec<Entry>,
}

/// An answer, and under which name it is remembered.
#[derive(Clone)]
pub(crate) struct NamedAnswer {
    pub(crate) actor: String,
    pub(crate) name: String,
    pub(crate) answer: Answer,
}

impl Rows {
    pub(super) fn is_empty(&self) -> bool {
        self.keys.is_empty() && self.answers.is_empty() && self.audit.is_empty()
    }

    pub(super) fn has_key(&self, id: KeyId) -> bool {
        self.keys.iter().any(|key| key.id == id)
    }

    pub(super) fn has_answer(&self, actor: &str, name: &str) -> bool {
        self.answers.iter().any(|row| row.actor == actor && row.name == name)
    }
}

/// Before this, answers are forgotten when the last of these is added. `None` if there are none.
pub(crate) fn forgotten_before(answers: &[&NamedAnswer]) -> Option<Timestamp> {
    let newest = answers.iter().map(|row| row.answer.at).max();
    newest.map(|at| at.plus_secs(-REMEMBERED_SECS))
}
