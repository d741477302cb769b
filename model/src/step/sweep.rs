//! Rule 7: to delete the row of an instance that does not renew.

use crate::fault::Fault;
use crate::model::Protocol;
use crate::state::{Instance, OldRow, Past, Seen, Watch};

impl Protocol {
    /// How long a watcher must see a counter stand still.
    pub(crate) fn stillness(&self) -> u8 {
        match self.fault {
            Some(Fault::EarlySweep) => self.bounds.lease - 1,
            Some(Fault::NoMarginInSweep) => self.bounds.lease,
            _ => self.bounds.lease + self.bounds.margin,
        }
    }

    /// The counter has moved, and somebody looks at once. Who looks later deletes later, and that is in the model anyhow,
    /// because no step has to come.
    pub(crate) fn look_again(&self, instance: &mut Instance) {
        let Some(row) = instance.row.filter(|_| self.bounds.has_sweeps) else { return };
        let seen = if row.is_first { Seen::First } else { Seen::Current };
        let still = match instance.watch {
            // To the watcher the counter is where it was.
            Some(watch) if watch.seen == Seen::Enough || watch.seen == Seen::First && row.is_first => return,
            Some(watch) if self.has(Fault::EarlyWatch) => watch.still,
            _ => 0,
        };
        instance.watch = Some(Watch { still, seen });
    }

    pub(crate) fn condemn(&self, instance: &mut Instance) -> Option<()> {
        let watch = instance.watch.as_mut().filter(|_| self.has(Fault::SweepWithoutCounter))?;
        (watch.still >= self.stillness()).then(|| watch.seen = Seen::Enough)
    }

    /// One statement compares the counter with the one seen and deletes. It may be sent twice, when its answer is lost.
    pub(crate) fn sweep(&self, instance: &mut Instance) -> Option<()> {
        instance.row.filter(|_| self.bounds.has_sweeps && self.may_sweep(instance.watch))?;
        instance.row = None;
        instance.watch = instance.watch.filter(|watch| watch.seen == Seen::First);
        if self.bounds.notes_sweeps {
            instance.past = Past::Swept;
        }
        Some(())
    }

    /// Its counter stands still for ever, and no process has a lease from it: to take it away at any time is more than
    /// the protocol does.
    pub(crate) fn sweep_old(&self, row: &mut Option<OldRow>) -> Option<()> {
        self.bounds.has_sweeps.then(|| row.take()).flatten().map(drop)
    }

    fn may_sweep(&self, watch: Option<Watch>) -> bool {
        if self.has(Fault::SweepByTimestamp) {
            return true;
        }
        watch.is_some_and(|watch| watch.seen == Seen::Enough || watch.still >= self.stillness())
    }
}
