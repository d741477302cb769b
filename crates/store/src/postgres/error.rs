//! What PostgreSQL's errors mean to the rules and to the operator, and how columns are read.

use crate::error::ConnectError;
use sqlx::error::DatabaseError;
use sqlx::postgres::PgRow;
use sqlx::{Decode, Error, Postgres, Row, Type};
use std::io::ErrorKind;
use titan_core::port::{StoreError, StoreResult};
use titan_core::time::Timestamp;

/// Classes of SQLSTATE (Appendix A of the manual) after which the same call may work later: connection exceptions,
/// insufficient resources, the server is stopped or starts, system errors.
const PASSING_CLASSES: [&str; 4] = ["08", "53", "57", "58"];
const SERIALIZATION_FAILURE: &str = "40001";
const DEADLOCK: &str = "40P01";
const LOCK_NOT_AVAILABLE: &str = "55P03";
const READ_ONLY: &str = "25006";
/// After these, the same transaction may work at once.
const ABORTED: [&str; 2] = [SERIALIZATION_FAILURE, DEADLOCK];
/// After these, and after those of the classes, it may work later.
const PASSING: [&str; 3] = [LOCK_NOT_AVAILABLE, READ_ONLY, "25P03"];

pub(crate) fn failed(error: Error) -> StoreError {
    let code = error.as_database_error().and_then(DatabaseError::code);
    if code.is_some_and(|code| ABORTED.contains(&&*code)) {
        return StoreError::Aborted(error.into());
    }
    let is_passing = match &error {
        // A connection that breaks in the middle of a message is one of the last four.
        Error::PoolTimedOut
        | Error::PoolClosed
        | Error::WorkerCrashed
        | Error::Io(_)
        | Error::Tls(_)
        | Error::Protocol(_)
        | Error::BeginFailed => true,
        Error::Database(error) => error.code().is_some_and(|code| is_passing(&code)),
        _ => false,
    };
    if is_passing { StoreError::Unavailable(error.into()) } else { StoreError::Failed(error.into()) }
}

fn is_passing(code: &str) -> bool {
    PASSING.contains(&code) || PASSING_CLASSES.iter().any(|class| code.starts_with(class))
}

const TLS: &str = "check sslmode and sslrootcert in TITAN_DATABASE_URL";

/// Why a database cannot be opened, in words that say what to do.
pub(crate) fn refused(error: Error) -> ConnectError {
    let code = error.as_database_error().and_then(DatabaseError::code);
    let advice = match code.as_deref() {
        Some("28P01" | "28000") => "check the user and the password in TITAN_DATABASE_URL",
        Some("3D000") => "the database does not exist; create it with: createdb NAME",
        Some("42501") => "the user needs the right to create tables in this database",
        Some("53300") => "the server has no free connection; raise max_connections",
        Some("57P03") => "the server starts or stops; try again",
        Some(READ_ONLY) => "the server is a standby or read-only; use the primary",
        _ => match &error {
            // What rustls says of a certificate.
            Error::Io(error) if error.kind() == ErrorKind::InvalidData => TLS,
            Error::Io(_) => "is the server running, and is the address right?",
            // It was tried again and again until then.
            Error::PoolTimedOut => "it gives no connection; raise max_connections, or look at its log",
            Error::Tls(_) => TLS,
            _ => return ConnectError::Store(failed(error)),
        },
    };
    ConnectError::Refused(error.to_string(), advice)
}

/// A column of a known table.
pub(super) fn column<'r, T>(row: &'r PgRow, table: &'static str, column: &'static str) -> StoreResult<T>
where
    T: Decode<'r, Postgres> + Type<Postgres>,
{
    row.try_get(column).map_err(|_| StoreError::Corrupt { table, column })
}

/// A column with a number that is smaller in the program than in the database.
pub(super) fn number<T: TryFrom<i64>>(
    row: &PgRow,
    table: &'static str,
    name: &'static str,
) -> StoreResult<T> {
    T::try_from(column(row, table, name)?).map_err(|_| StoreError::Corrupt { table, column: name })
}

/// The same for `smallint`.
pub(super) fn small(row: &PgRow, table: &'static str, name: &'static str) -> StoreResult<u8> {
    u8::try_from(column::<i16>(row, table, name)?).map_err(|_| StoreError::Corrupt { table, column: name })
}

pub(super) fn time(row: &PgRow, table: &'static str, name: &'static str) -> StoreResult<Timestamp> {
    column::<i64>(row, table, name).map(Timestamp::from_ms)
}

pub(super) fn optional_time(
    row: &PgRow,
    table: &'static str,
    name: &'static str,
) -> StoreResult<Option<Timestamp>> {
    Ok(column::<Option<i64>>(row, table, name)?.map(Timestamp::from_ms))
}
