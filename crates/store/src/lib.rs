//! Titan's databases.
//!
//! [`connect`] opens the one that a URL names, brings its tables up to date, and gives it as a
//! [`titan_core::port::Store`]. Two engines are two plain implementations of the same traits; the suite in
//! `tests/conformance` runs each story on both.

#![forbid(unsafe_code)]

mod error;
mod seal;
mod sqlite;

pub use error::ConnectError;
pub use seal::{SealError, SealKey, make_secret_file};

use std::path::{Path, PathBuf};
use std::sync::Arc;
use titan_core::entropy::Entropy;
use titan_core::port::Store;
use titan_core::time::Clock;

/// Where a database is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Location {
    /// `sqlite://path`
    Sqlite(PathBuf),
}

impl Location {
    /// Reads `sqlite://relative/path.db` or `sqlite:///absolute/path.db`.
    pub fn parse(url: &str) -> Result<Self, ConnectError> {
        match url.split_once("://") {
            Some(("sqlite", path)) if !path.is_empty() => Ok(Self::Sqlite(PathBuf::from(path))),
            Some(("postgres" | "postgresql", _)) => Err(ConnectError::Unsupported("postgres")),
            _ => Err(ConnectError::Url),
        }
    }

    /// The seal key's file where none is configured: beside the embedded database.
    pub fn seal_key_file(&self) -> PathBuf {
        match self {
            Self::Sqlite(path) => with_suffix(path, ".seal-key"),
        }
    }

    /// Whether there is a database yet.
    pub fn exists(&self) -> bool {
        match self {
            Self::Sqlite(path) => path.exists(),
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
    seal: SealKey,
    own_scopes: &[String],
    clock: &dyn Clock,
    entropy: Arc<dyn Entropy>,
) -> Result<(Arc<dyn Store>, titan_core::access::Catalogue), ConnectError> {
    match location {
        Location::Sqlite(path) => {
            let (store, catalogue) = sqlite::Sqlite::open(path, seal, own_scopes, clock, entropy).await?;
            Ok((Arc::new(store), catalogue))
        }
    }
}
