//! Which rows of the audit log somebody wants to see.

use super::Row;
use crate::time::Timestamp;

/// A place in the list. It is sorted by time, and within a millisecond by number, the newest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    /// The time of a row.
    pub at: Timestamp,
    /// Its number.
    pub sequence: i64,
}

/// Rows that match all of these. `None` does not restrict.
#[derive(Clone, Debug, Default)]
pub struct AuditFilter {
    /// By this actor: `master`, `system`, or the id of a key or a user.
    pub actor: Option<String>,
    /// This action, for example `key.update`.
    pub action: Option<String>,
    /// Of what has this id.
    pub subject: Option<String>,
    /// At or after this time.
    pub since: Option<Timestamp>,
    /// Before this time.
    pub until: Option<Timestamp>,
    /// After the row at this place in the list.
    pub after: Option<Position>,
    /// So many.
    pub limit: u32,
}

impl Row {
    /// Its place in the list. Nothing else is ever written into the first field than a number.
    pub fn position(&self) -> Position {
        let at = Timestamp::from_ms(self.fields[0].parse().unwrap_or_default());
        Position { at, sequence: self.sequence }
    }
}
