//! What the explorer is given: the steps, and what must hold.

use stateright::{Model, Property};

use crate::action::Action;
use crate::bounds::Bounds;
use crate::fault::Fault;
use crate::state::{Instance, MOST_REVISIONS, Past, Request, State};

/// The name of what must always hold.
pub const SAFE: &str = "no instance decides from memory without a change whose receipt was given";

/// The protocol of ADR 0016 in a world of some size, as specified or with a fault.
#[derive(Clone, Debug)]
pub struct Protocol {
    /// The size of the world.
    pub bounds: Bounds,
    /// What is built wrongly.
    pub fault: Option<Fault>,
    steps: Vec<Action>,
}

impl Protocol {
    /// A protocol to explore.
    pub fn new(bounds: Bounds, fault: Option<Fault>) -> Self {
        Self { bounds, fault, steps: Action::all(&bounds) }
    }

    pub(crate) fn has(&self, fault: Fault) -> bool {
        self.fault == Some(fault)
    }
}

impl Model for Protocol {
    type State = State;
    type Action = Action;

    fn init_states(&self) -> Vec<State> {
        vec![State::default()]
    }

    fn actions(&self, _: &State, actions: &mut Vec<Action>) {
        actions.extend_from_slice(&self.steps);
    }

    fn next_state(&self, last: &State, action: Action) -> Option<State> {
        let mut next = *last;
        self.step(&mut next, action)?;
        (next != *last).then_some(next)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        let mut properties = vec![
            Property::always(SAFE, |_, state| is_safe(state)),
            Property::always("a check that was begun decides with them too", |_, state| {
                are_checks_safe(state)
            }),
            Property::always(
                "the database knows every change whose receipt was given",
                |_, state: &State| state.given() <= state.head(),
            ),
        ];
        properties.extend(self.examples());
        properties
    }
}

impl Protocol {
    /// What must be possible, or the rest would hold for nothing.
    fn examples(&self) -> Vec<Property<Self>> {
        let mut examples = vec![
            Property::sometimes("a receipt because all have reported", ends_by_reports),
            Property::sometimes("a receipt because a lease has passed", ends_by_lapse),
        ];
        // A newer grant that lasts longer needs two lengths of what is left.
        if self.bounds.lease > 1 {
            examples.push(Property::sometimes(
                "an older lease is good while a newer grant waits for its head",
                |_, state| has_older_lease(state),
            ));
        }
        if self.bounds.notes_sweeps {
            examples.push(Property::sometimes("a swept instance joins again", |_, state| {
                has_lease(state, Past::Swept)
            }));
        }
        if self.bounds.restarts > 0 {
            examples.push(Property::sometimes("a lease is good after a restart", |_, state| {
                has_lease(state, Past::Restarted)
            }));
        }
        examples
    }
}

fn is_safe(state: &State) -> bool {
    let given = state.given();
    state.instances.iter().all(|instance| instance.lease == 0 || instance.snapshot >= given)
}

/// A check whose lease was good decides with the snapshot of now, or with the one that it loaded.
fn are_checks_safe(state: &State) -> bool {
    state.instances.iter().all(|instance| {
        instance.check.is_none_or(|check| match check.snapshot {
            None => instance.snapshot >= check.must_have,
            Some(snapshot) => instance.lease == 0 || snapshot >= check.must_have,
        })
    })
}

/// The next step of a waiter can be the receipt, before a lease has passed, and each instance has reported.
fn ends_by_reports(protocol: &Protocol, state: &State) -> bool {
    let instances = protocol.bounds.instances;
    (0..protocol.bounds.revisions).any(|change| {
        let waited = state.changes[change].waited;
        state.all_read(instances, change)
            && waited.is_some_and(|waited| waited < protocol.wait())
            && state.instances.iter().take(instances).all(|instance| reported(instance, change) == Some(true))
    })
}

/// The next step of a waiter can be the receipt although an instance did not report.
fn ends_by_lapse(protocol: &Protocol, state: &State) -> bool {
    (0..protocol.bounds.revisions).any(|change| {
        let is_over = state.changes[change].waited.is_some_and(|waited| waited >= protocol.wait());
        is_over && state.instances.iter().any(|instance| reported(instance, change) == Some(false))
    })
}

/// Whether the row of an instance, if there is one, reports a change.
fn reported(instance: &Instance, change: usize) -> Option<bool> {
    instance.row.map(|row| usize::from(row.reported) > change)
}

fn has_older_lease(state: &State) -> bool {
    state.instances.iter().any(|instance| instance.lease > 0 && instance.ahead != [0; MOST_REVISIONS])
}

fn has_lease(state: &State, past: Past) -> bool {
    state.instances.iter().any(|instance| {
        instance.past == past
            && instance.lease > 0
            && instance.row.is_some()
            && instance.request == Request::None
    })
}
