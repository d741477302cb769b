//! The index of opaque and imported keys: from the hash of a key to all that decides about it. It may hold a million, and every request
//! with an opaque key looks one up.
//!
//! A table of entries in groups of eight. A group has a word of tags, one byte for each entry, made from the hash. These words
//! are few, so they stay in the processor's cache, and they say which entry to read, if any. An entry is one cache line.
//!
//! One writer changes the table in place while readers read. It writes an entry once, before its tag. What may change of a key
//! is one word of its entry, so a reader sees it before or after a change, never half of one. An entry whose key was removed is
//! not used again before the table is built anew. A key takes 72 to 93 bytes (`docs/adr/0019-opaque-keys.md`).

mod entry;
mod tags;

pub(crate) use entry::Indexed;
use entry::{Entry, Half, State};
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use tags::{Tags, word_of};
use titan_core::time::Timestamp;
use titan_token::HashedKey;

const IN_GROUP: usize = 8;
/// It is built anew when more than this part of its entries was used …
const MAX_LOAD: (usize, usize) = (9, 10);
/// … with this part in use.
const NEW_LOAD: (usize, usize) = (7, 10);
const FEWEST_GROUPS: usize = 4;

/// Opaque keys, read by many and written by one.
pub(crate) struct OpaqueIndex {
    /// One word for each group.
    tags: Box<[AtomicU64]>,
    entries: Box<[Entry]>,
    /// How many entries were ever used.
    used: AtomicUsize,
    len: AtomicUsize,
    /// How many of them were imported, at some time.
    imported: AtomicUsize,
}

impl OpaqueIndex {
    pub(crate) fn new() -> Self {
        Self::with_groups(FEWEST_GROUPS)
    }

    fn with_groups(count: usize) -> Self {
        Self {
            tags: (0..count).map(|_| AtomicU64::default()).collect(),
            entries: (0..count * IN_GROUP).map(|_| Entry::default()).collect(),
            used: AtomicUsize::new(0),
            len: AtomicUsize::new(0),
            imported: AtomicUsize::new(0),
        }
    }

    /// Whether it should be built anew before another key is added.
    pub(crate) fn is_full(&self) -> bool {
        self.used.load(Ordering::Relaxed) >= self.entries.len() * MAX_LOAD.0 / MAX_LOAD.1
    }

    /// A copy with space for more keys. `self` does not change, because readers may still use it.
    pub(crate) fn grown(&self) -> Self {
        let entries = self.len() * NEW_LOAD.1 / NEW_LOAD.0;
        let larger = Self::with_groups((entries / IN_GROUP + 1).max(FEWEST_GROUPS));
        for entry in &self.entries {
            if let Some(status) = entry.status() {
                larger.put(entry.half(), &status);
            }
        }
        larger
    }

    /// What is known of a key.
    #[inline]
    pub(crate) fn find(&self, hash: &HashedKey) -> Option<Indexed> {
        self.entry(Half::of(hash))?.status()
    }

    /// How many keys there are.
    pub(crate) fn len(&self) -> usize {
        self.len.load(Ordering::Relaxed)
    }

    /// Whether a key was ever imported. Without one, nobody looks for keys of other systems.
    pub(crate) fn has_imported(&self) -> bool {
        self.imported.load(Ordering::Relaxed) > 0
    }

    /// Adds a key, changes it, or removes it. Only the one writer may call this, and only if there is space.
    pub(crate) fn set(&self, hash: &HashedKey, status: Option<&Indexed>) {
        let half = Half::of(hash);
        match (self.entry(half), status) {
            // Its id, its tenant, its owner and its scopes never change.
            (Some(entry), Some(status)) => entry.set(State::of(status)),
            (Some(entry), None) => self.remove(entry),
            (None, Some(status)) => self.put(half, status),
            (None, None) => {}
        }
    }

    /// Forgets keys that expired at or before this time. Only the one writer may call this.
    pub(crate) fn forget(&self, until: Timestamp) {
        let until = until.secs_u32();
        for expired in self.entries.iter().filter(|entry| entry.state().has_expired(until)) {
            self.remove(expired);
        }
    }

    #[inline]
    fn entry(&self, half: Half) -> Option<&Entry> {
        for group in self.groups_from(half) {
            let tags = Tags(self.tags[group].load(Ordering::Acquire));
            let mut entries = tags.places_of(half.tag()).map(|place| self.at(group, place));
            let found = entries.find(|entry| entry.half() == half && entry.state().has_key());
            if found.is_some() || tags.first_free().is_some() {
                return found;
            }
        }
        None
    }

    fn put(&self, half: Half, status: &Indexed) {
        let free = |group: usize| Some((group, Tags(self.tags[group].load(Ordering::Relaxed)).first_free()?));
        let Some((group, place)) = self.groups_from(half).find_map(free) else { return };
        self.at(group, place).write(half, status);
        self.tags[group].fetch_or(word_of(half.tag(), place), Ordering::Release);
        self.imported.fetch_add(usize::from(matches!(status, Indexed::Imported(_))), Ordering::Relaxed);
        self.used.fetch_add(1, Ordering::Relaxed);
        self.len.fetch_add(1, Ordering::Relaxed);
    }

    fn remove(&self, entry: &Entry) {
        entry.set(State::NO_KEY);
        self.len.fetch_sub(1, Ordering::Relaxed);
    }

    fn at(&self, group: usize, place: usize) -> &Entry {
        &self.entries[group * IN_GROUP + place]
    }

