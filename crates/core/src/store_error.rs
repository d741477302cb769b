//! Errors of the database.

use std::error::Error as StdError;
use std::fmt;

/// Why a database call failed.
#[derive(Debug)]
pub enum StoreError {
    /// A row has content that this program cannot have written.
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
