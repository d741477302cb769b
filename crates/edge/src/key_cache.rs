//! A cache of key rows. A decision does not need a row; an answer shows its label and the order of its scopes.

use quick_cache::sync::Cache;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use titan_core::key::Key;
use titan_core::port::{Store, StoreResult};
use titan_core::revision::Change;
use titan_token::KeyId;

/// How many rows it holds.
const CAPACITY: usize = 10_000;

/// Rows of keys that are often asked about. The revision log invalidates them.
pub(crate) struct KeyCache {
    store: Arc<dyn Store>,
    rows: Cache<KeyId, Arc<Key>>,
    /// Counts invalidations. Held while the cache is changed, never while it is read.
    epoch: Mutex<u64>,
}

impl KeyCache {
    pub(crate) fn new(store: Arc<dyn Store>) -> Self {
        Self { store, rows: Cache::new(CAPACITY), epoch: Mutex::new(0) }
    }

    /// A key's row, if it is in the cache.
    pub(crate) fn cached(&self, id: KeyId) -> Option<Arc<Key>> {
        self.rows.get(&id)
    }

    /// A key's row, no older than the newest revision that is in force.
    pub(crate) async fn lookup(&self, id: KeyId) -> StoreResult<Option<Arc<Key>>> {
        if let Some(key) = self.cached(id) {
            return Ok(Some(key));
        }
        let epoch = *self.lock();
        let Some(key) = self.store.key(id).await?.map(Arc::new) else { return Ok(None) };
        // A row that was read before a change must not enter the cache after it.
        let now = self.lock();
        if *now == epoch {
            self.rows.insert(id, Arc::clone(&key));
        }
        drop(now);
        Ok(Some(key))
    }

    fn lock(&self) -> MutexGuard<'_, u64> {
        self.epoch.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Forgets all rows.
    pub(crate) fn clear(&self) {
        *self.lock() += 1;
        self.rows.clear();
    }

    pub(crate) fn invalidate<'a>(&self, changes: impl Iterator<Item = &'a Change>) {
        let mut changes = changes.peekable();
        if changes.peek().is_none() {
            return;
        }
        let mut epoch = self.lock();
        *epoch += 1;
        for change in changes {
            if let Change::Key(id, _) = change {
                self.rows.remove(id);
            }
        }
    }
}
