//! The lease of this instance: until when it may decide from memory (`docs/adr/0016-leases.md`).

use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::Duration;
use titan_core::time::{Moment, Uptime};

/// How long a lease is good, from before it was asked for.
pub(crate) const LEASE: Duration = Duration::from_secs(5);
/// For clocks that run at different rates, and for a pause that the uptime does not count.
pub(crate) const MARGIN: Duration = Duration::from_millis(500);
const MARGIN_MS: i64 = 500;
/// The lease of an instance that has the database for itself.
const ENDLESS: u64 = u64::MAX;

/// Until when the snapshot may decide. One task writes it, every request reads it.
#[derive(Default)]
pub(crate) struct Lease {
    /// The uptime in nanoseconds.
    good_until: AtomicU64,
    /// By how much the wall clock was ahead of the uptime when the lease was asked for.
    wall_ahead_ms: AtomicI64,
}

impl Lease {
    #[inline]
    pub(crate) fn is_good(&self, at: Moment) -> bool {
        let until = self.good_until.load(Ordering::Acquire);
        until == ENDLESS || (at.uptime.nanos() < until && !self.has_jumped(at))
    }

    /// Whether the machine was paused without the uptime counting it. A wall clock that was set forward looks the same.
    fn has_jumped(&self, at: Moment) -> bool {
        at.wall_ahead_ms().saturating_sub(self.wall_ahead_ms.load(Ordering::Acquire)) > MARGIN_MS
    }

    /// The lease that was asked for at this moment counts now.
    pub(crate) fn extend(&self, asked: Moment) {
        self.wall_ahead_ms.store(asked.wall_ahead_ms(), Ordering::Release);
        self.good_until.fetch_max(asked.uptime.plus(LEASE).nanos(), Ordering::Release);
    }

    /// Nobody else can change the database.
    pub(crate) fn make_endless(&self) {
        self.good_until.store(ENDLESS, Ordering::Release);
    }

    /// No lease any more.
    pub(crate) fn end(&self) {
        self.good_until.store(0, Ordering::Release);
    }

    /// How long it is still good: `None` without an end.
    pub(crate) fn rest(&self, now: Uptime) -> Option<Duration> {
        let until = self.good_until.load(Ordering::Acquire);
        (until != ENDLESS).then(|| Duration::from_nanos(until.saturating_sub(now.nanos())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use titan_core::time::Timestamp;

    fn at(uptime_ms: u64, wall_ms: i64) -> Moment {
        Moment { wall: Timestamp::from_ms(wall_ms), uptime: Uptime::new(Duration::from_millis(uptime_ms)) }
    }

    #[test]
    fn a_lease_is_good_from_before_it_was_asked_for() {
        let lease = Lease::default();
        assert!(!lease.is_good(at(1000, 1000)), "without a grant");
        lease.extend(at(1000, 1000));
        assert!(lease.is_good(at(5999, 5999)));
        assert!(!lease.is_good(at(6000, 6000)));
        lease.extend(at(3000, 3000));
        lease.extend(at(2000, 2000));
        assert!(lease.is_good(at(7999, 7999)), "an older grant takes nothing away");
        lease.end();
        assert!(!lease.is_good(at(3001, 3001)));
    }

    #[test]
    fn a_wall_clock_that_leaps_ahead_ends_the_lease_and_one_that_is_set_back_does_not() {
        let lease = Lease::default();
        lease.extend(at(1000, 50_000));
        assert!(lease.is_good(at(2000, 51_500)));
        assert!(!lease.is_good(at(2000, 51_501)));
        assert!(lease.is_good(at(2000, 10)));
        lease.extend(at(2000, 60_000));
        assert!(lease.is_good(at(2001, 60_001)), "the next grant counts from the new time");
    }

    #[test]
    fn an_endless_lease_is_good_at_any_time() {
        let lease = Lease::default();
        lease.make_endless();
        assert!(lease.is_good(at(u64::MAX / 2_000_000, i64::MAX)));
        assert_eq!(lease.rest(Uptime::default()), None);
    }
}
