//! Why there is no backup, or no restored database: texts for the operator.

use crate::error::ConnectError;
use crate::moving::MoveError;
use std::fmt;
use std::io;
use std::path::PathBuf;
use titan_core::port::StoreError;

/// What is in the way, and what to do.
#[derive(Debug)]
pub enum BackupError {
    /// Another backup into this file goes on.
    Busy(PathBuf),
    /// The database cannot be used.
    Database(ConnectError),
    /// The file is damaged: what SQLite says.
    Damaged(PathBuf, String),
    /// The file is there already.
    FileExists(PathBuf),
    /// A file cannot be read or written.
    Io(PathBuf, io::Error),
    /// The restored rows cannot be moved to PostgreSQL.
    Move(MoveError),
    /// There is no such file.
    NoFile(PathBuf),
    /// The file belongs to a database that is open, or was not closed: this other file says so.
    NotClosed(PathBuf, PathBuf),
    /// The file is no backup.
    NotTitan(PathBuf),
    /// A database on PostgreSQL is not replaced.
    ReplacesPostgres,
    /// The target is the file itself.
    Same(PathBuf),
    /// A statement failed on the copy.
    Store(StoreError),
    /// There is a database already.
    TargetExists(PathBuf),
}

impl fmt::Display for BackupError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Busy(path) => {
                write!(f, "{}: another backup writes this file now; wait, or give another name", path.display())
            }
            Self::Database(ConnectError::Locked(path)) => {
                write!(f, "{}: Titan runs on this database; stop it first", path.display())
            }
            Self::Database(error) => write!(f, "{error}"),
            Self::Damaged(path, what) => {
                write!(f, "{}: this file is damaged ({what}); use another backup", path.display())
            }
            Self::FileExists(path) => write!(
                f,
                "{}: this file exists, and a backup never replaces one; give another name",
                path.display()
            ),
            Self::Io(path, error) => write!(f, "{}: {error}", path.display()),
            Self::Move(error) => write!(f, "{error}"),
            Self::NoFile(path) => write!(f, "{}: there is no such file", path.display()),
            Self::NotClosed(path, other) => write!(
                f,
                "{}: this is part of a database, because {} has newer changes of it; use a file that `titan backup` \
                 wrote",
                path.display(),
                other.display()
            ),
            Self::NotTitan(path) => {
                write!(f, "{}: this is not a backup of Titan; use a file that `titan backup` wrote", path.display())
            }
            Self::ReplacesPostgres => f.write_str(
                "--replace: is only for SQLite; for PostgreSQL, make a new, empty database (createdb NAME), and set \
                 TITAN_DATABASE_URL to it",
            ),
            Self::Same(path) => {
                write!(f, "{}: this is the database itself; name the backup", path.display())
            }
            Self::Store(error) => write!(f, "{error}"),
            Self::TargetExists(path) => write!(
                f,
                "{}: there is a database already, and nothing was changed; with --replace, it is kept beside the \
                 restored one",
                path.display()
            ),
        }
    }
}

impl std::error::Error for BackupError {}

impl From<StoreError> for BackupError {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl From<ConnectError> for BackupError {
    fn from(error: ConnectError) -> Self {
        Self::Database(error)
    }
}
