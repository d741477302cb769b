//! Points in time.

use std::fmt;
use std::time::Duration;

/// A day in seconds.
const DAY: i64 = 86_400;

/// Milliseconds since 1970, UTC. Prints as RFC 3339 in whole seconds with `Z`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(i64);

impl Timestamp {
    /// From milliseconds since 1970.
    pub const fn from_ms(ms: i64) -> Self {
        Self(ms)
    }

    /// From seconds since 1970.
    pub const fn from_secs(seconds: i64) -> Self {
        Self(seconds.saturating_mul(1000))
    }

    /// Milliseconds since 1970.
    pub const fn ms(self) -> i64 {
        self.0
    }

    /// Whole seconds since 1970, rounded down.
    pub const fn secs(self) -> i64 {
        self.0.div_euclid(1000)
    }

    /// Seconds in the form that a key contains. Times before 1970 become 0, and times after 2106 the largest value.
    pub fn secs_u32(self) -> u32 {
        u32::try_from(self.secs().max(0)).unwrap_or(u32::MAX)
    }

    /// The same second, without its fraction: what answers show.
    #[must_use]
    pub const fn whole_seconds(self) -> Self {
        Self::from_secs(self.secs())
    }

    /// So many seconds later.
    #[must_use]
    pub const fn plus_secs(self, seconds: i64) -> Self {
        Self(self.0.saturating_add(seconds.saturating_mul(1000)))
    }

    /// The day (UTC), by its number since 1970-01-01.
    pub fn day(self) -> u32 {
        u32::try_from(self.secs().div_euclid(DAY)).unwrap_or_default()
    }

    /// How many seconds are left of the day (UTC).
    pub fn secs_to_midnight(self) -> u32 {
        u32::try_from(DAY - self.secs().rem_euclid(DAY)).unwrap_or_default()
    }

    /// Reads RFC 3339, with any offset.
    pub fn parse(text: &str) -> Option<Self> {
        text.parse::<jiff::Timestamp>().ok().map(|t| Self(t.as_millisecond()))
    }

    /// As an HTTP date (RFC 9110, 5.6.7): `Sun, 06 Nov 1994 08:49:37 GMT`.
    pub fn http_date(self) -> String {
        self.calendar().strftime("%a, %d %b %Y %H:%M:%S GMT").to_string()
    }

    fn calendar(self) -> jiff::Timestamp {
        let end = if self.0 < 0 { jiff::Timestamp::MIN } else { jiff::Timestamp::MAX };
        jiff::Timestamp::from_second(self.secs()).unwrap_or(end)
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.0}", self.calendar())
    }
}

/// The time since the machine started, which also counts while it is suspended (`CLOCK_BOOTTIME`). Nobody can set it, so
/// leases are measured with it. It means nothing on another machine.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Uptime(Duration);

impl Uptime {
    /// So long after the start of the machine.
    pub const fn new(since_start: Duration) -> Self {
        Self(since_start)
    }

    /// So much later.
    #[must_use]
    pub fn plus(self, duration: Duration) -> Self {
        Self(self.0.saturating_add(duration))
    }

    /// How long after `earlier` this is; nothing if it is before.
    pub fn since(self, earlier: Self) -> Duration {
        self.0.saturating_sub(earlier.0)
    }

    /// Milliseconds.
    pub fn ms(self) -> u64 {
        u64::try_from(self.0.as_millis()).unwrap_or(u64::MAX)
    }

    /// Nanoseconds: enough for 584 years.
    pub fn nanos(self) -> u64 {
        u64::try_from(self.0.as_nanos()).unwrap_or(u64::MAX)
    }
}

/// One moment by both clocks.
#[derive(Clone, Copy, Debug)]
pub struct Moment {
    /// The time of day, which somebody can set.
    pub wall: Timestamp,
    /// The time since the machine started.
    pub uptime: Uptime,
}

impl Moment {
    /// The difference of the two clocks in milliseconds. It grows when the wall clock is set forward, and when the machine
    /// was paused in a way that the other clock does not count.
    pub fn wall_ahead_ms(self) -> i64 {
        self.wall.ms().saturating_sub(i64::try_from(self.uptime.0.as_millis()).unwrap_or(i64::MAX))
    }
}

/// The source of the current time. The program reads the system's clocks; tests set their own.
pub trait Clock: Send + Sync {
    /// Now.
    fn now(&self) -> Timestamp;

    /// The time since the machine started.
    fn uptime(&self) -> Uptime;

    /// Now, by both clocks.
    fn moment(&self) -> Moment {
        Moment { wall: self.now(), uptime: self.uptime() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prints_whole_seconds() {
        let t = Timestamp::from_ms(1_746_093_600_999);
        assert_eq!(t.to_string(), "2025-05-01T10:00:00Z");
        assert_eq!(t.http_date(), "Thu, 01 May 2025 10:00:00 GMT");
        assert_eq!(Timestamp::from_ms(-1).to_string(), "1969-12-31T23:59:59Z");
    }

    #[test]
    fn reads_what_it_prints() {
        let t = Timestamp::from_secs(1_746_093_600);
        assert_eq!(Timestamp::parse(&t.to_string()), Some(t));
        assert_eq!(Timestamp::parse("2025-05-01T12:00:00+02:00"), Some(t));
        assert_eq!(Timestamp::parse("2025-05-01"), None);
    }

    #[test]
    fn keys_cannot_outlive_their_four_bytes() {
        assert_eq!(Timestamp::from_secs(i64::MAX).secs_u32(), u32::MAX);
        assert_eq!(Timestamp::from_secs(-5).secs_u32(), 0);
    }
}
