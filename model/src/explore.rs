//! What is explored, and what came out.

use stateright::{Checker, HasDiscoveries, Model, Property};

use crate::action::Action;
use crate::bounds::{Bounds, DEEP_WORLDS, FAULTY_WORLD, WORLDS};
use crate::fault::Fault;
use crate::model::Protocol;

/// One world, as specified or with a fault.
#[derive(Clone, Copy, Debug)]
pub struct Case {
    /// The size of the world.
    pub bounds: Bounds,
    /// What is built wrongly.
    pub fault: Option<Fault>,
}

/// What came out.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// Different states that were explored.
    pub states: usize,
    /// The shortest way to a state in which something does not hold that must.
    pub counterexample: Option<Vec<Action>>,
    /// What must be possible, and is not in what was explored.
    pub missing: Vec<&'static str>,
}

impl Case {
    /// The protocol as specified, in worlds that take seconds.
    pub fn specified() -> Vec<Self> {
        WORLDS.map(|bounds| Self { bounds, fault: None }).to_vec()
    }

    /// The same in worlds that take minutes.
    pub fn deep() -> Vec<Self> {
        DEEP_WORLDS.map(|bounds| Self { bounds, fault: None }).to_vec()
    }

    /// Each fault.
    pub fn faulty() -> Vec<Self> {
        Fault::ALL.map(Self::with).to_vec()
    }

    fn with(fault: Fault) -> Self {
        let has_slow_checks = fault == Fault::SnapshotFirst;
        Self { bounds: Bounds { has_slow_checks, ..FAULTY_WORLD }, fault: Some(fault) }
    }

    /// How it is called in the table.
    pub fn name(&self) -> String {
        self.fault.map_or_else(|| self.bounds.name.to_owned(), |fault| format!("{fault:?}"))
    }

    /// Explores it, until something does not hold. One thread goes breadth-first, so a counterexample is a shortest
    /// one, and each run finds the same.
    pub fn explore(&self) -> Outcome {
        let model = Protocol::new(self.bounds, self.fault);
        let (invariants, examples): (Vec<_>, Vec<_>) = model.properties().into_iter().partition(is_invariant);
        let checker = model.checker().finish_when(HasDiscoveries::AnyFailures).spawn_bfs().join();
        let mut found = checker.discoveries();
        let missing =
            examples.iter().map(|example| example.name).filter(|name| !found.contains_key(name)).collect();
        let counterexample = invariants.iter().find_map(|invariant| found.remove(invariant.name));
        Outcome {
            states: checker.unique_state_count(),
            counterexample: counterexample.map(stateright::Path::into_actions),
            missing,
        }
    }
}

fn is_invariant(property: &Property<Protocol>) -> bool {
    property.expectation.discovery_is_failure()
}

impl Outcome {
    /// The protocol as specified holds and is not empty; a fault is caught.
    pub fn is_as_expected(&self, case: &Case) -> bool {
        match case.fault {
            None => self.counterexample.is_none() && self.missing.is_empty(),
            Some(_) => self.counterexample.is_some(),
        }
    }
}
