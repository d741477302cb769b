//! Opaque keys: SHA-256 of the key, looked up in a SQLite file.

use super::opaque::{Hash, hash};
use crate::keys::{EXPIRES, GRANTED, Pile, TENANT};
use rusqlite::Connection;
use std::path::Path;

const SCHEMA: &str = "
    PRAGMA journal_mode = WAL;
    PRAGMA synchronous = OFF;
    CREATE TABLE key (
        hash BLOB PRIMARY KEY, tenant INTEGER NOT NULL, scopes BLOB NOT NULL, expires_at INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;";

/// All keys of a deployment, in a file.
pub struct Table(Connection);

impl Table {
    /// The first `count` keys of a pile, in a new file.
    pub fn new(path: &Path, keys: &Pile, count: usize) -> anyhow::Result<Self> {
        let mut connection = Connection::open(path)?;
        connection.execute_batch(SCHEMA)?;
        let mut hashes: Vec<Hash> = (0..count).map(|number| hash(keys.get(number))).collect();
        // In the order of the table, which is how it is filled fastest.
        hashes.sort_unstable();
        let transaction = connection.transaction()?;
        {
            let mut insert = transaction.prepare("INSERT INTO key VALUES (?1, ?2, ?3, ?4)")?;
            for hash in &hashes {
                insert.execute((hash, TENANT.0, GRANTED.bits().to_be_bytes(), EXPIRES))?;
            }
        }
        transaction.commit()?;
        Ok(Self(connection))
    }

    /// Whose key it is, if it is good; the statement was prepared before.
    pub fn check(&self, key: &str, now: u32) -> Option<(u32, [u8; 16])> {
        let mut select =
            self.0.prepare_cached("SELECT tenant, scopes, expires_at FROM key WHERE hash = ?1").ok()?;
        let (tenant, scopes, expires_at) = select
            .query_row([hash(key)], |row| Ok((row.get(0)?, row.get(1)?, row.get::<_, u32>(2)?)))
            .ok()?;
        (now < expires_at).then_some((tenant, scopes))
    }
}
