//! Keys.

mod list;
pub(super) mod term;

use super::error::{column, failed, optional_time, time};
use super::{MOST_ROWS, Sqlite, SqliteTx};
use crate::columns::{columns, select};
use crate::stored::{creator, creator_bytes, key_bytes, key_id, prefix, prefix_number, user_bytes, uuid};
use async_trait::async_trait;
use sqlx::sqlite::SqliteRow;
use sqlx::{AssertSqlSafe, QueryBuilder, SqliteConnection, query, query_scalar};
use titan_core::key::{Key, KeyFilter, Keys, KeysTx, Page, Which};
use titan_core::port::{StoreError, StoreResult};
use titan_core::time::Timestamp;
use titan_token::{KeyId, ScopeBit, Slot, TenantId, UserId, Uuid};

const TABLE: &str = "key";
/// `last_used_at` of a key that was never used. It is earlier than every use.
const NEVER: i64 = 0;

/// A key's line goes back through its rotations; its family is that line, what any key of it made, and theirs.
/// A predecessor that lives on for its overlap is the same credential, so it belongs to the family.
const DESCENDANTS: &str = concat!(
    "WITH RECURSIVE \
     line (id) AS ( \
         VALUES (?1) \
         UNION SELECT key.rotated_from FROM key JOIN line ON key.id = line.id WHERE key.rotated_from IS NOT NULL), \
     family (id) AS ( \
         SELECT id FROM line \
         UNION SELECT key.id FROM key JOIN family ON key.created_by = family.id \
         UNION SELECT key.id FROM key JOIN family ON key.rotated_from = family.id) ",
    select!(key),
    " JOIN family ON key.id = family.id \
     WHERE key.revoked_at IS NULL AND key.id <> ?1 AND (key.is_active OR NOT ?2) LIMIT ?3",
);

#[async_trait]
impl Keys for Sqlite {
    async fn key(&self, id: KeyId) -> StoreResult<Option<Key>> {
        let select = query(select!(key, "WHERE id = ?")).bind(key_bytes(id));
        select.fetch_optional(&self.readers).await.map_err(failed)?.as_ref().map(read).transpose()
    }

    async fn keys(&self, filter: &KeyFilter) -> StoreResult<Page> {
        // One transaction: all that a page is made of is of one moment.
        let mut tx = self.readers.begin().await.map_err(failed)?;
        list::page(&mut tx, filter).await
    }

    async fn record_uses(&self, uses: &[(KeyId, Timestamp)]) -> StoreResult<()> {
        let mut turn = self.writers.begin().await?;
        for (id, at) in uses {
            for table in ["key", "opaque_key"] {
                let sql = format!("UPDATE {table} SET last_used_at = ?2 WHERE id = ?1 AND last_used_at < ?2");
                let update = query(AssertSqlSafe(sql)).bind(key_bytes(*id)).bind(at.ms());
                let done = update.execute(turn.connection().await?).await.map_err(failed)?;
                // An id is in one of them.
                if done.rows_affected() > 0 {
                    break;
                }
            }
        }
        turn.commit().await
    }
}

#[async_trait]
impl KeysTx for SqliteTx {
    async fn lookup_key(&mut self, id: KeyId) -> StoreResult<Option<Key>> {
        let select = query(select!(key, "WHERE id = ?")).bind(key_bytes(id));
        select
            .fetch_optional(self.turn.key_reader(id).await?)
            .await
            .map_err(failed)?
            .as_ref()
            .map(read)
            .transpose()
    }

    async fn descendants(&mut self, id: KeyId, which: Which, limit: u32) -> StoreResult<Vec<Key>> {
        let select = query(DESCENDANTS).bind(key_bytes(id)).bind(which == Which::Active).bind(limit);
        select.fetch_all(self.connection().await?).await.map_err(failed)?.iter().map(read).collect()
    }

    async fn made_by(&mut self, id: KeyId, limit: u32) -> StoreResult<Vec<Key>> {
        let select = query(select!(key, "WHERE created_by = ? AND revoked_at IS NULL LIMIT ?"))
            .bind(key_bytes(id))
            .bind(limit);
        select.fetch_all(self.connection().await?).await.map_err(failed)?.iter().map(read).collect()
    }

    async fn owned_by(
        &mut self,
        user: UserId,
        tenant: TenantId,
        after: Timestamp,
        limit: u32,
    ) -> StoreResult<Vec<Key>> {
        let select = query(select!(
            key,
            "WHERE created_by = ? AND is_owned AND tenant = ? AND revoked_at IS NULL \
             AND expires_at > ? LIMIT ?"
        ));
        let select = select.bind(user_bytes(user)).bind(tenant.0).bind(after.ms()).bind(limit);
        select.fetch_all(self.connection().await?).await.map_err(failed)?.iter().map(read).collect()
    }

    async fn add_key(&mut self, key: &Key) -> StoreResult<()> {
        self.turn.add_key(key)
    }

