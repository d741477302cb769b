//! The index of opaque keys: from the hash of a key to all that decides about it. It may hold a million, and every request
//! with an opaque key looks one up.
//!
//! Shards of some entries, each a sorted array that is replaced as a whole: a reader sees an entry before or after a change,
//! never half of one, and waits for nobody. One writer changes it in place, so all snapshots share it until it grows. An entry
//! takes 60 bytes (`docs/adr/0019-opaque-keys.md`).

use arc_swap::ArcSwap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use titan_core::revision::OpaqueStatus;
use titan_core::time::Timestamp;
use titan_core::user::Role;
use titan_token::{HashedKey, KeyId, TenantId, UserId, Uuid};

/// When shards have more entries than this, there shall be twice as many.
const MOST_IN_SHARD: usize = 16;
/// A key that never expires.
const NEVER: u32 = u32::MAX;

/// Half of a hash is enough to find a key: keys have 128 random bits, so two with the same half are as unlikely as two with
/// the same text.
type Half = [u8; 16];

/// Bytes and not numbers, so that an entry has no gaps.
#[derive(Clone)]
struct Entry {
    half: Half,
    id: [u8; 16],
    owner: [u8; 16],
    tenant: u32,
    /// Seconds since 1970.
    expires_at: u32,
    role: Role,
    is_on: bool,
}

type Shard = Vec<Entry>;

/// Opaque keys, read by many and written by one.
pub(crate) struct OpaqueIndex {
    shards: Box<[ArcSwap<Shard>]>,
    /// So many bits of a hash are the number of its shard.
    bits: u32,
    len: AtomicUsize,
}

impl OpaqueIndex {
    /// With one shard.
    pub(crate) fn new() -> Self {
        Self::with_bits(0)
    }

    fn with_bits(bits: u32) -> Self {
        let empty = Arc::new(Shard::new());
        let shards = (0..1_usize << bits).map(|_| ArcSwap::new(Arc::clone(&empty))).collect();
        Self { shards, bits, len: AtomicUsize::new(0) }
    }

    /// Whether it should grow before another key is added.
    pub(crate) fn is_full(&self) -> bool {
        self.len() >= self.shards.len() * MOST_IN_SHARD
    }

    /// A copy with twice as many shards. `self` does not change, because readers may still use it.
    pub(crate) fn grown(&self) -> Self {
        let larger = Self::with_bits(self.bits + 1);
        for (pair, old) in larger.shards.as_chunks::<2>().0.iter().zip(&self.shards) {
            let old = old.load();
            // The next bit decides.
            let middle = old.partition_point(|entry| leading(&entry.half) << self.bits >> 63 == 0);
            let (first, second) = old.split_at(middle);
            pair[0].store(Arc::new(first.to_vec()));
            pair[1].store(Arc::new(second.to_vec()));
        }
        larger.len.store(self.len(), Ordering::Relaxed);
        larger
    }

    /// What is known of a key.
    #[inline]
    pub(crate) fn find(&self, hash: &HashedKey) -> Option<OpaqueStatus> {
        let half = half(hash);
        let shard = self.shard(&half).load();
        shard.get(self.place(&shard, &half).ok()?).map(Entry::status)
    }

    /// How many keys there are.
    pub(crate) fn len(&self) -> usize {
        self.len.load(Ordering::Relaxed)
    }

    /// Adds a key, changes it, or removes it. Only the one writer may call this.
    pub(crate) fn set(&self, hash: &HashedKey, status: Option<&OpaqueStatus>) {
        let half = half(hash);
        let shard = self.shard(&half);
        let old = shard.load();
        let place = self.place(&old, &half);
        let (before, after) = match place {
            Ok(place) => (place, place + 1),
            Err(place) => (place, place),
        };
        let entry = status.map(|status| Entry::new(half, status));
        let count = |is_there: bool| usize::from(is_there);
        let (was, is) = (count(place.is_ok()), count(entry.is_some()));
        let mut new = Shard::with_capacity(old.len() - was + is);
        new.extend_from_slice(old.get(..before).unwrap_or_default());
        new.extend(entry);
        new.extend_from_slice(old.get(after..).unwrap_or_default());
        shard.store(Arc::new(new));
        self.len.fetch_add(is, Ordering::Relaxed);
        self.len.fetch_sub(was, Ordering::Relaxed);
    }

    /// Forgets keys that expired at or before this time. Only the one writer may call this.
    pub(crate) fn forget(&self, until: Timestamp) {
        let until = until.secs_u32();
        for shard in &self.shards {
            let old = shard.load();
            let expired = old.iter().filter(|entry| entry.expires_at <= until).count();
            if expired > 0 {
                let living = old.iter().filter(|entry| entry.expires_at > until).cloned();
                shard.store(Arc::new(living.collect()));
                self.len.fetch_sub(expired, Ordering::Relaxed);
            }
        }
    }

    fn shard(&self, half: &Half) -> &ArcSwap<Shard> {
        // Shifted twice, because one shift must be by less than 64.
        let number = leading(half) >> 1 >> (63 - self.bits);
        &self.shards[usize::try_from(number).unwrap_or_default()]
    }

    /// Where an entry is, or where it would be. Hashes are spread evenly, so the next bits of one say about where: a binary
    /// search would read memory from all over the shard.
    fn place(&self, shard: &Shard, half: &Half) -> Result<usize, usize> {
        let fraction = u128::from(leading(half) << self.bits);
        let count = u128::try_from(shard.len()).unwrap_or_default();
        let mut place = usize::try_from((fraction * count) >> 64).unwrap_or_default();
        while place > 0 && shard.get(place - 1).is_some_and(|entry| entry.half >= *half) {
            place -= 1;
        }
        while shard.get(place).is_some_and(|entry| entry.half < *half) {
            place += 1;
        }
        if shard.get(place).is_some_and(|entry| entry.half == *half) { Ok(place) } else { Err(place) }
    }
}

