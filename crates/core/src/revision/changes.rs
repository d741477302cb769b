//! A piece of the log.

use super::{Change, Revision, Swept};
use crate::store_error::StoreResult;
use std::fmt;

/// A piece of the log. Its changes are decoded when they are asked for: meanwhile, the next piece can be on its way.
pub struct Changes {
    /// The newest revision there was when this was read.
    pub head: Revision,
    /// The revision of the newest change in this piece.
    pub last: Option<Revision>,
    /// Whether more follow before `head`.
    pub has_more: bool,
    /// What has left the log.
    pub swept: Swept,
    /// The changes after the revision asked for, oldest first.
    pub list: Encoded,
}

/// Changes with their revisions, oldest first.
type List = Vec<(Revision, Change)>;

/// Changes as the database gives them.
pub struct Encoded(Box<dyn FnOnce() -> StoreResult<List> + Send>);

impl Changes {
    /// The revision that whoever has applied this has reached.
    pub fn reached(&self) -> Revision {
        self.last.filter(|_| self.has_more).unwrap_or(self.head)
    }
}

impl Encoded {
    /// With what decodes them.
    pub fn new(decode: impl FnOnce() -> StoreResult<List> + Send + 'static) -> Self {
        Self(Box::new(decode))
    }

    /// The changes, oldest first.
    pub fn decode(self) -> StoreResult<List> {
        (self.0)()
    }
}

impl fmt::Debug for Changes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Changes").field("head", &self.head).field("last", &self.last).finish_non_exhaustive()
    }
}
