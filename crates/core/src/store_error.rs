//! Errors of the database.

use std::error::Error as StdError;
use std::fmt;

/// Why a database call failed.
#[derive(Debug)]
pub enum StoreError {
    /// The database aborted the transaction so that another could go on. The same may be tried again at once.
    Aborted(Box<dyn StdError + Send + Sync>),
    /// A row has content that this program cannot have written.
    Corrupt {
        /// The table.
        table: &'static str,
        /// The column.
        column: &'static str,
    },
    /// A statement failed.
    Failed(Box<dyn StdError + Send + Sync>),
    /// A question that takes too long, with nothing wrong but its size.
    TooSlow(Box<dyn StdError + Send + Sync>),
    /// The database cannot be used now: busy, full, gone.
    Unavailable(Box<dyn StdError + Send + Sync>),
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Corrupt { table, column } => write!(f, "inconsistent row in {table}.{column}"),
            Self::Aborted(cause) => write!(f, "transaction aborted: {cause}"),
            Self::Failed(cause) => write!(f, "database: {cause}"),
            Self::TooSlow(cause) => write!(f, "database: took too long: {cause}"),
            Self::Unavailable(cause) => write!(f, "database unavailable: {cause}"),
        }
    }
}

impl StdError for StoreError {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        match self {
            Self::Corrupt { .. } => None,
            Self::Aborted(cause) | Self::Failed(cause) | Self::TooSlow(cause) | Self::Unavailable(cause) => {
                Some(cause.as_ref())
            }
        }
    }
}

/// The result of a database call.
pub type StoreResult<T> = Result<T, StoreError>;