impl Entry {
    fn new(half: Half, status: &OpaqueStatus) -> Self {
        Self {
            half,
            id: status.id.uuid().bits().to_be_bytes(),
            owner: status.owner.uuid().bits().to_be_bytes(),
            tenant: status.tenant.0,
            // What is later than 2106 ends then: earlier rather than never.
            expires_at: status.expires_at.map_or(NEVER, |end| end.secs_u32().min(NEVER - 1)),
            role: status.role,
            is_on: status.is_on,
        }
    }

    fn status(&self) -> OpaqueStatus {
        let uuid = |bytes| Uuid::from_bits(u128::from_be_bytes(bytes));
        let end = Some(self.expires_at).filter(|end| *end != NEVER);
        OpaqueStatus {
            id: KeyId::new(uuid(self.id)),
            tenant: TenantId(self.tenant),
            owner: UserId::new(uuid(self.owner)),
            role: self.role,
            expires_at: end.map(|end| Timestamp::from_secs(end.into())),
            is_on: self.is_on,
        }
    }
}

/// Its first 64 bits.
fn leading(half: &Half) -> u64 {
    half.first_chunk().map_or(0, |bytes| u64::from_be_bytes(*bytes))
}

fn half(hash: &HashedKey) -> Half {
    let mut half = [0; 16];
    half.copy_from_slice(&hash.as_bytes()[..16]);
    half
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::HashMap;
    use titan_token::OpaqueKey;

    fn hash(n: u64) -> HashedKey {
        let mut random = [7; 16];
        random[..8].copy_from_slice(&n.to_be_bytes());
        OpaqueKey::from_random(random).1.hashed()
    }

    fn status(n: u32) -> OpaqueStatus {
        OpaqueStatus {
            id: KeyId::new(Uuid::from_bits(n.into())),
            tenant: TenantId(n),
            owner: UserId::new(Uuid::from_bits(u128::from(n) + 1)),
            role: Role::ALL[usize::try_from(n).unwrap() % 3],
            expires_at: (!n.is_multiple_of(4)).then(|| Timestamp::from_secs(i64::from(n))),
            is_on: n.is_multiple_of(2),
        }
    }

    fn add(index: &mut OpaqueIndex, n: u64, status: &OpaqueStatus) {
        if index.is_full() {
            *index = index.grown();
        }
        index.set(&hash(n), Some(status));
    }

    #[test]
    fn an_entry_takes_60_bytes() {
        assert_eq!(size_of::<Entry>(), 60);
        let mut index = OpaqueIndex::new();
        for n in 0..100_000 {
            add(&mut index, n, &status(1));
        }
        let bytes: usize =
            index.shards.iter().map(|shard| shard.load().capacity() * size_of::<Entry>()).sum();
        assert_eq!((index.len(), bytes), (100_000, 6_000_000), "no shard has room to spare");
        assert!((0..100_000).all(|n| index.find(&hash(n)) == Some(status(1))));
        assert_eq!(index.shards.len(), 8192, "some 12 in each");
    }

    #[test]
    fn what_has_expired_is_forgotten_and_nothing_else() {
        let index = OpaqueIndex::new();
        for n in 1..=8 {
            index.set(&hash(n.into()), Some(&status(n)));
        }
        index.forget(Timestamp::from_secs(6));
        let left: Vec<u32> = (1..=8).filter(|n| index.find(&hash((*n).into())).is_some()).collect();
        assert_eq!((left, index.len()), (vec![4, 7, 8], 3), "4 and 8 never expire");
    }

    #[test]
    fn a_far_end_is_an_end() {
        let index = OpaqueIndex::new();
        let far = Some(Timestamp::from_secs(i64::from(u32::MAX) + 9));
        index.set(&hash(1), Some(&OpaqueStatus { expires_at: far, ..status(1) }));
        let end = index.find(&hash(1)).unwrap().expires_at;
        assert_eq!(end, Some(Timestamp::from_secs(i64::from(NEVER) - 1)));
    }

    proptest! {
        #[test]
        fn is_a_map(steps in proptest::collection::vec((0u32..200, any::<bool>()), 0..500), grows: bool) {
            let mut index = OpaqueIndex::new();
            let mut model = HashMap::new();
            for (n, adds) in steps {
                if grows && index.is_full() { index = index.grown(); }
                let key = hash(u64::from(n % 100));
                let value = adds.then(|| status(n));
                index.set(&key, value.as_ref());
                model.insert(n % 100, value);
            }
            prop_assert_eq!(index.len(), model.values().flatten().count());
            for n in 0..100 {
                prop_assert_eq!(index.find(&hash(u64::from(n))), model.get(&n).copied().flatten());
            }
        }
    }

    #[test]
    fn what_is_in_stays_visible_while_others_come_and_go() {
        let index = Arc::new(OpaqueIndex::new());
        index.set(&hash(1), Some(&status(1)));
        let writer = {
            let index = Arc::clone(&index);
            std::thread::spawn(move || {
                for n in 0..20_000 {
                    index.set(&hash(2), Some(&status(n)));
                    index.set(&hash(2), None);
                }
            })
        };
        while !writer.is_finished() {
            assert_eq!(index.find(&hash(1)), Some(status(1)));
            assert!(index.find(&hash(3)).is_none());
        }
        writer.join().unwrap();
    }
}
