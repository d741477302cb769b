//! What SQLite's errors mean to the rules, and how columns are read.

use sqlx::sqlite::SqliteRow;
use sqlx::{Decode, Error, Row, Sqlite, Type};
use titan_core::port::{StoreError, StoreResult};
use titan_core::time::Timestamp;

/// Primary result codes (sqlite.org/rescode.html) after which the same call may work later:
/// BUSY, LOCKED, READONLY, IOERR, FULL, CANTOPEN.
const PASSING: [&str; 6] = ["5", "6", "8", "10", "13", "14"];

pub(crate) fn failed(error: Error) -> StoreError {
    let is_passing = match &error {
        Error::PoolTimedOut | Error::PoolClosed | Error::WorkerCrashed | Error::Io(_) => true,
        Error::Database(error) => error.code().is_some_and(|code| is_passing(&code)),
        _ => false,
    };
    if is_passing { StoreError::Unavailable(error.into()) } else { StoreError::Failed(error.into()) }
}

/// The low byte of an extended code is the primary one.
fn is_passing(code: &str) -> bool {
    let primary = code.parse::<u32>().map(|code| (code & 0xff).to_string()).unwrap_or_default();
    PASSING.contains(&primary.as_str())
}

/// A column of a known table.
pub(super) fn column<'r, T>(row: &'r SqliteRow, table: &'static str, column: &'static str) -> StoreResult<T>
where
    T: Decode<'r, Sqlite> + Type<Sqlite>,
{
    row.try_get(column).map_err(|_| StoreError::Corrupt { table, column })
}

pub(super) fn time(row: &SqliteRow, table: &'static str, name: &'static str) -> StoreResult<Timestamp> {
    column::<i64>(row, table, name).map(Timestamp::from_ms)
}

pub(super) fn optional_time(
    row: &SqliteRow,
    table: &'static str,
    name: &'static str,
) -> StoreResult<Option<Timestamp>> {
    Ok(column::<Option<i64>>(row, table, name)?.map(Timestamp::from_ms))
}
