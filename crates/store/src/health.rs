//! What `titan doctor` asks a database. It changes nothing, and holds up nobody.

use crate::backup::{BackupError, check_pages, is_open};
use crate::error::ConnectError;
use crate::migration;
use crate::postgres::{ONE_MOMENT, check_version, connect_one, refused};
use crate::seal::Place;
use crate::sqlite::{BUSY, failed, migrator};
use crate::vault::SealKeys;
use crate::{Location, with_suffix};
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, PgConnection, SqliteConnection, query_as, query_scalar, raw_sql};
use std::path::Path;
use titan_core::session::SESSION_SECS;
use titan_core::time::Timestamp;

const SLOTS: usize = 16;
/// Both engines understand it.
const SIGNING_KEYS: &str = "\
    SELECT CAST(slot AS BIGINT), secret, created_at, retired_at, \
        (SELECT max(expires_at) FROM key WHERE key.slot = signing_key.slot) \
    FROM signing_key";

/// How a database is.
#[derive(Debug)]
pub struct DatabaseHealth {
    /// An older version made its tables. A start brings them up to date.
    pub is_older: bool,
    /// What SQLite finds wrong with the file.
    pub damage: Option<String>,
    /// The size of SQLite's log.
    pub log_bytes: u64,
    /// Whether the seal key opens all signing keys; `None` if there is no seal key.
    pub opens: Option<bool>,
    /// How many slots a rotation of signing keys can take.
    pub free_slots: usize,
    /// When the newest row of the audit log was written.
    pub newest: Option<Timestamp>,
    /// The time by the clock of the server, if there is one.
    pub clock: Option<Timestamp>,
}

/// Slot, sealed secret, creation, retirement, and the end of the last key.
type SigningKey = (i64, Vec<u8>, i64, Option<i64>, Option<i64>);

enum Reader {
    Postgres(PgConnection),
    Sqlite(SqliteConnection),
}

/// Looks at a database, also while Titan runs on it.
pub async fn examine(
    location: &Location,
    seal: Option<&SealKeys>,
    now: Timestamp,
) -> Result<DatabaseHealth, ConnectError> {
    match location {
        Location::Postgres(url) => {
            let mut connection = connect_one(url).await?;
            let is_older = is_older(check_version(&mut connection).await)?;
            raw_sql(ONE_MOMENT).execute(&mut connection).await.map_err(refused)?;
            let mut health = read(&mut Reader::Postgres(connection), seal, now).await?;
            health.is_older = is_older;
            Ok(health)
        }
        Location::Sqlite(path) => examine_file(path, seal, now).await,
    }
}

async fn examine_file(
    path: &Path,
    seal: Option<&SealKeys>,
    now: Timestamp,
) -> Result<DatabaseHealth, ConnectError> {
    // Without a log, SQLite would make one, and it could not remove it.
    let options = SqliteConnectOptions::new().filename(path).busy_timeout(BUSY).read_only(true);
    let mut connection = options.immutable(!is_open(path)).connect().await.map_err(failed)?;
    let damage = match check_pages(&mut connection, path).await {
        Ok(()) => None,
        Err(BackupError::Damaged(_, what)) => Some(what),
        Err(BackupError::NotTitan(_)) => return Err(ConnectError::NotTitan),
        Err(BackupError::Store(error)) => return Err(error.into()),
        Err(error) => Some(error.to_string()),
    };
    let newest = query_scalar("SELECT coalesce(max(version), 0) FROM _sqlx_migrations");
    let newest: i64 = newest.fetch_one(&mut connection).await.map_err(|_| ConnectError::NotTitan)?;
    let is_older = is_older(migration::check(&migrator(), newest))?;
    let health = read(&mut Reader::Sqlite(connection), seal, now).await?;
    let log_bytes = std::fs::metadata(with_suffix(path, "-wal")).map_or(0, |log| log.len());
    Ok(DatabaseHealth { is_older, damage, log_bytes, ..health })
}

