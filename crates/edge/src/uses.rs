//! When keys were last used: recorded without a lock, written in batches.

use crossbeam_queue::ArrayQueue;
use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use titan_core::time::Timestamp;
use titan_token::KeyId;

/// A key that is used all the time is recorded once in this many seconds.
const RESOLUTION_SECS: i64 = 10;
/// Size of the table of recently used keys. The random bits of a key select its place.
const RECENT: usize = 1 << 14;
/// Uses that wait to be written. When the queue is full, a use is recorded at the key's next request instead.
const WAITING: usize = 1 << 16;

/// Uses between two writes.
pub(crate) struct Uses {
    recent: Box<[AtomicU64]>,
    waiting: ArrayQueue<(KeyId, Timestamp)>,
}

impl Uses {
    pub(crate) fn new() -> Self {
        let recent = (0..RECENT).map(|_| AtomicU64::new(0)).collect();
        Self { recent, waiting: ArrayQueue::new(WAITING) }
    }

    /// Records a use. If the key was recorded a moment ago, this costs one load, and the answer is false.
    pub(crate) fn record(&self, id: KeyId, now: Timestamp) -> bool {
        let (_, random) = id.uuid().halves();
        let place = usize::try_from(random >> 40).unwrap_or_default() % RECENT;
        let moment = u64::try_from(now.secs().div_euclid(RESOLUTION_SECS)).unwrap_or_default();
        // 40 bits of the id and 24 of the time (5 years of tens of seconds) in one word.
        let mark = (random << 24) | (moment & 0x00ff_ffff);
        let is_new =
            self.recent[place].load(Ordering::Relaxed) != mark && self.waiting.push((id, now)).is_ok();
        if is_new {
            self.recent[place].store(mark, Ordering::Relaxed);
        }
        is_new
    }

    /// Whether the queue should be written soon, before it is full.
    pub(crate) fn is_pressing(&self) -> bool {
        self.waiting.len() > WAITING / 2
    }

    /// How many uses wait.
    pub(crate) fn waiting(&self) -> usize {
        self.waiting.len()
    }

    /// Empties the queue and returns the newest use of each key.
    pub(crate) fn take(&self) -> Vec<(KeyId, Timestamp)> {
        let mut newest = HashMap::new();
        for _ in 0..WAITING {
            let Some((id, at)) = self.waiting.pop() else { break };
            let last = newest.entry(id).or_insert(at);
            *last = at.max(*last);
        }
        newest.into_iter().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use titan_token::Uuid;

    fn id(n: u8) -> KeyId {
        KeyId::new(Uuid::v7(1, [n; 10]))
    }

    #[test]
    fn a_busy_key_is_recorded_once_in_a_while_and_each_key_by_itself() {
        let uses = Uses::new();
        let at = |secs: i64| Timestamp::from_secs(1_800_000_000 + secs);
        for secs in 0..10 {
            uses.record(id(1), at(secs));
        }
        uses.record(id(2), at(3));
        let mut taken = uses.take();
        taken.sort();
        assert_eq!(taken, [(id(1), at(0)), (id(2), at(3))]);
        uses.record(id(1), at(11));
        assert_eq!(uses.take(), [(id(1), at(11))]);
        assert_eq!(uses.take(), []);
    }

    #[test]
    fn a_full_queue_forgets_nothing_for_good() {
        let uses = Uses::new();
        let now = Timestamp::from_secs(1_800_000_000);
        let numbered = |n: u32| {
            let [a, b, c, d] = n.to_be_bytes();
            KeyId::new(Uuid::v7(1, [0, 0, 0, 0, 0, 0, a, b, c, d]))
        };
        for n in 0..70_000 {
            uses.record(numbered(n), now);
        }
        assert!(uses.is_pressing());
        assert_eq!(uses.take().len(), WAITING);
        uses.record(numbered(69_999), now);
        assert_eq!(uses.take(), [(numbered(69_999), now)]);
    }
}
