//! Rules 1 and 6: a change, and when its receipt is given.

use crate::fault::Fault;
use crate::model::Protocol;
use crate::state::{Change, Phase, State};

pub(crate) fn roll_back(change: &mut Change) -> Option<()> {
    (change.phase == Phase::Locked).then(|| change.phase = Phase::Open)
}

pub(crate) fn commit(change: &mut Change) -> Option<()> {
    (change.phase == Phase::Locked).then(|| change.phase = Phase::Committed)
}

/// A row needs nothing more when it has reported the revision, or is not there: an instance that joins after the
/// commit gets a head with the revision.
fn is_done(reported: Option<u8>, change: usize) -> bool {
    reported.is_none_or(|reported| usize::from(reported) > change)
}

impl Protocol {
    /// How long a waiter waits.
    pub(crate) fn wait(&self) -> u8 {
        match self.fault {
            Some(Fault::ShortWait) => self.bounds.lease - 1,
            Some(Fault::NoMarginInWait) => self.bounds.lease,
            _ => self.bounds.lease + self.bounds.margin,
        }
    }

    pub(crate) fn lock(&self, state: &mut State, change: usize) -> Option<()> {
        let is_next = usize::from(state.head()) == change && state.changes[change].phase == Phase::Open;
        let is_free = !state.is_granting() || self.has(Fault::NoExclusion);
        (is_next && is_free).then(|| state.changes[change].phase = Phase::Locked)
    }

    pub(crate) fn start_waiting(&self, state: &mut State, change: usize) -> Option<()> {
        let needed = if self.has(Fault::EarlyClock) { Phase::Open } else { Phase::Committed };
        let change = &mut state.changes[change];
        (change.phase == needed && change.waited.is_none()).then(|| change.waited = Some(0))
    }

    pub(crate) fn read(&self, state: &mut State, change: usize, i: usize) -> Option<()> {
        self.is_reading(state.changes[change]).then_some(())?;
        let instance = &mut state.instances[i];
        is_done(instance.row.map(|row| row.reported), change).then(|| instance.is_read[change] = true)
    }

    pub(crate) fn read_old(&self, state: &mut State, change: usize, row: usize) -> Option<()> {
        self.is_reading(state.changes[change]).then_some(())?;
        let row = state.old_rows[row].as_mut()?;
        is_done(Some(row.reported), change).then(|| row.is_read[change] = true)
    }

    /// The rows are read one at a time, in any order; one statement that reads all of them is one of the orders.
    fn is_reading(&self, change: Change) -> bool {
        match change.phase {
            Phase::Open | Phase::Locked => self.has(Fault::EarlyReading),
            Phase::Committed => change.waited.is_some(),
            Phase::Given => false,
        }
    }

    pub(crate) fn give_receipt(&self, state: &mut State, change: usize) -> Option<()> {
        let Change { phase: Phase::Committed, waited: Some(waited) } = state.changes[change] else {
            return None;
        };
        (state.all_read(self.bounds.instances, change) || waited >= self.wait()).then_some(())?;
        state.changes[change] = Change { phase: Phase::Given, waited: None };
        // Nobody looks at these any more.
        state.instances.iter_mut().for_each(|instance| instance.is_read[change] = false);
        state.old_rows.iter_mut().flatten().for_each(|row| row.is_read[change] = false);
        Some(())
    }
}
