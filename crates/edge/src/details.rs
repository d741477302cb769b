//! What a decision does not need but an answer shows: labels and the order of scopes, kept for keys that are
//! asked about often.

use quick_cache::sync::Cache;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use titan_core::key::Key;
use titan_core::port::{Store, StoreResult};
use titan_core::revision::Change;
use titan_token::KeyId;

const KEPT: usize = 10_000;

/// A cache of rows, emptied by the log.
pub(crate) struct Details {
    store: Arc<dyn Store>,
    kept: Cache<KeyId, Arc<Key>>,
    /// Counts the times that something was forgotten. Held while the cache is changed, never while it is read.
    epoch: Mutex<u64>,
}

impl Details {
    pub(crate) fn new(store: Arc<dyn Store>) -> Self {
        Self { store, kept: Cache::new(KEPT), epoch: Mutex::new(0) }
    }

    /// A key's row, no older than the newest revision that is in force.
    pub(crate) async fn of(&self, id: KeyId) -> StoreResult<Option<Arc<Key>>> {
        if let Some(key) = self.kept.get(&id) {
            return Ok(Some(key));
        }
        let epoch = *self.lock();
        let Some(key) = self.store.key(id).await?.map(Arc::new) else { return Ok(None) };
        // What was read before a change must not be kept after it.
        let now = self.lock();
        if *now == epoch {
            self.kept.insert(id, Arc::clone(&key));
        }
        drop(now);
        Ok(Some(key))
    }

    fn lock(&self) -> MutexGuard<'_, u64> {
        self.epoch.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn forget<'a>(&self, changes: impl Iterator<Item = &'a Change>) {
        let mut changes = changes.peekable();
        if changes.peek().is_none() {
            return;
        }
        let mut epoch = self.lock();
        *epoch += 1;
        for change in changes {
            if let Change::Key(id, _) = change {
                self.kept.remove(id);
            }
        }
    }
}
