//! Failed attempts: whoever fails often waits for each further refusal (`docs/adr/0021-failed-attempts.md`).

use crate::source::Source;
use std::hash::{BuildHasher, RandomState};
use std::net::IpAddr;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use tokio::time::sleep;

/// Failures are counted by the minute.
const PERIOD_SECS: u64 = 60;
/// How long a refusal takes then.
const DELAY: Duration = Duration::from_secs(1);
/// No more refusals than this wait at a time: those beyond are answered at once, so that waiting takes little memory.
const MOST_WAITING: usize = 8192;
/// Sources that are counted at a time. Of two with the same place, the one that failed last is counted.
const PLACES: usize = 1 << 16;

const COUNT_BITS: u32 = 20;
const PERIOD_BITS: u32 = 16;

/// How often each source has failed in this minute.
pub(crate) struct Failures {
    /// So many are refused at full speed.
    free: Option<u32>,
    /// 28 bits of the source's hash, 16 of the minute, 20 of the count.
    places: Box<[AtomicU64]>,
    waiting: AtomicUsize,
    delayed: AtomicU64,
    crowded: AtomicU64,
    began: Instant,
    /// Nobody outside knows which sources share a place.
    hasher: RandomState,
}

/// A refusal that waits.
struct Waiting<'a>(&'a AtomicUsize);

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Failures {
    /// `free`: how many failures a minute have no delay; `None`: all.
    pub(crate) fn new(free: Option<u32>) -> Self {
        Self {
            free,
            places: (0..PLACES).map(|_| AtomicU64::new(0)).collect(),
            waiting: AtomicUsize::new(0),
            delayed: AtomicU64::new(0),
            crowded: AtomicU64::new(0),
            began: Instant::now(),
            hasher: RandomState::new(),
        }
    }

    /// Counts a failure of this address. If there were many, it takes a while.
    pub(crate) async fn count(&self, address: IpAddr) {
        let Some(free) = self.free else { return };
        if self.record(address, self.began.elapsed()) <= free {
            return;
        }
        if let Some(_waiting) = self.wait() {
            self.delayed.fetch_add(1, Ordering::Relaxed);
            sleep(DELAY).await;
        } else {
            self.crowded.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// How many refusals wait now.
    pub(crate) fn waiting(&self) -> usize {
        self.waiting.load(Ordering::Relaxed)
    }

    /// How many refusals waited since the start.
    pub(crate) fn delayed(&self) -> u64 {
        self.delayed.load(Ordering::Relaxed)
    }

    /// How many were answered at once because too many waited.
    pub(crate) fn crowded(&self) -> u64 {
        self.crowded.load(Ordering::Relaxed)
    }

    fn wait(&self) -> Option<Waiting<'_>> {
        let waiting = Waiting(&self.waiting);
        (self.waiting.fetch_add(1, Ordering::Relaxed) < MOST_WAITING).then_some(waiting)
    }

    /// How many failures of this source there are in this minute, with this one.
    fn record(&self, address: IpAddr, now: Duration) -> u32 {
        let hash = self.hasher.hash_one(Source::from(address));
        let period = (now.as_secs() / PERIOD_SECS) & ((1 << PERIOD_BITS) - 1);
        let mark = (hash >> (COUNT_BITS + PERIOD_BITS) << PERIOD_BITS | period) << COUNT_BITS;
        let most = (1_u64 << COUNT_BITS) - 1;
        let next = |word: u64| {
            if word & !most == mark { mark | (word & most).saturating_add(1).min(most) } else { mark | 1 }
        };
        let place = usize::try_from(hash).unwrap_or_default() % PLACES;
        let before =
            self.places[place].fetch_update(Ordering::Relaxed, Ordering::Relaxed, |word| Some(next(word)));
        u32::try_from(next(before.unwrap_or_default()) & most).unwrap_or(u32::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::{Ipv4Addr, Ipv6Addr};

    fn v4(n: u8) -> IpAddr {
        Ipv4Addr::new(10, 0, 0, n).into()
    }

    #[test]
    fn each_source_is_counted_by_itself_and_by_the_minute() {
        let failures = Failures::new(Some(3));
        let at = Duration::from_secs;
        assert_eq!([0, 10, 59].map(|secs| failures.record(v4(1), at(secs))), [1, 2, 3]);
        assert_eq!(failures.record(v4(2), at(59)), 1);
        assert_eq!(failures.record(v4(1), at(60)), 1, "a new minute");
        let v6 = |last| Ipv6Addr::new(0x2001, 0xdb8, 1, 2, 0, 0, 0, last).into();
        assert_eq!([1, 2, 3].map(|last| failures.record(v6(last), at(0))), [1, 2, 3], "a /64 is one source");
        let mapped = Ipv4Addr::new(10, 0, 0, 2).to_ipv6_mapped().into();
        assert_eq!(failures.record(mapped, at(59)), 2);
    }

    #[test]
    fn only_so_many_wait() {
        let failures = Failures::new(Some(0));
        let waiting: Vec<_> = (0..MOST_WAITING).map_while(|_| failures.wait()).collect();
        assert_eq!(waiting.len(), MOST_WAITING);
        assert!(failures.wait().is_none());
        drop(waiting);
        assert!(failures.wait().is_some());
    }
}
