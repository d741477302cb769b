//! Rule 5: a decision. It is two steps: it looks at the lease and then loads the snapshot, which may be later.

use crate::fault::Fault;
use crate::model::Protocol;
use crate::state::{Check, State};

impl Protocol {
    /// The second step can come at any time after this one, so no state is needed for it: what must hold is asked of
    /// each state from here on.
    pub(crate) fn begin_check(&self, state: &mut State, i: usize) -> Option<()> {
        self.bounds.has_slow_checks.then_some(())?;
        let must_have = state.given();
        let instance = &mut state.instances[i];
        let is_snapshot_first = self.has(Fault::SnapshotFirst);
        (instance.lease > 0 || is_snapshot_first).then_some(())?;
        let snapshot = is_snapshot_first.then_some(instance.snapshot);
        instance.check = Some(Check { must_have, snapshot });
        Some(())
    }
}
