//! What the rules need of a database.
//!
//! Each noun states its own needs beside its rules; here they come together. There are reads, which see what
//! is committed, and one kind of write: a [`Tx`], which commits as a whole or not at all. Two engines
//! implement these traits plainly, and one conformance suite runs each story on both.

use crate::{audit, idempotency, key, revision, signing, tenant};
use async_trait::async_trait;
use std::error::Error as StdError;
use std::fmt;

/// Why a database did not do what it was asked.
#[derive(Debug)]
pub enum StoreError {
    /// A row says something that this program cannot have written.
    Corrupt {
        /// The table.
        table: &'static str,
        /// The column.
        column: &'static str,
    },
    /// A statement failed.
    Failed(Box<dyn StdError + Send + Sync>),
    /// The database cannot be used now: busy, full, gone.
    Unavailable(Box<dyn StdError + Send + Sync>),
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Corrupt { table, column } => write!(f, "inconsistent row in {table}.{column}"),
            Self::Failed(cause) => write!(f, "database: {cause}"),
            Self::Unavailable(cause) => write!(f, "database unavailable: {cause}"),
        }
    }
}

impl StdError for StoreError {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        match self {
            Self::Corrupt { .. } => None,
            Self::Failed(cause) | Self::Unavailable(cause) => Some(cause.as_ref()),
        }
    }
}

/// The result of a database call.
pub type StoreResult<T> = Result<T, StoreError>;

/// A database.
#[async_trait]
pub trait Store:
    key::Keys + tenant::Tenants + signing::SigningKeys + revision::Revisions + audit::Trail + Send + Sync
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
    + audit::TrailTx
    + Send
{
    /// Makes it durable: when this has returned, a crash does not undo it.
    async fn commit(self: Box<Self>) -> StoreResult<()>;
}
