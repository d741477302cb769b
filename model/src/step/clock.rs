//! Time. The waiters and watchers are taken to have the fastest clock of all; that of an instance can fall behind it,
//! which makes its lease last longer. A waiter or watcher with a slower clock acts later, and that is in the model
//! anyhow, because no step has to come.

use crate::fault::Fault;
use crate::model::Protocol;
use crate::state::{Instance, MOST_REVISIONS, Request, State};

impl Protocol {
    pub(crate) fn tick(&self, state: &mut State, late: Option<usize>) -> Option<()> {
        self.fall_behind(state, late)?;
        for (i, instance) in state.instances.iter_mut().enumerate() {
            self.tick_watch(instance);
            if Some(i) != late {
                self.tick_instance(instance);
            }
        }
        for change in &mut state.changes {
            change.waited = change.waited.map(|waited| (waited + 1).min(self.wait()));
        }
        Some(())
    }

    /// When a clock has fallen behind, all are steady for a lease. So one falls behind by a tick at most while a lease
    /// and a margin pass.
    fn fall_behind(&self, state: &mut State, late: Option<usize>) -> Option<()> {
        let Some(i) = late else {
            state.steady = state.steady.saturating_sub(1);
            return Some(());
        };
        let Instance { lease, ahead, request, .. } = state.instances[i];
        let is_running = lease > 0 || ahead != [0; MOST_REVISIONS] || request != Request::None;
        (state.steady == 0 && is_running).then_some(())?;
        state.steady = if self.has(Fault::StoppedClock) { 0 } else { self.bounds.lease };
        Some(())
    }

    fn tick_watch(&self, instance: &mut Instance) {
        if let Some(watch) = &mut instance.watch {
            watch.still = (watch.still + 1).min(self.stillness());
        }
    }

    fn tick_instance(&self, instance: &mut Instance) {
        instance.lease = instance.lease.saturating_sub(1);
        instance.ahead = instance.ahead.map(|left| left.saturating_sub(1));
        self.age_request(&mut instance.request);
    }

    fn age_request(&self, request: &mut Request) {
        let lease = self.bounds.lease;
        match request {
            Request::None => {}
            Request::Sent { age } | Request::Running { age, .. } | Request::Answered { age, .. } => {
                *age = (*age + 1).min(lease);
            }
        }
        // The answer comes too late to give a lease.
        if matches!(request, Request::Answered { age, .. } if *age == lease)
            && !self.has(Fault::LeaseFromAnswer)
        {
            *request = Request::None;
        }
    }
}