fn is_older(checked: Result<(), ConnectError>) -> Result<bool, ConnectError> {
    match checked {
        Ok(()) => Ok(false),
        Err(ConnectError::Older(_)) => Ok(true),
        Err(error) => Err(error),
    }
}

async fn read(
    reader: &mut Reader,
    seal: Option<&SealKeys>,
    now: Timestamp,
) -> Result<DatabaseHealth, ConnectError> {
    let keys = reader.signing_keys().await?;
    let opens = |seal: &SealKeys| keys.iter().all(|(slot, secret, ..)| is_opened(seal, *slot, secret));
    Ok(DatabaseHealth {
        is_older: false,
        damage: None,
        log_bytes: 0,
        opens: seal.map(opens),
        free_slots: free_slots(&keys, now),
        newest: reader.newest().await?.map(Timestamp::from_ms),
        clock: reader.clock().await?.map(Timestamp::from_ms),
    })
}

fn is_opened(seal: &SealKeys, slot: i64, secret: &[u8]) -> bool {
    let Ok(slot) = u8::try_from(slot) else { return false };
    seal.open(Place { table: "signing_key", column: "secret", row: &[slot] }, secret).is_some()
}

/// As a rotation counts them: those without a key, and those of which nothing is good any more.
fn free_slots(keys: &[SigningKey], now: Timestamp) -> usize {
    let younger = |at: i64| keys.iter().map(|key| key.2).filter(|other| *other > at).min();
    let has_served = |key: &&SigningKey| {
        key.3.is_some()
            || younger(key.2).is_some_and(|at| Timestamp::from_ms(at).plus_secs(SESSION_SECS) <= now)
    };
    let ended = keys.iter().filter(has_served).filter(|key| key.4.is_none_or(|last| last <= now.ms()));
    SLOTS - keys.len().min(SLOTS) + ended.count()
}

impl Reader {
    async fn signing_keys(&mut self) -> Result<Vec<SigningKey>, ConnectError> {
        match self {
            Self::Postgres(connection) => query_as(SIGNING_KEYS).fetch_all(connection).await.map_err(refused),
            Self::Sqlite(connection) => {
                query_as(SIGNING_KEYS).fetch_all(connection).await.map_err(|error| failed(error).into())
            }
        }
    }

    async fn newest(&mut self) -> Result<Option<i64>, ConnectError> {
        const NEWEST: &str = "SELECT at FROM audit ORDER BY sequence DESC LIMIT 1";
        match self {
            Self::Postgres(connection) => {
                query_scalar(NEWEST).fetch_optional(connection).await.map_err(refused)
            }
            Self::Sqlite(connection) => {
                query_scalar(NEWEST).fetch_optional(connection).await.map_err(|error| failed(error).into())
            }
        }
    }

    /// SQLite has no other clock than ours.
    async fn clock(&mut self) -> Result<Option<i64>, ConnectError> {
        let Self::Postgres(connection) = self else { return Ok(None) };
        let select = query_scalar("SELECT (extract(epoch FROM clock_timestamp()) * 1000)::bigint");
        select.fetch_one(connection).await.map(Some).map_err(refused)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slot_is_free_once_nothing_of_it_is_good() {
        let now = Timestamp::from_secs(100 * 86_400);
        let day = |days: i64| Timestamp::from_secs(days * 86_400).ms();
        assert_eq!(free_slots(&[], now), 16);
        let signer = (0, Vec::new(), day(99), None, None);
        assert_eq!(free_slots(std::slice::from_ref(&signer), now), 15);
        let retired = |last| (1, Vec::new(), day(1), Some(day(2)), Some(last));
        assert_eq!(free_slots(&[signer.clone(), retired(day(99))], now), 15);
        assert_eq!(free_slots(&[signer.clone(), retired(day(101))], now), 14);
        let served = (1, Vec::new(), day(1), None, None);
        assert_eq!(free_slots(&[signer, served.clone()], now), 14, "its sessions may live");
        assert_eq!(free_slots(&[(0, Vec::new(), day(60), None, None), served], now), 15);
    }
}
