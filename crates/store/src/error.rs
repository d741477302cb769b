//! Why a database cannot be opened: texts for the operator.

use sqlx::migrate::MigrateError;
use std::fmt;
use std::path::PathBuf;
use titan_core::access::CatalogueError;
use titan_core::port::StoreError;
use titan_core::time::Timestamp;

/// What is in the way, and what to do.
#[derive(Debug)]
pub enum ConnectError {
    /// A file or folder cannot be made or read.
    Io(PathBuf, std::io::Error),
    /// Another process has the database.
    Locked(PathBuf),
    /// The database in this file was moved: where to, and when.
    Moved(PathBuf, String, Timestamp),
    /// The tables were made by a newer version.
    Newer(i64),
    /// The tables cannot be brought up to date.
    Migrate(MigrateError),
    /// The configured scopes contradict those of the database.
    Scopes(String),
    /// There are no tables of Titan.
    NotTitan,
    /// The tables are of an older version, and nobody may bring them up to date now.
    Older(i64),
    /// The server loses acknowledged commits in a crash.
    NotDurable,
    /// The server refuses: what it says, and what to do.
    Refused(String, &'static str),
    /// A restore was interrupted: the database that waits to be put in its place.
    Restoring(PathBuf),
    /// The server follows another one and cannot write.
    Standby,
    /// Secrets may be left under a seal key that this instance does not have.
    EarlierSealKey,
    /// A statement failed.
    Store(StoreError),
    /// The server is of an older version than is supported.
    TooOld(i32),
    /// A move from this place into the database is not finished.
    Unfinished(String),
    /// Not a URL of a database.
    Url,
    /// The seal key does not open what is sealed there.
    WrongSealKey,
}

impl fmt::Display for ConnectError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io(path, error) => write!(f, "{}: {error}", path.display()),
            Self::Locked(path) => write!(
                f,
                "{}: another process uses this database; only one process can use it",
                path.display()
            ),
            Self::Moved(path, place, at) => write!(
                f,
                "{}: this database was moved to {place} ({at}); set TITAN_DATABASE_URL to that database. If the move \
                 was a mistake, first stop every Titan that uses the other database, then run: titan migrate --undo \
                 --from sqlite://{}",
                path.display(),
                path.display()
            ),
            Self::Newer(version) => write!(
                f,
                "a newer Titan created or upgraded this database (it has migration {version}); start that version"
            ),
            Self::Migrate(error) => write!(f, "the database cannot be upgraded: {error}"),
            Self::Scopes(text) => write!(f, "scopes: {text}"),
            Self::NotTitan => f.write_str(
                "this is not a database of Titan: it has no tables of it; check TITAN_DATABASE_URL, or start Titan \
                 on it first",
            ),
            Self::Older(version) => write!(
                f,
                "an older Titan made the tables of this database (they have migration {version}); use the titan that \
                 runs on it, or start this version on it first"
            ),
            Self::NotDurable => write!(
                f,
                "PostgreSQL has synchronous_commit = off and would lose revocations in a crash; set it to on"
            ),
            Self::Refused(error, advice) => write!(f, "PostgreSQL: {error}; {advice}"),
            Self::Restoring(path) => write!(
                f,
                "a restore of this database was interrupted ({} waits to be put in its place); run the same `titan \
                 restore` again, with --replace",
                path.display()
            ),
            Self::Standby => {
                write!(f, "PostgreSQL: this server is a standby, which cannot write; use the primary")
            }
            Self::Store(error) => write!(f, "{error}"),
            Self::TooOld(version) => {
                write!(f, "PostgreSQL {version} is not supported; use version 15 or later")
            }
            Self::Unfinished(from) => write!(
                f,
                "this database has an unfinished copy of {from}; run the same `titan migrate` again, which goes on \
                 where it stopped, or use another database"
            ),
            Self::Url => write!(
                f,
                "TITAN_DATABASE_URL: must be sqlite://path/to/titan.db or postgres://user:password@host/database"
            ),
            Self::EarlierSealKey => f.write_str(
                "the seal key was changed, but secrets in this database may still be sealed with the earlier one: set \
                 TITAN_SEAL_KEY_PREVIOUS (or its file or command) to that key, start, and run: titan seal-key rotate",
            ),
            Self::WrongSealKey => write!(
                f,
                "the seal key does not belong to this database: set TITAN_SEAL_KEY (or its file or command) to the key with \
                 which the database was created, or to which it was changed. During a change of the key, set \
                 TITAN_SEAL_KEY_PREVIOUS to the earlier one"

            ),
        }
    }
}

impl std::error::Error for ConnectError {}

impl From<StoreError> for ConnectError {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl From<CatalogueError> for ConnectError {
    fn from(error: CatalogueError) -> Self {
        Self::Scopes(error.to_string())
    }
}

impl From<MigrateError> for ConnectError {
    fn from(error: MigrateError) -> Self {
        match error {
            MigrateError::VersionMissing(version) => Self::Newer(version),
            other => Self::Migrate(other),
        }
    }
}