    async fn save_key(&mut self, key: &Key) -> StoreResult<()> {
        let select = query(concat!("SELECT ", columns!(key), ", number FROM key WHERE id = ?"))
            .bind(key_bytes(key.id));
        let Some(old) = select.fetch_optional(self.connection().await?).await.map_err(failed)? else {
            return Ok(());
        };
        query(
            "UPDATE key SET label = ?2, is_active = ?3, revoked_at = ?4, rotated_at = ?5, retires_at = ?6, \
             is_suspended = ?7, rate_limit = ?8 WHERE id = ?1",
        )
        .bind(key_bytes(key.id))
        .bind(&key.label)
        .bind(key.is_active)
        .bind(key.revoked_at.map(Timestamp::ms))
        .bind(key.rotated_at.map(Timestamp::ms))
        .bind(key.retires_at.map(Timestamp::ms))
        .bind(key.is_suspended)
        .bind(key.rate_limit)
        .execute(self.connection().await?)
        .await
        .map_err(failed)?;
        let number = column(&old, TABLE, "number")?;
        term::replace(self.connection().await?, number, term::of(&read(&old)?), term::of(key)).await
    }
}

/// Adds keys under the next numbers.
pub(super) async fn add(connection: &mut SqliteConnection, keys: Vec<&Key>) -> StoreResult<()> {
    for keys in keys.chunks(MOST_ROWS) {
        let raise = query_scalar("UPDATE key_number SET last = last + ?1 RETURNING last - ?1 + 1");
        let count = i64::try_from(keys.len()).unwrap_or(i64::MAX);
        let first: i64 = raise.bind(count).fetch_one(&mut *connection).await.map_err(failed)?;
        let numbered: Vec<(i64, &Key)> = (first..).zip(keys.iter().copied()).collect();
        add_rows(&mut *connection, &numbered).await?;
        term::add(&mut *connection, &numbered).await?;
    }
    Ok(())
}

async fn add_rows(connection: &mut SqliteConnection, keys: &[(i64, &Key)]) -> StoreResult<()> {
    let mut insert = QueryBuilder::new(
        "INSERT INTO key (id, tenant, prefix, slot, label, scopes, created_at, expires_at, is_active, \
         revoked_at, rotated_at, retires_at, created_by, rotated_from, last_used_at, number, is_owned, is_suspended, rate_limit, limited_as) ",
    );
    insert.push_values(keys, |mut row, (number, key)| {
        row.push_bind(key_bytes(key.id))
            .push_bind(key.tenant.0)
            .push_bind(prefix_number(key.prefix))
            .push_bind(key.slot.number())
            .push_bind(key.label.clone())
            .push_bind(key.scopes.iter().map(|bit| bit.number()).collect::<Vec<u8>>())
            .push_bind(key.created_at.ms())
            .push_bind(key.expires_at.ms())
            .push_bind(key.is_active)
            .push_bind(key.revoked_at.map(Timestamp::ms))
            .push_bind(key.rotated_at.map(Timestamp::ms))
            .push_bind(key.retires_at.map(Timestamp::ms))
            .push_bind(creator_bytes(key.created_by))
            .push_bind(key.rotated_from.map(key_bytes))
            .push_bind(key.last_used_at.map_or(NEVER, Timestamp::ms))
            .push_bind(*number)
            .push_bind(key.owner().is_some())
            .push_bind(key.is_suspended)
            .push_bind(key.rate_limit)
            .push_bind(key.limited_as.map(key_bytes));
    });
    insert.build().execute(connection).await.map_err(failed)?;
    Ok(())
}

pub(super) fn read(row: &SqliteRow) -> StoreResult<Key> {
    let corrupt = |column| StoreError::Corrupt { table: TABLE, column };
    let optional_uuid = |name| -> StoreResult<Option<Uuid>> {
        let bytes: Option<&[u8]> = column(row, TABLE, name)?;
        bytes.map(|bytes| uuid(bytes).ok_or(corrupt(name))).transpose()
    };
    let number_of_prefix: u8 = column(row, TABLE, "prefix")?;
    let scopes: &[u8] = column(row, TABLE, "scopes")?;
    let scopes: Option<Vec<ScopeBit>> = scopes.iter().map(|bit| ScopeBit::new(*bit)).collect();
    Ok(Key {
        id: key_id(column(row, TABLE, "id")?).ok_or(corrupt("id"))?,
        tenant: TenantId(column(row, TABLE, "tenant")?),
        prefix: prefix(number_of_prefix).ok_or(corrupt("prefix"))?,
        slot: Slot::new(column(row, TABLE, "slot")?).ok_or(corrupt("slot"))?,
        label: column(row, TABLE, "label")?,
        scopes: scopes.ok_or(corrupt("scopes"))?,
        created_at: time(row, TABLE, "created_at")?,
        expires_at: time(row, TABLE, "expires_at")?,
        is_active: column(row, TABLE, "is_active")?,
        revoked_at: optional_time(row, TABLE, "revoked_at")?,
        rotated_at: optional_time(row, TABLE, "rotated_at")?,
        retires_at: optional_time(row, TABLE, "retires_at")?,
        created_by: creator(optional_uuid("created_by")?, column(row, TABLE, "is_owned")?),
        is_suspended: column(row, TABLE, "is_suspended")?,
        rate_limit: column(row, TABLE, "rate_limit")?,
        limited_as: optional_uuid("limited_as")?.map(KeyId::new),
        rotated_from: optional_uuid("rotated_from")?.map(KeyId::new),
        last_used_at: optional_time(row, TABLE, "last_used_at")?.filter(|at| at.ms() != NEVER),
    })
}
