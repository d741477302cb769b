//! The key that seals secrets in the database, and its change: `docs/adr/0026-changing-the-seal-key.md`.

mod service;

use crate::store_error::StoreResult;
use async_trait::async_trait;
pub use service::{SealKeyService, SealKeyStatus};
use titan_token::UserId;

/// A seal key, by its place in the configuration of this instance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SealKeyName {
    /// `seal_key`
    Current,
    /// `seal_key_previous`
    Previous,
}

/// What the database says of the seal keys, as an instance with these keys sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SealState {
    /// The key that seals.
    pub by: SealKeyName,
    /// Whether this instance has a previous key.
    pub has_previous: bool,
    /// Whether secrets may be left under the key that sealed before.
    pub is_unfinished: bool,
    /// Counts the rotations.
    pub round: u64,
}

/// How many secrets each key sealed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SealedSecrets {
    /// The current one.
    pub current: u64,
    /// The previous one.
    pub previous: u64,
}

/// What a rotation sealed anew.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Resealed {
    /// Signing keys.
    pub signing_keys: u64,
    /// Second factors of users.
    pub second_factors: u64,
}

/// A piece of the second factors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ResealedPiece {
    /// How many were sealed anew.
    pub count: u64,
    /// After whom the next piece begins; `None` if there is none.
    pub last: Option<UserId>,
}

/// Reading which key seals.
#[async_trait]
pub trait SealKeys {
    /// Which key seals. An error if this instance does not have it.
    async fn seal_state(&self) -> StoreResult<SealState>;

    /// How many secrets each key sealed. It opens all of them.
    async fn sealed_secrets(&self) -> StoreResult<SealedSecrets>;
}

/// Changing the key that seals.
#[async_trait]
pub trait SealKeysTx {
    /// Which key seals, as this transaction sees it.
    async fn current_seal_state(&mut self) -> StoreResult<SealState>;

    /// Instances that do not say that they have the current key: where they listen.
    async fn instances_without_seal_key(&mut self) -> StoreResult<Vec<String>>;

    /// The current key seals from now on.
    async fn begin_seal_round(&mut self) -> StoreResult<()>;

    /// Seals signing keys with the key that seals now, where another one did. How many.
    async fn reseal_signing_keys(&mut self) -> StoreResult<u64>;

    /// The same for the second factors of so many users, from the one after this.
    async fn reseal_second_factors(&mut self, after: Option<UserId>, most: u32)
    -> StoreResult<ResealedPiece>;

    /// Nothing is left under the key that sealed before.
    async fn end_seal_round(&mut self) -> StoreResult<()>;
}
