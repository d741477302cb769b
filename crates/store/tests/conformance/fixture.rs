//! A fresh database of each engine, and what stories need beside it.

use sqlx::{Connection, PgConnection};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use tempfile::TempDir;
use titan_core::access::Catalogue;
use titan_core::entropy::Entropy;
use titan_core::port::Store;
use titan_core::time::{Clock, Timestamp, Uptime};
use titan_store::{ConnectError, Location, SealKey, SealKeys, connect};

pub(crate) const NOW: Timestamp = Timestamp::from_secs(1_800_000_000);

/// A database of the story's own.
pub(crate) struct Fixture {
    pub(crate) store: Arc<dyn Store>,
    pub(crate) catalogue: Catalogue,
    location: Location,
    /// Of an embedded database; it goes with the fixture.
    folder: Option<TempDir>,
}

/// A database that nobody uses.
pub(crate) struct Closed {
    pub(crate) location: Location,
    _folder: Option<TempDir>,
}

pub(crate) struct Fixed;
impl Clock for Fixed {
    fn now(&self) -> Timestamp {
        NOW
    }

    fn uptime(&self) -> Uptime {
        Uptime::default()
    }
}

/// Bytes that differ from call to call: enough for nonces in a test.
pub(crate) struct Counter(AtomicU64);
impl Counter {
    pub(crate) fn new() -> Self {
        Self(AtomicU64::new(1))
    }
}

impl Entropy for Counter {
    fn fill(&self, bytes: &mut [u8]) {
        for piece in bytes.chunks_mut(8) {
            let number = self.0.fetch_add(1, Ordering::Relaxed).to_le_bytes();
            piece.copy_from_slice(&number[..piece.len()]);
        }
    }
}

pub(crate) fn seal(base64: &str) -> SealKey {
    SealKey::from_base64(base64).unwrap()
}

pub(crate) const SEAL: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";

pub(crate) async fn open(
    location: &Location,
    scopes: &[&str],
) -> Result<(Arc<dyn Store>, Catalogue), ConnectError> {
    let scopes: Vec<String> = scopes.iter().map(|&s| s.to_owned()).collect();
    connect(location, seal(SEAL), &scopes, &Fixed, Arc::new(Counter::new())).await
}

/// Opens it with this seal key, and the one before it.
pub(crate) async fn open_with(
    location: &Location,
    current: &str,
    previous: Option<&str>,
) -> Result<Arc<dyn Store>, ConnectError> {
    let keys = SealKeys::new(seal(current), previous.map(seal));
    Ok(connect(location, keys, &[], &Fixed, Arc::new(Counter::new())).await?.0)
}

pub(crate) async fn sqlite() -> Fixture {
    let folder = tempfile::tempdir().unwrap();
    let location = Location::Sqlite(folder.path().join("titan.db"));
    let (store, catalogue) = open(&location, &[]).await.unwrap();
    Fixture { store, catalogue, location, folder: Some(folder) }
}

/// An empty database in the PostgreSQL of the tests (`ci/postgres`).
pub(crate) fn empty_postgres() -> String {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/../../ci/postgres");
    let output = std::process::Command::new(script).arg("new").output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

/// A database of its own.
pub(crate) async fn postgres() -> Fixture {
    let location = Location::Postgres(empty_postgres());
    let (store, catalogue) = open(&location, &[]).await.unwrap();
    Fixture { store, catalogue, location, folder: None }
}

impl Fixture {
    /// Closes the database and opens it with these scopes.
    pub(crate) async fn reopen(self, scopes: &[&str]) -> Result<Self, ConnectError> {
        let Self { store, location, folder, .. } = self;
        drop(store);
        let (store, catalogue) = open(&location, scopes).await?;
        Ok(Self { store, catalogue, location, folder })
    }

    /// What lies on disk, at least of the signing keys.
    pub(crate) async fn stored(&self) -> Vec<u8> {
        match &self.location {
            Location::Postgres(url) => {
                let mut connection = PgConnection::connect(url).await.unwrap();
                let all = sqlx::query_scalar("SELECT string_agg(secret, '') FROM signing_key");
                all.fetch_one(&mut connection).await.unwrap()
            }
            Location::Sqlite(path) => {
                let files = [path.clone(), path.with_extension("db-wal")];
                files.iter().flat_map(|file| std::fs::read(file).unwrap()).collect()
            }
        }
    }

    /// The same database for another instance. Only where instances can share one.
    pub(crate) async fn another(&self) -> Arc<dyn Store> {
        open(&self.location, &[]).await.unwrap().0
    }

    pub(crate) fn location(&self) -> &Location {
        &self.location
    }

    /// Closes the database. Only its place is left.
    pub(crate) fn close(self) -> Closed {
        Closed { location: self.location, _folder: self.folder }
    }

    /// Of a PostgreSQL database.
    pub(crate) fn url(&self) -> String {
        match &self.location {
            Location::Postgres(url) => url.clone(),
            Location::Sqlite(_) => unreachable!("a database in a file"),
        }
    }

    pub(crate) fn file(&self) -> PathBuf {
        self.location.file().unwrap().to_owned()
    }
}
