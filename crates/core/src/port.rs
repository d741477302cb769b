//! What the rules need of a database.
//!
//! Each noun states its own needs beside its rules; here they come together. There are reads, which see what
//! is committed, and one kind of write: a [`Tx`], which commits as a whole or not at all. Two engines
//! implement these traits plainly, and one conformance suite runs each story on both.

pub use crate::store_error::{StoreError, StoreResult};
use crate::{audit, idempotency, key, revision, signing, tenant};
use async_trait::async_trait;

/// A database.
#[async_trait]
pub trait Store:
    key::Keys + tenant::Tenants + signing::SigningKeys + revision::Revisions + audit::AuditLog + Send + Sync
{
    /// Starts a write. Writes exclude each other from here to their end.
    async fn begin(&self) -> StoreResult<Box<dyn Tx>>;
}

/// One write. Dropping it undoes it.
#[async_trait]
pub trait Tx:
    key::KeysTx
    + tenant::TenantsTx
    + signing::SigningKeysTx
    + revision::RevisionsTx
    + idempotency::AnswersTx
    + audit::AuditLogTx
    + Send
{
    /// Makes it durable: when this has returned, a crash does not undo it.
    async fn commit(self: Box<Self>) -> StoreResult<()>;
}
