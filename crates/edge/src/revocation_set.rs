//! The revocation set: ids of revoked, disabled and retiring keys. It may hold ten million ids, and every request
//! looks one up.
//!
//! A filter with one word per bucket fits into the CPU cache and excludes almost every valid key. Only for the
//! others, a reader searches the buckets. A bucket has four 16-byte ids, which are one cache line. If it is full, an
//! id goes to the next one. One writer changes both in place while readers read: a reader sees an id or does not,
//! never half of one. An id takes 20 to 23 bytes (`docs/adr/0003`).

use crate::prefetch::prefetch;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use titan_token::KeyId;

const IN_LINE: usize = 8;
const IN_BUCKET: usize = IN_LINE / 2;
/// No id has these low halves: the top two bits of a UUIDv7's are `10`.
const EMPTY: u64 = 0;
const REMOVED: u64 = 1;
/// It grows when more than this part of its slots is used …
const MAX_LOAD: (usize, usize) = (9, 10);
/// … to this part.
const NEW_LOAD: (usize, usize) = (8, 10);
const FEWEST_BUCKETS: usize = 16;

/// One cache line: eight words of the filter, or a bucket of ids.
#[derive(Default)]
#[repr(align(64))]
struct Line([AtomicU64; IN_LINE]);

/// The high and the low half of an id.
type Slot = [AtomicU64; 2];

/// A set of key ids, read by many and written by one.
pub(crate) struct RevocationSet {
    /// First the filter: for each bucket a word with the [`marks`] of the ids whose home it is, including removed
    /// ids. Then the buckets. It is one allocation, so that growing leaves no small free blocks.
    lines: Box<[Line]>,
    bucket_count: usize,
    /// The number of ids that were ever added, including removed ones: their bits stay in the filter, and most of
    /// them keep a slot. So a set whose keys come and go is rebuilt from time to time.
    used: AtomicUsize,
    len: AtomicUsize,
}

impl RevocationSet {
    pub(crate) fn new() -> Self {
        Self::with_buckets(FEWEST_BUCKETS)
    }

    fn with_buckets(bucket_count: usize) -> Self {
        let lines = bucket_count.div_ceil(IN_LINE) + bucket_count;
        Self {
            lines: (0..lines).map(|_| Line::default()).collect(),
            bucket_count,
            used: AtomicUsize::new(0),
            len: AtomicUsize::new(0),
        }
    }

    /// Prefetches the word that `contains` will read.
    #[inline]
    pub(crate) fn prefetch(&self, id: KeyId) {
        if let Some(word) = self.word(halves(id).1) {
            prefetch(word);
        }
    }

    #[inline]
    pub(crate) fn contains(&self, id: KeyId) -> bool {
        let (high, low) = halves(id);
        self.may_contain(low) && self.find(high, low).is_some()
    }

    /// Never false for an id in the set; true for less than one in a hundred other ids.
    #[inline]
    fn may_contain(&self, low: u64) -> bool {
        let marks = marks(low);
        self.word(low).is_some_and(|word| word.load(Ordering::Acquire) & marks == marks)
    }

    fn find(&self, high: u64, low: u64) -> Option<&Slot> {
        self.slots_from(low)
            .map(|slot| (slot, slot[1].load(Ordering::Acquire)))
            .take_while(|(_, found)| *found != EMPTY)
            // The high half was written before the low one was published.
            .find(|(slot, found)| *found == low && slot[0].load(Ordering::Relaxed) == high)
            .map(|(slot, _)| slot)
    }

    /// The number of ids in the set.
    pub(crate) fn len(&self) -> usize {
        self.len.load(Ordering::Relaxed)
    }

    /// Whether this many more ids need a larger set.
    pub(crate) fn is_too_small_for(&self, more: usize) -> bool {
        self.used.load(Ordering::Relaxed) + more > self.bucket_count * IN_BUCKET * MAX_LOAD.0 / MAX_LOAD.1
    }

    /// A copy with space for this many more ids. `self` does not change, because readers may still use it.
    pub(crate) fn grown(&self, more: usize) -> Self {
        let slots = (self.len() + more) * NEW_LOAD.1 / NEW_LOAD.0;
        let larger = Self::with_buckets((slots / IN_BUCKET + 1).max(FEWEST_BUCKETS));
        for [high, low] in self.buckets().iter().flat_map(slots_of) {
            let low = low.load(Ordering::Acquire);
            if low != EMPTY && low != REMOVED {
                larger.put(high.load(Ordering::Relaxed), low);
            }
        }
        larger
    }

    /// Adds an id. Only the one writer may call this, and only if there is space.
    pub(crate) fn insert(&self, id: KeyId) {
        if !self.contains(id) {
            let (high, low) = halves(id);
            self.put(high, low);
        }
    }

    /// Removes an id. Only the one writer may call this.
    pub(crate) fn remove(&self, id: KeyId) {
        let (high, low) = halves(id);
        if let Some(slot) = self.find(high, low) {
            slot[1].store(REMOVED, Ordering::Release);
            self.len.fetch_sub(1, Ordering::Relaxed);
        }
    }

