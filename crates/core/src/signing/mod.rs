//! The keys that sign keys: 16 slots, of which one signs and the others verify until they are retired.

mod service;

use crate::store_error::StoreResult;
use crate::time::Timestamp;
use async_trait::async_trait;
pub use service::SigningKeyService;
use std::sync::Arc;
use titan_token::{SigningSecret, Slot};

/// What a slot holds.
pub struct SlotKey {
    /// Which slot.
    pub slot: Slot,
    /// Its secret, opened.
    pub secret: SigningSecret,
    /// When it began to sign.
    pub created_at: Timestamp,
    /// When it was retired: every key that it signed is revoked.
    pub retired_at: Option<Timestamp>,
    /// Keys issued before this time do not belong to this secret: another secret used the slot then.
    pub not_before: Timestamp,
}

/// Reading signing keys.
#[async_trait]
pub trait SigningKeys {
    /// All slots in use, by number.
    async fn signing_keys(&self) -> StoreResult<Vec<SlotKey>>;
}

/// Changing signing keys.
#[async_trait]
pub trait SigningKeysTx {
    /// All slots in use, by number, as this transaction sees them.
    async fn slots(&mut self) -> StoreResult<Arc<[SlotKey]>>;

    /// Puts a key into its slot and replaces the previous one.
    async fn put_slot(&mut self, key: &SlotKey) -> StoreResult<()>;

    /// Retires a slot.
    async fn retire_slot(&mut self, slot: Slot, at: Timestamp) -> StoreResult<()>;

    /// The latest expiry of the keys that a slot signed; `None` if there are none.
    async fn last_expiry(&mut self, slot: Slot) -> StoreResult<Option<Timestamp>>;
}

/// The slot that signs: the youngest that is not retired.
pub fn signer(slots: &[SlotKey]) -> Option<&SlotKey> {
    slots.iter().filter(|key| key.retired_at.is_none()).max_by_key(|key| (key.created_at, key.slot))
}
