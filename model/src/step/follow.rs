//! Rule 4: to apply, to report, and to start anew.

use crate::fault::Fault;
use crate::model::Protocol;
use crate::state::{Instance, OldRow, Past, State};
use crate::step::grant::drop_shorter;

impl Protocol {
    pub(crate) fn apply(&self, state: &mut State, i: usize) -> Option<()> {
        let head = state.head();
        let instance = &mut state.instances[i];
        (instance.applied < head).then_some(())?;
        // The grants that waited for this revision are good now.
        let ahead = &mut instance.ahead[usize::from(instance.applied)];
        instance.lease = instance.lease.max(std::mem::take(ahead));
        instance.applied += 1;
        if !self.has(Fault::HeadAfterRows) {
            instance.snapshot = instance.applied;
        }
        drop_shorter(instance);
        Some(())
    }

    pub(crate) fn read_log(&self, state: &mut State, i: usize) -> Option<()> {
        self.has(Fault::HeadAfterRows).then(|| state.instances[i].snapshot = state.head())
    }

    pub(crate) fn report(&self, state: &mut State, i: usize) -> Option<()> {
        let head = state.head();
        let instance = &mut state.instances[i];
        let row = instance.row.as_mut()?;
        row.reported = if self.has(Fault::EarlyReport) { head } else { instance.applied };
        Some(())
    }

    /// The row stays. The id is new, so nothing that is on its way reaches the new process.
    pub(crate) fn restart(&self, state: &mut State, i: usize) -> Option<()> {
        (state.restarts < self.bounds.restarts).then(|| state.restarts += 1)?;
        let Instance { row, is_read, .. } = state.instances[i];
        let free = state.old_rows.iter_mut().find(|old| old.is_none())?;
        *free = row.map(|row| OldRow { reported: row.reported, is_read });
        state.instances[i] = Instance { past: Past::Restarted, ..Instance::default() };
        Some(())
    }
}
