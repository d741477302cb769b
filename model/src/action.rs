//! The steps that something can take.

use crate::bounds::Bounds;

/// One step. All steps are atomic, and none has to come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// All clocks go on by a tick, except that of an instance that falls behind.
    Tick(Option<usize>),
    /// An instance reads its clock and asks for a grant.
    Ask(usize),
    /// The request is lost before it reaches the database.
    LoseRequest(usize),
    /// The grant gets the shared lock and reads the head.
    RunGrant(usize),
    /// The grant commits: its row is visible, and the lock is free.
    CommitGrant(usize),
    /// The answer arrives.
    TakeAnswer(usize),
    /// The answer is lost.
    LoseAnswer(usize),
    /// An instance reads the rows of the log without the head; only in a fault.
    ReadLog(usize),
    /// An instance applies the next revision.
    Apply(usize),
    /// It reports what it has applied.
    Report(usize),
    /// It ends, and starts with a new id and without memory.
    Restart(usize),
    /// It begins a check.
    BeginCheck(usize),
    /// A watcher makes up its mind to delete the row of an instance; only in a fault.
    Condemn(usize),
    /// The row of an instance is deleted.
    Sweep(usize),
    /// A row that was left behind is deleted.
    SweepOld(usize),
    /// A change gets the exclusive lock.
    Lock(usize),
    /// Its transaction ends without a commit.
    RollBack(usize),
    /// It commits.
    Commit(usize),
    /// The waiter of a change reads its clock.
    StartWaiting(usize),
    /// The waiter of a change reads the row of an instance.
    Read(usize, usize),
    /// The waiter of a change reads a row that was left behind.
    ReadOld(usize, usize),
    /// The waiter gives the receipt.
    GiveReceipt(usize),
}

impl Action {
    /// Every step in a world of this size, whether it is possible at the moment or not.
    pub fn all(bounds: &Bounds) -> Vec<Self> {
        let mut all = ticks(bounds);
        all.extend((0..bounds.instances).flat_map(of_instance));
        all.extend((0..usize::from(bounds.restarts)).map(Self::SweepOld));
        all.extend((0..bounds.revisions).flat_map(|change| of_change(bounds, change)));
        all
    }
}

fn ticks(bounds: &Bounds) -> Vec<Action> {
    let slow = if bounds.is_drifting { bounds.instances } else { 0 };
    std::iter::once(None).chain((0..slow).map(Some)).map(Action::Tick).collect()
}

fn of_instance(instance: usize) -> [Action; 13] {
    [
        Action::Ask,
        Action::LoseRequest,
        Action::RunGrant,
        Action::CommitGrant,
        Action::TakeAnswer,
        Action::LoseAnswer,
        Action::ReadLog,
        Action::Apply,
        Action::Report,
        Action::Restart,
        Action::BeginCheck,
        Action::Condemn,
        Action::Sweep,
    ]
    .map(|action| action(instance))
}

fn of_change(bounds: &Bounds, change: usize) -> Vec<Action> {
    let mut steps =
        [Action::Lock, Action::RollBack, Action::Commit, Action::StartWaiting, Action::GiveReceipt]
            .map(|action| action(change))
            .to_vec();
    steps.extend((0..bounds.instances).map(|instance| Action::Read(change, instance)));
    steps.extend((0..usize::from(bounds.restarts)).map(|row| Action::ReadOld(change, row)));
    steps
}
