//! Faults on purpose, for the fault test in `fault/`: with the feature `fault`, which no release has.
//!
//! `TITAN_FAULT` names a file. Its first word is by how many milliseconds the wall clock is off; it is read again and
//! again, so the clock can be set while the program runs. Each further word breaks the protocol of leases in one way,
//! from the start of the program.

use std::time::Duration;

/// What can be broken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Break {
    /// A grant counts before its head is applied.
    HeadRuleOff,
    /// A lease counts from when it was answered.
    LeaseFromAnswer,
    /// A change does not wait until the leases from before it have ended.
    ShortWait,
    /// An instance is taken for dead while its lease is still good.
    EarlySweep,
}

/// How long a change waits for the leases from before it.
pub(crate) fn wait(full: Duration) -> Duration {
    if is_on(Break::ShortWait) { full / 2 } else { full }
}

/// For how long an instance that is dead has not renewed its lease.
pub(crate) fn silence(full: Duration) -> Duration {
    if is_on(Break::EarlySweep) { full / 4 } else { full }
}

#[cfg(not(feature = "fault"))]
mod none {
    /// There is no such variable.
    pub const VARIABLE: Option<&str> = None;

    pub(crate) const fn is_on(_: super::Break) -> bool {
        false
    }

    /// The wall clock is right.
    pub const fn wall_offset_ms() -> i64 {
        0
    }
}
#[cfg(not(feature = "fault"))]
pub(crate) use none::is_on;
#[cfg(not(feature = "fault"))]
pub use none::{VARIABLE, wall_offset_ms};

#[cfg(feature = "fault")]
mod some;
#[cfg(feature = "fault")]
pub(crate) use some::is_on;
#[cfg(feature = "fault")]
pub use some::{VARIABLE, wall_offset_ms};
