//! SQLite: one file, one process, one writer.
//!
//! Writes go through one connection and take the database's write lock as they begin, so they exclude each
//! other. Reads go through others and see the newest commit (WAL). `synchronous=FULL` makes a commit survive
//! a crash of the machine, not only of the process.

mod answer;
mod audit;
mod error;
mod key;
mod migration;
mod revision;
mod scope;
mod signing;
mod tenant;

use crate::error::ConnectError;
use crate::seal::SealKey;
use async_trait::async_trait;
use error::failed;
use migration::migrator;
use sqlx::pool::PoolOptions;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};
use sqlx::{Connection, SqliteConnection, SqlitePool, Transaction};
use std::fs::{File, TryLockError};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use titan_core::access::Catalogue;
use titan_core::entropy::Entropy;
use titan_core::port::{Store, StoreResult, Tx};
use titan_core::time::Clock;

/// How long a write waits for the one before it.
const BUSY: Duration = Duration::from_secs(10);
const READERS: u32 = 2;

/// An open SQLite database.
pub(crate) struct Sqlite {
    writer: SqlitePool,
    readers: SqlitePool,
    /// For the log of revisions alone: no list, however long, may hold up a revocation.
    log: SqlitePool,
    vault: Vault,
    /// Held as long as the database is open; the system drops it with the process.
    _lock: File,
}

/// What seals and opens.
#[derive(Clone)]
struct Vault {
    seal: Arc<SealKey>,
    entropy: Arc<dyn Entropy>,
}

/// One write.
struct SqliteTx {
    tx: Transaction<'static, sqlx::Sqlite>,
    vault: Vault,
}

impl Sqlite {
    pub(crate) async fn open(
        path: &Path,
        seal: SealKey,
        own_scopes: &[String],
        clock: &dyn Clock,
        entropy: Arc<dyn Entropy>,
    ) -> Result<(Self, Catalogue), ConnectError> {
        let lock = lock(path)?;
        let writer = pool(path, 1, false).await?;
        migrator().run(&writer).await?;
        let readers = pool(path, READERS, true).await?;
        let log = pool(path, 1, true).await?;
        let vault = Vault { seal: Arc::new(seal), entropy };
        let store = Self { writer, readers, log, vault, _lock: lock };
        store.check_seal().await?;
        tenant::ensure_default(&store.writer, clock.now()).await?;
        let catalogue = scope::reconcile(&store.writer, own_scopes).await?;
        Ok((store, catalogue))
    }
}

/// One process a file: a second one would not hear of the first one's revocations.
fn lock(path: &Path) -> Result<File, ConnectError> {
    // By another name it is the same database.
    let real = if path.exists() { path.canonicalize() } else { Ok(path.to_owned()) };
    let path = crate::with_suffix(&real.map_err(|error| ConnectError::Io(path.to_owned(), error))?, ".lock");
    let io = |error| ConnectError::Io(path.clone(), error);
    let file = File::options().create(true).truncate(false).write(true).open(&path).map_err(io)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(ConnectError::Locked(path)),
        Err(TryLockError::Error(error)) => Err(io(error)),
    }
}

async fn pool(path: &Path, size: u32, is_reader: bool) -> Result<SqlitePool, ConnectError> {
    let options = SqliteConnectOptions::new()
        .filename(path)
        .create_if_missing(!is_reader)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .busy_timeout(BUSY)
        .foreign_keys(true)
        .pragma("query_only", if is_reader { "on" } else { "off" });
    PoolOptions::new()
        .max_connections(size)
        .min_connections(1)
        .acquire_timeout(BUSY)
        .idle_timeout(None)
        .max_lifetime(None)
        .test_before_acquire(false)
        // SQLite itself rolls back when the disk is full, and sqlx then counts a transaction that is not there:
        // such a connection could never begin another, so it is replaced.
        .before_acquire(|connection: &mut SqliteConnection, _| {
            Box::pin(async move { Ok(!connection.is_in_transaction()) })
        })
        .connect_with(options)
        .await
        .map_err(|error| ConnectError::Store(failed(error)))
}

#[async_trait]
impl Store for Sqlite {
    async fn begin(&self) -> StoreResult<Box<dyn Tx>> {
        let tx = self.writer.begin_with("BEGIN IMMEDIATE").await.map_err(failed)?;
        Ok(Box::new(SqliteTx { tx, vault: self.vault.clone() }))
    }
}

#[async_trait]
impl Tx for SqliteTx {
    async fn commit(self: Box<Self>) -> StoreResult<()> {
        self.tx.commit().await.map_err(failed)
    }
}
