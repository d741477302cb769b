//! What a decision does not need but an answer shows: labels and the order of scopes, kept for keys that are
//! asked about often.

use quick_cache::sync::Cache;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use titan_core::key::Key;
use titan_core::port::{Store, StoreResult};
use titan_core::revision::Change;
use titan_token::KeyId;

const KEPT: usize = 10_000;

/// A cache of rows, emptied by the log.
pub(crate) struct Details {
    store: Arc<dyn Store>,
    kept: Cache<KeyId, Arc<Key>>,
    /// Counts the times that something was forgotten.
    epoch: AtomicU64,
}

impl Details {
    pub(crate) fn new(store: Arc<dyn Store>) -> Self {
        Self { store, kept: Cache::new(KEPT), epoch: AtomicU64::new(0) }
    }

    /// A key's row, no older than the newest revision that is in force.
    pub(crate) async fn of(&self, id: KeyId) -> StoreResult<Option<Arc<Key>>> {
        if let Some(key) = self.kept.get(&id) {
            return Ok(Some(key));
        }
        let epoch = self.epoch.load(Ordering::Acquire);
        let Some(key) = self.store.key(id).await?.map(Arc::new) else { return Ok(None) };
        self.kept.insert(id, Arc::clone(&key));
        // A change that came meanwhile may have emptied the place before it was filled.
        if self.epoch.load(Ordering::Acquire) != epoch {
            self.kept.remove(&id);
        }
        Ok(Some(key))
    }

    pub(crate) fn forget<'a>(&self, changes: impl Iterator<Item = &'a Change>) {
        self.epoch.fetch_add(1, Ordering::AcqRel);
        for change in changes {
            if let Change::Key(id, _) = change {
                self.kept.remove(id);
            }
        }
    }
}
