//! How large the modelled world is.

/// The size of the world. Times are in ticks. There is no horizon: every timer stops at the value from which on it
/// changes nothing more, so a finite number of states covers runs of any length.
#[derive(Clone, Copy, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is a part of the world that can be left out")]
pub struct Bounds {
    /// How it is called in the table.
    pub name: &'static str,
    /// Instances that run at the same time.
    pub instances: usize,
    /// Changes that are made, one after the other; their waiters may overlap.
    pub revisions: usize,
    /// Restarts, of all instances together.
    pub restarts: u8,
    /// L: how long a lease is good, on the clock of its instance.
    pub lease: u8,
    /// M: what the waiter and the watcher wait longer, on their clocks.
    pub margin: u8,
    /// The clock of one instance at a time may fall behind, by one tick in every L + 1.
    pub is_drifting: bool,
    /// A check takes two steps: it looks at the lease, and it loads the snapshot.
    pub has_slow_checks: bool,
    /// Rows are swept.
    pub has_sweeps: bool,
    /// A state tells whose row was swept, for one of the examples.
    pub notes_sweeps: bool,
}

/// Two instances whose clocks have one rate. Then the protocol holds without a margin, and a margin only delays.
const TWO: Bounds = Bounds {
    name: "two instances",
    instances: 2,
    revisions: 1,
    restarts: 0,
    lease: 2,
    margin: 0,
    is_drifting: false,
    has_slow_checks: false,
    has_sweeps: true,
    notes_sweeps: false,
};

/// Worlds that are small enough for each test run.
pub(crate) const WORLDS: [Bounds; 6] = [
    Bounds { notes_sweeps: true, ..TWO },
    Bounds { name: "clocks that drift", is_drifting: true, margin: 1, ..TWO },
    Bounds { name: "a restart", restarts: 1, ..TWO },
    Bounds { name: "slow checks", has_slow_checks: true, ..TWO },
    Bounds { name: "two changes", revisions: 2, lease: 1, ..TWO },
    Bounds { name: "three instances", instances: 3, lease: 1, ..TWO },
];

/// Worlds that take minutes.
pub(crate) const DEEP_WORLDS: [Bounds; 6] = [
    Bounds { name: "clocks that drift, longer lease", is_drifting: true, lease: 3, margin: 1, ..TWO },
    Bounds { name: "clocks that drift, a restart", is_drifting: true, margin: 1, restarts: 1, ..TWO },
    Bounds { name: "two changes, longer lease", revisions: 2, ..TWO },
    Bounds { name: "two changes, a restart", revisions: 2, lease: 1, restarts: 1, ..TWO },
    Bounds { name: "three instances, longer lease", instances: 3, ..TWO },
    Bounds { name: "three instances, a restart", instances: 3, lease: 1, restarts: 1, ..TWO },
];

/// The world in which faults are looked for.
pub(crate) const FAULTY_WORLD: Bounds = Bounds { name: "with a fault", is_drifting: true, margin: 1, ..TWO };
