//! One moment of the modelled world.

use std::hash::{Hash, Hasher};

/// The arrays of a state have room for this many instances.
pub const MOST_INSTANCES: usize = 3;
/// The arrays of a state have room for this many changes.
pub const MOST_REVISIONS: usize = 2;
/// The arrays of a state have room for this many restarts.
pub const MOST_RESTARTS: usize = 2;

/// One moment: the instances with their rows, the rows of ids that run no more, and the changes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct State {
    /// The instances; one that is stopped or cut off is one whose steps do not come.
    pub instances: [Instance; MOST_INSTANCES],
    /// The rows that restarted instances left behind.
    pub old_rows: [Option<OldRow>; MOST_RESTARTS],
    /// The changes, by revision - 1.
    pub changes: [Change; MOST_REVISIONS],
    /// Restarts until now.
    pub restarts: u8,
    /// Ticks until a clock may fall behind again.
    pub steady: u8,
}

/// A process, with what others hold about it: its row, who watches it, and which waiters are done with it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Instance {
    /// The revision that its snapshot has.
    pub snapshot: u8,
    /// The revision that it takes its snapshot to have: the same, but in [`crate::Fault::HeadAfterRows`].
    pub applied: u8,
    /// How long its lease is still good, on its own clock.
    pub lease: u8,
    /// The same for grants whose head it has not applied yet, by head - 1.
    pub ahead: [u8; MOST_REVISIONS],
    /// The grant that it asked for.
    pub request: Request,
    /// Its row in the database.
    pub row: Option<Row>,
    /// What a watcher knows about the row.
    pub watch: Option<Watch>,
    /// The waiters, by revision - 1, that need nothing more from this row.
    pub is_read: [bool; MOST_REVISIONS],
    /// What happened to it.
    pub past: Past,
    /// A check that it has begun.
    pub check: Option<Check>,
}

/// What happened to an instance; only the examples look at it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Past {
    /// Nothing.
    #[default]
    Plain,
    /// Its row was swept.
    Swept,
    /// It was restarted, and has a new id.
    Restarted,
}

/// A request for a grant. The age counts from before it was sent, on the clock of the instance.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Request {
    /// None is on its way.
    #[default]
    None,
    /// It is on its way to the database.
    Sent {
        /// Ticks since before it was sent.
        age: u8,
    },
    /// It has read the head and holds the shared lock; what it writes is not visible yet.
    Running {
        /// Ticks since before it was sent.
        age: u8,
        /// The head that it read.
        head: u8,
    },
    /// It was committed, and the answer is on its way.
    Answered {
        /// Ticks since before it was sent.
        age: u8,
        /// The head that it read.
        head: u8,
    },
}

/// The row of an instance. The counter itself is not kept: a watch is told when it moves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Row {
    /// The revision that the instance has reported.
    pub reported: u8,
    /// The counter has the value of an insert; kept only for [`crate::Fault::CounterStartsAgain`].
    pub is_first: bool,
}

/// A row whose instance runs no more under this id. Its counter never moves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OldRow {
    /// The last revision that was reported.
    pub reported: u8,
    /// The waiters that need nothing more from it.
    pub is_read: [bool; MOST_REVISIONS],
}

/// What a watcher knows about a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Watch {
    /// How long the counter has stood still, on the clock of the watcher.
    pub still: u8,
    /// What it saw.
    pub seen: Seen,
}

/// What a watcher saw of a counter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Seen {
    /// The value that the counter has now.
    Current,
    /// The same, and it is the value of an insert: only in [`crate::Fault::CounterStartsAgain`].
    First,
    /// Enough to delete the row whatever the counter says: only in [`crate::Fault::SweepWithoutCounter`].
    Enough,
}

/// A check in an instance, between its two steps.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Check {
    /// The newest revision whose receipt was given when the check began.
    pub must_have: u8,
    /// The revision of the snapshot, when it was loaded first: only in [`crate::Fault::SnapshotFirst`].
    pub snapshot: Option<u8>,
}

/// A change and its waiter.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Change {
    /// How far it is.
    pub phase: Phase,
    /// Ticks since the waiter read its clock.
    pub waited: Option<u8>,
}

/// How far a change is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Phase {
    /// Not begun, or rolled back.
    #[default]
    Open,
    /// Its transaction holds the exclusive lock of the head.
    Locked,
    /// Committed; the waiter waits, or was lost with its instance.
    Committed,
    /// The receipt was given.
    Given,
}

impl State {
    /// The newest committed revision.
    pub fn head(&self) -> u8 {
        self.newest(Phase::Committed)
    }

    /// The newest revision whose receipt was given.
    pub fn given(&self) -> u8 {
        self.newest(Phase::Given)
    }

    fn newest(&self, phase: Phase) -> u8 {
        let revisions = (1..).zip(&self.changes);
        revisions.filter(|(_, change)| change.phase >= phase).map(|(revision, _)| revision).max().unwrap_or(0)
    }

    /// A change holds the exclusive lock of the head.
    pub fn is_locked(&self) -> bool {
        self.changes.iter().any(|change| change.phase == Phase::Locked)
    }

    /// A grant holds the shared lock of the head.
    pub fn is_granting(&self) -> bool {
        self.instances.iter().any(|instance| matches!(instance.request, Request::Running { .. }))
    }

    /// The waiter of a change needs nothing more from any row.
    pub fn all_read(&self, instances: usize, change: usize) -> bool {
        self.instances.iter().take(instances).all(|instance| instance.is_read[change])
            && self.old_rows.iter().flatten().all(|row| row.is_read[change])
    }
}

/// Instances have no order, nor have the rows that were left behind: states that differ in it are explored once. The
/// explorer knows a state by its hash alone, so the hash is where the order is taken out.
impl Hash for State {
    fn hash<H: Hasher>(&self, hasher: &mut H) {
        let mut sorted = *self;
        sorted.instances.sort_unstable();
        sorted.old_rows.sort_unstable();
        (sorted.instances, sorted.old_rows, sorted.changes, sorted.restarts, sorted.steady).hash(hasher);
    }
}
