//! Why a database cannot be moved: texts for the operator.

use super::{Sum, absolute};
use crate::error::ConnectError;
use std::fmt;
use std::path::PathBuf;

/// What is in the way, and what to do.
#[derive(Debug)]
pub enum MoveError {
    /// The source was moved before, to this place.
    AlreadyMoved(String),
    /// Another move into the target goes on.
    Busy,
    /// The audit log is not one chain: the row where it breaks.
    Chain(Option<i64>),
    /// Source and copy differ.
    Different(Sum, Sum),
    /// Not from SQLite to PostgreSQL.
    Direction,
    /// The target has rows that no move wrote, in this table.
    Foreign(&'static str),
    /// There is no such file.
    NoFile(PathBuf),
    /// The source was not moved.
    NotMoved(PathBuf),
    /// The file is not a database of Titan.
    NotTitan(PathBuf),
    /// The target has an unfinished copy of another database.
    Other(String),
    /// The source cannot be used.
    Source(PathBuf, ConnectError),
    /// The target cannot be used.
    Target(ConnectError),
}

impl fmt::Display for MoveError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AlreadyMoved(place) => write!(
                f,
                "source: this database was moved to {place} already, and Titan can run there; if that was a mistake, \
                 use --undo"
            ),
            Self::Busy => {
                f.write_str("target: another `titan migrate` writes to it; wait until that has ended")
            }
            Self::Chain(row) => write!(
                f,
                "the audit log is not one chain{}: somebody edited it outside of Titan; the source was not changed, \
                 and Titan can run on it",
                row.map(|row| format!(" (row {row})")).unwrap_or_default()
            ),
            Self::Different(source, target) => write!(
                f,
                "the copy differs from the source in the table {}: {} rows in the source, {} in the target{}; somebody \
                 changed one of them meanwhile. The source was not changed, and Titan can run on it. Try again with a \
                 new, empty target",
                source.table,
                source.rows,
                target.rows,
                if source.rows == target.rows { ", with other contents" } else { "" }
            ),
            Self::Direction => f.write_str(
                "a move is from SQLite to PostgreSQL: --from sqlite://path/to/titan.db --to \
                 postgres://user:password@host/database",
            ),
            Self::Foreign(table) => write!(
                f,
                "target: this database has data already (in the table {table}), and nothing was changed; use a new, \
                 empty database (createdb NAME)"
            ),
            Self::NoFile(path) => write!(f, "source: {}: there is no such file", absolute(path)),
            Self::NotMoved(path) => {
                write!(f, "{}: this database was not moved; Titan can run on it", absolute(path))
            }
            Self::NotTitan(path) => write!(f, "source: {}: this is not a database of Titan", absolute(path)),
            Self::Other(source) => write!(
                f,
                "target: this database has an unfinished copy of {source}, which is another database or was restored \
                 from a backup; use a new, empty target"
            ),
            Self::Source(path, ConnectError::Locked(_)) => {
                write!(f, "source: {}: Titan runs on this database; stop it first", absolute(path))
            }
            Self::Source(path, error) => write!(f, "source: {}: {error}", absolute(path)),
            Self::Target(ConnectError::Url) => f.write_str(
                "target: its URL must be postgres://user:password@host/database; in a password, write %40 for @, %2F \
                 for / and %3A for :",
            ),
            // Advice is written for those who start Titan.
            Self::Target(error) => {
                write!(f, "target: {}", error.to_string().replace("TITAN_DATABASE_URL", "--to"))
            }
        }
    }
}

impl std::error::Error for MoveError {}
