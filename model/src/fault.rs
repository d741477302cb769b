//! What can be built wrongly. The explorer must find a counterexample for each.

/// A deviation from ADR 0016.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// A grant counts although its head is not applied.
    NoHeadRule,
    /// The lease is counted from the moment when the answer arrives.
    LeaseFromAnswer,
    /// The waiter waits for less than a lease.
    ShortWait,
    /// The wait has no margin, while clocks run at different rates.
    NoMarginInWait,
    /// The clock of an instance does not count while its machine is suspended.
    StoppedClock,
    /// A grant does not lock the head: it can run beside a change.
    NoExclusion,
    /// A grant whose instance has no row renews the lease all the same.
    GrantWithoutRow,
    /// A report is made before the revision is applied.
    EarlyReport,
    /// The waiter uses a reading of the rows that began before the change.
    EarlyReading,
    /// The waiter reads its clock before the change has its lock.
    EarlyClock,
    /// A row is swept when it stood still for less than a lease.
    EarlySweep,
    /// A sweep has no margin, while clocks run at different rates.
    NoMarginInSweep,
    /// A sweep compares a time in the row with a wall clock, which can be anything.
    SweepByTimestamp,
    /// A sweep deletes without comparing the counter in the same statement.
    SweepWithoutCounter,
    /// An insert starts the counter again, so it can have a value that a watcher saw before.
    CounterStartsAgain,
    /// A watcher counts from before it read the counter.
    EarlyWatch,
    /// A check loads the snapshot first and looks at the lease afterwards.
    SnapshotFirst,
    /// The rows of the log and the head are read in two statements that see different moments.
    HeadAfterRows,
}

impl Fault {
    /// Every fault, in the order of the rules.
    pub const ALL: [Self; 18] = [
        Self::NoHeadRule,
        Self::LeaseFromAnswer,
        Self::NoExclusion,
        Self::GrantWithoutRow,
        Self::EarlyReport,
        Self::HeadAfterRows,
        Self::SnapshotFirst,
        Self::StoppedClock,
        Self::EarlyClock,
        Self::EarlyReading,
        Self::ShortWait,
        Self::NoMarginInWait,
        Self::EarlySweep,
        Self::NoMarginInSweep,
        Self::SweepByTimestamp,
        Self::EarlyWatch,
        Self::SweepWithoutCounter,
        Self::CounterStartsAgain,
    ];
}
