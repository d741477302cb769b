//! SQLite: one file, one process, one writer.
//!
//! Writes go through one connection and have their turns, so they exclude each other; those that wait together commit
//! together ([`crate::group`]). Reads go through others and see the newest commit (WAL). `synchronous=FULL` makes a commit survive
//! a crash of the machine, not only of the process.

mod answer;
mod attempt;
mod audit;
mod budget;
mod client_token;
mod error;
mod imported_key;
mod instance;
mod invitation;
mod key;
mod live_session;
mod migration;
mod moved;
mod opaque;
mod restored;
mod revision;
mod scope;
mod seal;
mod second_factor;
mod session;
mod settings;
mod signing;
mod tenant;
mod usage;
mod user;

pub(crate) use audit::{head as audit_head, rows_after};
pub(crate) use error::failed;
pub(crate) use key::term::of_columns as terms;
pub(crate) use migration::migrator;
pub use restored::Ended;
pub(crate) use restored::end_credentials;
pub(crate) use seal::settle;
pub(crate) use signing::check_seal;

use crate::error::ConnectError;
use crate::group::{Engine, Groups, Rows, Turn};
use crate::vault::Vault;
use async_trait::async_trait;
use budget::Ledger;
use sqlx::pool::PoolOptions;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};
use sqlx::{Connection, SqliteConnection, SqlitePool};
use std::fs::{File, TryLockError};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use titan_core::access::Catalogue;
use titan_core::port::{Store, StoreError, StoreResult, Tx, WriteLoad};
use titan_core::revision::Instance;
use titan_core::time::Clock;

/// How long a write waits for the one before it.
pub(crate) const BUSY: Duration = Duration::from_secs(10);
/// What the file of a restored database is called until it is in its place.
pub(crate) const RESTORED: &str = ".restored";
const READERS: u32 = 2;
/// No statement adds more rows than this: each number of rows is a statement that SQLite keeps prepared.
const MOST_ROWS: usize = 16;

/// An open SQLite database.
pub(crate) struct Sqlite {
    writers: Groups<sqlx::Sqlite>,
    readers: SqlitePool,
    /// For the log of revisions alone: no list, however long, may hold up a revocation.
    log: SqlitePool,
    ledger: Ledger,
    vault: Vault,
    /// Whoever asks for usage has it.
    usage: Arc<tokio::sync::Mutex<()>>,
    /// The one instance, while it runs.
    instance: Mutex<Option<Instance>>,
    /// Held as long as the database is open; the system drops it with the process.
    _lock: File,
}

/// One write.
struct SqliteTx {
    turn: Turn<sqlx::Sqlite>,
    vault: Vault,
}

impl Sqlite {
    pub(crate) async fn open(
        path: &Path,
        vault: Vault,
        own_scopes: &[String],
        clock: &dyn Clock,
    ) -> Result<(Self, Catalogue), ConnectError> {
        let lock = lock(path)?;
        let writer = pool(path, 1, false).await?;
        migrator().run(&writer).await?;
        moved::leave_or_refuse(&writer, path).await?;
        let readers = pool(path, READERS, true).await?;
        let log = pool(path, 1, true).await?;
        let ledger = Ledger::open(path).await.map_err(ConnectError::Store)?;
        tenant::ensure_default(&writer, clock.now()).await?;
        let catalogue = scope::reconcile(&writer, own_scopes).await?;
        let writers = Groups::new(writer);
        let (instance, usage) = (Mutex::default(), Arc::default());
        let store = Self { writers, readers, log, ledger, vault, usage, instance, _lock: lock };
        check_seal(&store.log, &store.vault).await?;
        let mut turn = store.writers.begin().await?;
        seal::settle(turn.connection().await?, &store.vault).await?;
        turn.commit().await?;
        Ok((store, catalogue))
    }
}

/// One process a file: a second one would not hear of the first one's revocations. A restore that was interrupted must
/// come to its end first.
pub(crate) fn lock(path: &Path) -> Result<File, ConnectError> {
    let real = real(path)?;
    let lock = take(&real)?;
    refuse_restoring(&real)?;
    Ok(lock)
}

/// Refuses the real name of a database if a restore was interrupted there.
pub(crate) fn refuse_restoring(real: &Path) -> Result<(), ConnectError> {
    let restored = crate::with_suffix(real, RESTORED);
    if restored.exists() { Err(ConnectError::Restoring(restored)) } else { Ok(()) }
}

/// By another name it is the same database, also while a restore has moved it away.
pub(crate) fn real(path: &Path) -> Result<PathBuf, ConnectError> {
    match path.canonicalize() {
        Ok(real) => Ok(real),
        Err(error) if error.kind() == ErrorKind::NotFound => {
            let folder = path.parent().unwrap_or(Path::new(""));
            Ok(path.read_link().map_or_else(|_| path.to_owned(), |target| folder.join(target)))
        }
        Err(error) => Err(ConnectError::Io(path.to_owned(), error)),
    }
}

/// The lock alone, by the real name of the database.
pub(crate) fn take(real: &Path) -> Result<File, ConnectError> {
    let path = crate::with_suffix(real, ".lock");
    let io = |error| ConnectError::Io(path.clone(), error);
    let file = File::options().create(true).truncate(false).write(true).open(&path).map_err(io)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(ConnectError::Locked(path)),
        Err(TryLockError::Error(error)) => Err(io(error)),
    }
}

pub(crate) async fn pool(path: &Path, size: u32, is_reader: bool) -> Result<SqlitePool, ConnectError> {
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
    fn write_load(&self) -> WriteLoad {
        self.writers.load()
    }

    async fn begin(&self) -> StoreResult<Box<dyn Tx>> {
        let turn = self.writers.begin().await?;
        Ok(Box::new(SqliteTx { turn, vault: self.vault.clone() }))
    }
}

#[async_trait]
impl Engine for sqlx::Sqlite {
    const BEGIN: &'static str = "BEGIN IMMEDIATE; SAVEPOINT writer";

    fn failed(error: sqlx::Error) -> StoreError {
        failed(error)
    }

    async fn add(connection: &mut SqliteConnection, rows: &[Rows]) -> StoreResult<()> {
        key::add(connection, rows.iter().flat_map(|rows| &rows.keys).collect()).await?;
        answer::add(connection, rows.iter().flat_map(|rows| &rows.answers).collect()).await?;
        audit::add(connection, rows.iter().flat_map(|rows| &rows.audit).collect()).await
    }
}

impl SqliteTx {
    async fn connection(&mut self) -> StoreResult<&mut SqliteConnection> {
        self.turn.connection().await
    }
}

#[async_trait]
impl Tx for SqliteTx {
    async fn commit(self: Box<Self>) -> StoreResult<()> {
        self.turn.commit().await
    }
}
