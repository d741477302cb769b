//! Titan's databases.
//!
//! [`connect`] opens the one that a URL names, brings its tables up to date, and gives it as a
//! [`titan_core::port::Store`]. Two engines are two plain implementations of the same traits; the suite in
//! `tests/conformance` runs each story on both.

#![forbid(unsafe_code)]

mod audit;
mod backup;
mod columns;
mod error;
mod group;
mod health;
mod migration;
mod moving;
mod postgres;
mod scope;
mod seal;
mod sqlite;
mod stored;
mod usage;
mod vault;

pub use backup::{BackupError, Contents, Restore, Restored, back_up, look_into};
pub use error::ConnectError;
pub use health::{DatabaseHealth, examine};
pub use moving::{MoveError, Progress, Report, Step, Sum, move_database, undo_move};
pub use seal::{SealError, SealKey, make_secret_file};
pub use sqlite::Ended;
pub use vault::SealKeys;

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use titan_core::entropy::Entropy;
use titan_core::port::Store;
use titan_core::time::Clock;
use vault::Vault;

/// Where a database is.
#[derive(Clone, PartialEq, Eq)]
pub enum Location {
    /// `postgres://user:password@host/database`
    Postgres(String),
    /// `sqlite://path`
    Sqlite(PathBuf),
}

impl Location {
    /// Reads `sqlite://relative/path.db`, `sqlite:///absolute/path.db` or `postgres://user:password@host/database`.
    pub fn parse(url: &str) -> Result<Self, ConnectError> {
        match url.split_once("://") {
            Some(("sqlite", path)) if !path.is_empty() => Ok(Self::Sqlite(PathBuf::from(path))),
            Some(("postgres" | "postgresql", _)) => Ok(Self::Postgres(url.to_owned())),
            _ => Err(ConnectError::Url),
        }
    }

    /// The file of the embedded database.
    pub fn file(&self) -> Option<&Path> {
        match self {
            Self::Postgres(_) => None,
            Self::Sqlite(path) => Some(path),
        }
    }

    /// The seal key's file where none is configured: beside the embedded database. Instances that share a database must
    /// be given the same key.
    pub fn seal_key_file(&self) -> Option<PathBuf> {
        self.file().map(|path| with_suffix(path, ".seal-key"))
    }
}

/// Without the password.
impl fmt::Debug for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Without the password.
impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Postgres(url) => f.write_str(&postgres::name(url)),
            Self::Sqlite(path) => {
                let path = std::path::absolute(path).unwrap_or_else(|_| path.clone());
                write!(f, "sqlite://{}", path.display())
            }
        }
    }
}

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}

/// Opens a database and makes sure of all that serving from it needs: nobody else has it, its tables are of
/// this version, the seal key opens it, and its scopes are those of the configuration.
///
/// `own_scopes` are the operator's scopes, in order; the catalogue that comes back also names those that an
/// earlier configuration had.
pub async fn connect(
    location: &Location,
    seal: impl Into<SealKeys>,
    own_scopes: &[String],
    clock: &dyn Clock,
    entropy: Arc<dyn Entropy>,
) -> Result<(Arc<dyn Store>, titan_core::access::Catalogue), ConnectError> {
    let vault = Vault::new(seal, entropy);
    match location {
        Location::Postgres(url) => {
            let (store, catalogue) = postgres::Postgres::open(url, vault, own_scopes, clock).await?;
            Ok((Arc::new(store), catalogue))
        }
        Location::Sqlite(path) => {
            let (store, catalogue) = sqlite::Sqlite::open(path, vault, own_scopes, clock).await?;
            Ok((Arc::new(store), catalogue))
        }
    }
}
