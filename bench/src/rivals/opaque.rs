//! Opaque keys: SHA-256 of the key, found in memory.

use crate::keys::{EXPIRES, GRANTED, NEEDED, Pile, TENANT};
use ring::digest::{SHA256, digest};
use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};
use titan_token::{ScopeSet, TenantId};

/// SHA-256 of a key.
pub type Hash = [u8; 32];

/// SHA-256 spreads its bits well: a second hash for the table would only cost time.
#[derive(Default)]
struct FirstBytes(u64);

impl Hasher for FirstBytes {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        if let Some(first) = bytes.first_chunk() {
            self.0 = u64::from_le_bytes(*first);
        }
    }

    // The length of an array of bytes says nothing.
    fn write_usize(&mut self, _: usize) {}
}

struct Record {
    tenant: TenantId,
    scopes: ScopeSet,
    expires_at: u32,
}

/// All keys of a deployment, by their hash.
pub struct Index(HashMap<Hash, Record, BuildHasherDefault<FirstBytes>>);

/// What is stored of a key.
pub fn hash(key: &str) -> Hash {
    let mut hash = [0; 32];
    hash.copy_from_slice(digest(&SHA256, key.as_bytes()).as_ref());
    hash
}

impl Index {
    /// The first `count` keys of a pile.
    pub fn new(keys: &Pile, count: usize) -> Self {
        let record = |number| {
            let record = Record { tenant: TENANT, scopes: GRANTED, expires_at: EXPIRES };
            (hash(keys.get(number)), record)
        };
        Self((0..count).map(record).collect())
    }

    /// Whose key it is, if it is good and may do what is asked for.
    pub fn check(&self, key: &str, now: u32) -> Option<TenantId> {
        let record = self.0.get(&hash(key))?;
        (now < record.expires_at && record.scopes.contains(NEEDED)).then_some(record.tenant)
    }
}
