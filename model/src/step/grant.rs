//! Rules 2 and 3: a grant, and when it counts.

use crate::fault::Fault;
use crate::model::Protocol;
use crate::state::{Instance, Request, Row, State};

pub(crate) fn ask(instance: &mut Instance) -> Option<()> {
    (instance.request == Request::None).then(|| instance.request = Request::Sent { age: 0 })
}

pub(crate) fn lose_request(instance: &mut Instance) -> Option<()> {
    matches!(instance.request, Request::Sent { .. }).then(|| instance.request = Request::None)
}

pub(crate) fn lose_answer(instance: &mut Instance) -> Option<()> {
    matches!(instance.request, Request::Answered { .. }).then(|| instance.request = Request::None)
}

impl Protocol {
    pub(crate) fn run_grant(&self, state: &mut State, i: usize) -> Option<()> {
        let Request::Sent { age } = state.instances[i].request else { return None };
        (!state.is_locked() || self.has(Fault::NoExclusion)).then_some(())?;
        state.instances[i].request = Request::Running { age, head: state.head() };
        Some(())
    }

    pub(crate) fn commit_grant(&self, instance: &mut Instance) -> Option<()> {
        let Request::Running { age, head } = instance.request else { return None };
        instance.request = Request::Answered { age, head };
        match &mut instance.row {
            Some(row) => row.is_first = false,
            None if self.has(Fault::GrantWithoutRow) => {}
            None => self.insert(instance),
        }
        self.look_again(instance);
        Some(())
    }

    fn insert(&self, instance: &mut Instance) {
        let is_first = self.has(Fault::CounterStartsAgain);
        instance.row = Some(Row { reported: instance.applied, is_first });
    }

    pub(crate) fn take_answer(&self, instance: &mut Instance) -> Option<()> {
        let Request::Answered { age, head } = instance.request else { return None };
        let left = if self.has(Fault::LeaseFromAnswer) { self.bounds.lease } else { self.bounds.lease - age };
        instance.request = Request::None;
        if head <= instance.applied || self.has(Fault::NoHeadRule) {
            instance.lease = instance.lease.max(left);
        } else {
            let ahead = &mut instance.ahead[usize::from(head) - 1];
            *ahead = left.max(*ahead);
        }
        drop_shorter(instance);
        Some(())
    }
}

/// A grant that waits for its head is worth nothing while one that needs less lasts as long.
pub(crate) fn drop_shorter(instance: &mut Instance) {
    let mut longest = instance.lease;
    for left in &mut instance.ahead {
        if *left <= longest {
            *left = 0;
        }
        longest = longest.max(*left);
    }
}