    fn put(&self, high: u64, low: u64) {
        let free = self.slots_from(low).find(|slot| slot[1].load(Ordering::Relaxed) <= REMOVED);
        if let Some((word, slot)) = self.word(low).zip(free) {
            slot[0].store(high, Ordering::Relaxed);
            slot[1].store(low, Ordering::Release);
            word.fetch_or(marks(low), Ordering::Release);
            self.used.fetch_add(1, Ordering::Relaxed);
            self.len.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Its word of the filter.
    #[inline]
    fn word(&self, low: u64) -> Option<&AtomicU64> {
        let home = self.home(low);
        self.lines.get(home / IN_LINE)?.0.get(home % IN_LINE)
    }

    fn buckets(&self) -> &[Line] {
        &self.lines[self.lines.len() - self.bucket_count..]
    }

    /// All slots, from an id's home on and around.
    fn slots_from(&self, low: u64) -> impl Iterator<Item = &Slot> {
        let (before, from) = self.buckets().split_at(self.home(low));
        from.iter().chain(before).flat_map(slots_of)
    }

    /// The number of an id's bucket, and of its word in the filter.
    ///
    /// Spreads the 62 random bits of the low half over the buckets (multiply and shift).
    fn home(&self, low: u64) -> usize {
        let count = u128::try_from(self.bucket_count).unwrap_or_default();
        usize::try_from((u128::from(low << 2) * count) >> 64).unwrap_or_default()
    }
}

fn slots_of(bucket: &Line) -> &[Slot] {
    bucket.0.as_chunks().0
}

/// Four bits of a word (or fewer, where two fall together), chosen by the 24 low bits of the id: `home` is
/// chosen by the high ones.
#[inline]
fn marks(low: u64) -> u64 {
    [0, 6, 12, 18].iter().fold(0, |marks, shift| marks | 1 << (low >> shift & 63))
}

fn halves(id: KeyId) -> (u64, u64) {
    id.uuid().halves()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::HashSet;
    use std::sync::Arc;
    use titan_token::Uuid;

    fn id(n: u64) -> KeyId {
        let mut random = [0; 10];
        random[2..].copy_from_slice(&n.wrapping_mul(0x9e37_79b9_7f4a_7c15).to_be_bytes());
        KeyId::new(Uuid::v7(n, random))
    }

    fn filled(ids: impl Iterator<Item = u64>) -> RevocationSet {
        ids.fold(RevocationSet::new(), |set, n| {
            let set = if set.is_too_small_for(1) { set.grown(1) } else { set };
            set.insert(id(n));
            set
        })
    }

    #[test]
    fn holds_what_was_put_in_and_nothing_else() {
        let set = filled(0..100_000);
        assert_eq!(set.len(), 100_000);
        assert!((0..100_000).all(|n| set.contains(id(n))));
        assert!(!(100_000..200_000).any(|n| set.contains(id(n))));
    }

    #[test]
    fn the_filter_lets_few_others_through() {
        let mut set = filled(0..100_000);
        // At its fullest.
        for n in 100_000.. {
            if set.is_too_small_for(1) {
                break;
            }
            set.insert(id(n));
        }
        let others = (1_000_000..1_100_000).filter(|n| set.may_contain(halves(id(*n)).1)).count();
        assert!(others < 1_000, "{others} in 100,000");
        set = set.grown(1);
        assert!((0..100_000).all(|n| set.contains(id(n))), "growing keeps the marks");
    }

    #[test]
    fn keys_that_come_and_go_do_not_fill_the_filter() {
        let mut set = RevocationSet::new();
        for n in 0..100_000 {
            if set.is_too_small_for(1) {
                set = set.grown(1);
            }
            set.insert(id(n));
            set.remove(id(n));
        }
        assert_eq!((set.len(), set.bucket_count), (0, FEWEST_BUCKETS));
        let others = (1_000_000..1_100_000).filter(|n| set.may_contain(halves(id(*n)).1)).count();
        assert!(others < 1_000, "{others} in 100,000");
    }

    #[test]
    fn an_id_takes_at_most_24_bytes() {
        let mut set = RevocationSet::new();
        for n in 0..200_000u64 {
            if set.is_too_small_for(1) {
                set = set.grown(1);
            }
            set.insert(id(n));
            if n > 1000 {
                assert!(size_of_val(&*set.lines) <= 24 * set.len() + 128, "{n}");
            }
        }
    }

    proptest! {
        #[test]
        fn is_a_set(steps in proptest::collection::vec((0u64..60, any::<bool>()), 0..400)) {
            let (mut set, mut model) = (RevocationSet::new(), HashSet::new());
            for (n, adds) in steps {
                if set.is_too_small_for(1) { set = set.grown(1); }
                if adds { set.insert(id(n)); model.insert(n); } else { set.remove(id(n)); model.remove(&n); }
            }
            prop_assert_eq!(set.len(), model.len());
            for n in 0..60 { prop_assert_eq!(set.contains(id(n)), model.contains(&n)); }
        }
    }

    #[test]
    fn what_is_in_stays_visible_while_others_come_and_go() {
        let set = Arc::new(filled(0..40));
        let writer = {
            let set = Arc::clone(&set);
            std::thread::spawn(move || {
                for _ in 0..20_000 {
                    set.insert(id(1000));
                    set.remove(id(1000));
                }
            })
        };
        while !writer.is_finished() {
            assert!((0..40).all(|n| set.contains(id(n))));
            assert!(!set.contains(id(999)));
        }
        writer.join().unwrap();
    }
}