    /// The numbers of all groups, from a key's home on and around.
    fn groups_from(&self, half: Half) -> impl Iterator<Item = usize> {
        let (home, count) = (half.home(self.tags.len()), self.tags.len());
        (home..count).chain(0..home)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::HashMap;
    use std::sync::Arc;
    use titan_core::revision::{ImportedStatus, OpaqueStatus};
    use titan_core::user::Role;
    use titan_token::{KeyId, OpaqueKey, ScopeSet, TenantId, UserId, Uuid};

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
        set(index, n, *status);
    }

    fn set(index: &OpaqueIndex, n: u64, status: OpaqueStatus) {
        index.set(&hash(n), Some(&Indexed::Opaque(status)));
    }

    fn find(index: &OpaqueIndex, n: u64) -> Option<OpaqueStatus> {
        index.find(&hash(n)).map(|found| match found {
            Indexed::Opaque(status) => status,
            Indexed::Imported(_) => panic!("none was imported"),
        })
    }

    #[test]
    fn a_key_takes_72_to_93_bytes() {
        let mut index = OpaqueIndex::new();
        for n in 0..100_000 {
            add(&mut index, n, &status(1));
            let bytes = size_of_val(&*index.entries) + size_of_val(&*index.tags);
            assert!(n < 1000 || bytes <= 93 * index.len() + 1024, "{n}: {bytes}");
            assert!(n < 1000 || bytes >= 72 * index.len() - 1024, "{n}: {bytes}");
        }
        assert!((0..100_000).all(|n| find(&index, n) == Some(status(1))));
        assert!(!(100_000..200_000).any(|n| find(&index, n).is_some()));
    }

    #[test]
    fn keys_that_come_and_go_take_no_space() {
        let mut index = OpaqueIndex::new();
        for n in 0..20_000 {
            add(&mut index, n, &status(1));
            index.set(&hash(n), None);
        }
        assert_eq!((index.len(), index.tags.len()), (0, FEWEST_GROUPS));
    }

    #[test]
    fn what_has_expired_is_forgotten_and_nothing_else() {
        let index = OpaqueIndex::new();
        for n in 1..=8 {
            set(&index, n.into(), status(n));
        }
        index.forget(Timestamp::from_secs(6));
        let left: Vec<u32> = (1..=8).filter(|n| find(&index, (*n).into()).is_some()).collect();
        assert_eq!((left, index.len()), (vec![4, 7, 8], 3), "4 and 8 never expire");
    }

    #[test]
    fn a_far_end_is_an_end() {
        let index = OpaqueIndex::new();
        let far = Some(Timestamp::from_secs(i64::from(u32::MAX) + 9));
        set(&index, 1, OpaqueStatus { expires_at: far, ..status(1) });
        let end = find(&index, 1).unwrap().expires_at;
        assert_eq!(end, Some(Timestamp::from_secs(i64::from(u32::MAX) - 1)));
    }

    proptest! {
        #[test]
        fn is_a_map(steps in proptest::collection::vec((0u32..100, any::<Option<bool>>()), 0..500)) {
            let mut index = OpaqueIndex::new();
            let mut model = HashMap::new();
            for (n, is_on) in steps {
                let value = is_on.map(|is_on| OpaqueStatus { is_on, ..status(n) });
                match &value {
                    Some(value) => add(&mut index, n.into(), value),
                    None => index.set(&hash(n.into()), None),
                }
                model.insert(n, value);
            }
            prop_assert_eq!(index.len(), model.values().flatten().count());
            for n in 0..100 {
                prop_assert_eq!(find(&index, n.into()), model.get(&n).copied().flatten());
            }
        }
    }

    #[test]
    fn what_is_in_stays_visible_while_others_come_and_go() {
        let index = Arc::new(OpaqueIndex::with_groups(4_000));
        set(&index, 1, status(1));
        let writer = {
            let index = Arc::clone(&index);
            std::thread::spawn(move || {
                for n in 10..20_010 {
                    set(&index, n, status(2));
                    set(&index, 1, OpaqueStatus { is_on: n % 2 == 0, ..status(1) });
                    index.set(&hash(n), None);
                }
            })
        };
        while !writer.is_finished() {
            let found = find(&index, 1).unwrap();
            assert_eq!(OpaqueStatus { is_on: false, ..found }, status(1));
            assert!(find(&index, 3).is_none());
            assert!(find(&index, 20_009).is_none_or(|found| found == status(2)));
        }
        writer.join().unwrap();
    }

    #[test]
    fn imported_keys_stand_beside_those_of_users() {
        let index = OpaqueIndex::new();
        let imported = |n: u32| ImportedStatus {
            id: KeyId::new(Uuid::from_bits(n.into())),
            tenant: TenantId(n),
            scopes: ScopeSet::from_bits(u128::MAX - u128::from(n)),
            expires_at: u32::MAX - n,
        };
        assert!(!index.has_imported());
        for n in 0..10 {
            index.set(&hash(n.into()), Some(&Indexed::Imported(imported(n))));
            set(&index, u64::from(n) + 100, status(n));
        }
        assert!(index.has_imported() && index.grown().has_imported());
        for n in 0..10 {
            assert_eq!(index.grown().find(&hash(n.into())), Some(Indexed::Imported(imported(n))));
            assert_eq!(find(&index, u64::from(n) + 100), Some(status(n)));
        }
    }
}
