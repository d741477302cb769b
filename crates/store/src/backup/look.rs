//! What is in a file, and whether it is damaged.

use super::BackupError;
use super::file::io_of;
use crate::error::ConnectError;
use crate::sqlite::{audit_head, failed, migrator, rows_after};
use sqlx::error::DatabaseError;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Connection, Error, SqliteConnection, query_as, query_scalar};
use std::fs::File;
use std::io::{ErrorKind, Read};
use std::path::Path;
use titan_core::audit::{GENESIS, Hash, first_break};
use titan_core::port::StoreError;
use titan_core::time::Timestamp;

/// How many rows of the audit log are in memory at the same time.
const PAGE: u32 = 2_000;
/// How a file begins, and how long its header is (sqlite.org/fileformat2.html, 1.3).
const MAGIC: &[u8] = b"SQLite format 3\0";
const HEADER: usize = 100;
/// Result codes of SQLite: CORRUPT and NOTADB.
const CORRUPT: &str = "11";
const NOT_A_DATABASE: &str = "26";

/// What is in a backup.
#[derive(Clone, Debug)]
pub struct Contents {
    /// The size of the file.
    pub bytes: u64,
    /// The newest revision.
    pub revision: i64,
    /// How many tenants.
    pub tenants: u64,
    /// How many API keys and platform keys that are not revoked.
    pub keys: u64,
    /// How many users.
    pub users: u64,
    /// When the newest row of the audit log was written.
    pub newest: Option<Timestamp>,
    /// The number and the hash of that row.
    pub audit_head: (i64, Hash),
    /// The first row of the audit log that does not follow from the one before it.
    pub audit_break: Option<i64>,
}

/// Reads the whole file. Nobody must be writing to it.
pub(super) async fn look(path: &Path) -> Result<Contents, BackupError> {
    let bytes = std::fs::metadata(path).map_err(io_of(path))?.len();
    check_length(path, bytes)?;
    // Immutable: SQLite makes no files beside it, so it may lie where nobody can write.
    let options = SqliteConnectOptions::new().filename(path).read_only(true).immutable(true);
    let of = |error| unreadable(path, error);
    let mut connection = options.connect().await.map_err(of)?;
    check_pages(&mut connection, path).await?;
    check_version(&mut connection, path).await?;
    let contents = contents(&mut connection, bytes).await?;
    connection.close().await.map_err(of)?;
    Ok(contents)
}

/// SQLite reads what is missing at the end as zeros, if it is less than a page.
fn check_length(path: &Path, bytes: u64) -> Result<(), BackupError> {
    let mut header = [0; HEADER];
    let read = File::open(path).and_then(|mut file| file.read_exact(&mut header));
    read.map_err(|error| match error.kind() {
        ErrorKind::UnexpectedEof => BackupError::NotTitan(path.to_owned()),
        _ => BackupError::Io(path.to_owned(), error),
    })?;
    if !header.starts_with(MAGIC) {
        return Err(BackupError::NotTitan(path.to_owned()));
    }
    // A page of 65,536 bytes is written as 1.
    let page = match u64::from(u16::from_be_bytes([header[16], header[17]])) {
        1 => 65_536,
        size => size,
    };
    let pages = u64::from(u32::from_be_bytes([header[28], header[29], header[30], header[31]]));
    if page * pages == bytes {
        return Ok(());
    }
    let what = format!("it has {bytes} bytes, and should have {}", page * pages);
    Err(BackupError::Damaged(path.to_owned(), what))
}

/// A check that reads each page once.
pub(crate) async fn check_pages(connection: &mut SqliteConnection, path: &Path) -> Result<(), BackupError> {
    check(connection, path, "PRAGMA quick_check(1)").await
}

/// Runs a check of SQLite's, which answers `ok` or what is wrong.
pub(super) async fn check(
    connection: &mut SqliteConnection,
    path: &Path,
    pragma: &'static str,
) -> Result<(), BackupError> {
    let found: String =
        query_scalar(pragma).fetch_one(connection).await.map_err(|error| unreadable(path, error))?;
    // It may be many lines.
    let first = found.lines().last().unwrap_or_default().to_owned();
    if first == "ok" { Ok(()) } else { Err(BackupError::Damaged(path.to_owned(), first)) }
}

async fn check_version(connection: &mut SqliteConnection, path: &Path) -> Result<(), BackupError> {
    let tables: i64 = query_scalar(
        "SELECT count(*) FROM sqlite_schema \
         WHERE name IN ('_sqlx_migrations', 'signing_key', 'key', 'audit') AND type = 'table'",
    )
    .fetch_one(&mut *connection)
    .await
    .map_err(|error| unreadable(path, error))?;
    if tables < 4 {
        return Err(BackupError::NotTitan(path.to_owned()));
    }
    let newest: i64 = query_scalar("SELECT coalesce(max(version), 0) FROM _sqlx_migrations")
        .fetch_one(connection)
        .await
        .map_err(|error| unreadable(path, error))?;
    match crate::migration::check(&migrator(), newest) {
        // A restore brings it up to date.
        Ok(()) | Err(ConnectError::Older(_)) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

async fn contents(connection: &mut SqliteConnection, bytes: u64) -> Result<Contents, StoreError> {
    let (revision, tenants, keys, newest): (i64, i64, i64, Option<i64>) = query_as(
        "SELECT (SELECT revision FROM revision_head), (SELECT count(*) FROM tenant), \
         (SELECT count(*) FROM key WHERE revoked_at IS NULL), \
         (SELECT at FROM audit ORDER BY sequence DESC LIMIT 1)",
    )
    .fetch_one(&mut *connection)
    .await
    .map_err(failed)?;
    Ok(Contents {
        bytes,
        revision,
        tenants: tenants.unsigned_abs(),
        keys: keys.unsigned_abs(),
        users: users(connection).await?,
        newest: newest.map(Timestamp::from_ms),
        audit_head: audit_head(&mut *connection).await?.unwrap_or((0, GENESIS)),
        audit_break: audit_break(connection).await?,
    })
}

/// A database of an early version has none.
async fn users(connection: &mut SqliteConnection) -> Result<u64, StoreError> {
    let is_there: i64 = query_scalar("SELECT count(*) FROM sqlite_schema WHERE name = 'person'")
        .fetch_one(&mut *connection)
        .await
        .map_err(failed)?;
    if is_there == 0 {
        return Ok(0);
    }
    let count: i64 =
        query_scalar("SELECT count(*) FROM person").fetch_one(connection).await.map_err(failed)?;
    Ok(count.unsigned_abs())
}

async fn audit_break(connection: &mut SqliteConnection) -> Result<Option<i64>, StoreError> {
    let (mut previous, mut after) = (GENESIS, 0);
    loop {
        let rows = rows_after(&mut *connection, after, PAGE).await?;
        if let Some(sequence) = first_break(previous, &rows) {
            return Ok(Some(sequence));
        }
        let Some(last) = rows.last() else { return Ok(None) };
        (previous, after) = (last.hash, last.sequence);
    }
}

/// What an error of reading means.
pub(super) fn unreadable(path: &Path, error: Error) -> BackupError {
    let code = error.as_database_error().and_then(DatabaseError::code);
    match code.as_deref() {
        Some(CORRUPT) => BackupError::Damaged(path.to_owned(), error.to_string()),
        Some(NOT_A_DATABASE) => BackupError::NotTitan(path.to_owned()),
        _ => BackupError::Store(failed(error)),
    }
}
