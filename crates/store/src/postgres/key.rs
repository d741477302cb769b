//! Keys.

mod list;
mod term;

pub(crate) use term::of_columns as terms;

use super::connect::one_moment;
use super::error::{column, failed, number, optional_time, small, time};
use super::{Postgres, PostgresTx, each};
use crate::columns::select;
use crate::stored::{creator, creator_bytes, key_bytes, key_id, prefix, prefix_number, user_bytes, uuid};
use async_trait::async_trait;
use sqlx::postgres::PgRow;
use sqlx::{AssertSqlSafe, PgConnection, query};
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
         VALUES ($1::bytea) \
         UNION SELECT key.rotated_from FROM key JOIN line ON key.id = line.id WHERE key.rotated_from IS NOT NULL), \
     family (id) AS ( \
         SELECT id FROM line \
         UNION SELECT key.id FROM key JOIN family ON key.created_by = family.id OR key.rotated_from = family.id) ",
    select!(key),
    " JOIN family ON key.id = family.id \
     WHERE key.revoked_at IS NULL AND key.id <> $1 AND (key.is_active OR NOT $2) LIMIT $3",
);

/// A parameter is a column, so it is one statement for any number of keys. All their terms are one array ($16), of which
/// each key has a part.
const ADD: &str = "WITH raised AS ( \
         UPDATE key_number SET last = last + cardinality($1::bytea[]) RETURNING last - cardinality($1) AS before) \
     INSERT INTO key (id, tenant, prefix, slot, label, scopes, created_at, expires_at, is_active, \
         revoked_at, rotated_at, retires_at, created_by, rotated_from, last_used_at, terms, number, is_owned, is_suspended, rate_limit, limited_as) \
     SELECT id, tenant, prefix, slot, label, scopes, created_at, expires_at, is_active, revoked_at, rotated_at, retires_at, \
         created_by, rotated_from, last_used_at, ($16::text[])[first_term:last_term], before + place, is_owned, is_suspended, rate_limit, limited_as \
     FROM raised, unnest($1, $2::bigint[], $3::smallint[], $4::smallint[], $5::text[], $6::bytea[], $7::bigint[], \
         $8::bigint[], $9::boolean[], $10::bigint[], $11::bigint[], $12::bigint[], $13::bytea[], $14::bytea[], \
         $15::bigint[], $17::integer[], $18::integer[], $19::boolean[], $20::boolean[], $21::bigint[], $22::bytea[]) WITH ORDINALITY AS new (id, tenant, prefix, slot, label, scopes, \
         created_at, expires_at, is_active, revoked_at, rotated_at, retires_at, created_by, rotated_from, last_used_at, \
         first_term, last_term, is_owned, is_suspended, rate_limit, limited_as, place)";

#[async_trait]
impl Keys for Postgres {
    async fn key(&self, id: KeyId) -> StoreResult<Option<Key>> {
        let select = query(select!(key, "WHERE id = $1")).bind(key_bytes(id));
        select.fetch_optional(&self.readers).await.map_err(failed)?.as_ref().map(read).transpose()
    }

    async fn keys(&self, filter: &KeyFilter) -> StoreResult<Page> {
        // One snapshot: all that a page is made of is of one moment.
        let mut tx = one_moment(&self.readers).await?;
        list::page(&mut tx, filter).await
    }

    async fn record_uses(&self, uses: &[(KeyId, Timestamp)]) -> StoreResult<()> {
        let (ids, times): (Vec<_>, Vec<_>) = uses.iter().map(|(id, at)| (key_bytes(*id), at.ms())).unzip();
        // In its turn, like every write, so that it never meets another one.
        let mut turn = self.writers.begin().await?;
        for table in ["key", "opaque_key"] {
            let sql = format!(
                "UPDATE {table} SET last_used_at = used.at FROM unnest($1::bytea[], $2::bigint[]) AS used (id, at) \
                 WHERE {table}.id = used.id AND {table}.last_used_at < used.at"
            );
            let update = query(AssertSqlSafe(sql)).bind(&ids).bind(&times);
            update.execute(turn.connection().await?).await.map_err(failed)?;
        }
        turn.commit().await
    }
}

#[async_trait]
impl KeysTx for PostgresTx {
    async fn lookup_key(&mut self, id: KeyId) -> StoreResult<Option<Key>> {
        let select = query(select!(key, "WHERE id = $1")).bind(key_bytes(id));
        select
            .fetch_optional(self.turn.key_reader(id).await?)
            .await
            .map_err(failed)?
            .as_ref()
            .map(read)
            .transpose()
    }

    async fn descendants(&mut self, id: KeyId, which: Which, limit: u32) -> StoreResult<Vec<Key>> {
        let select =
            query(DESCENDANTS).bind(key_bytes(id)).bind(which == Which::Active).bind(i64::from(limit));
        select.fetch_all(self.connection().await?).await.map_err(failed)?.iter().map(read).collect()
    }

    async fn made_by(&mut self, id: KeyId, limit: u32) -> StoreResult<Vec<Key>> {
        let select = query(select!(key, "WHERE created_by = $1 AND revoked_at IS NULL LIMIT $2"))
            .bind(key_bytes(id))
            .bind(i64::from(limit));
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
            "WHERE created_by = $1 AND is_owned AND tenant = $2 AND revoked_at IS NULL \
             AND expires_at > $3 LIMIT $4"
        ));
        let select =
            select.bind(user_bytes(user)).bind(i64::from(tenant.0)).bind(after.ms()).bind(i64::from(limit));
        select.fetch_all(self.connection().await?).await.map_err(failed)?.iter().map(read).collect()
    }

    async fn add_key(&mut self, key: &Key) -> StoreResult<()> {
        self.turn.add_key(key)
    }

    async fn save_key(&mut self, key: &Key) -> StoreResult<()> {
        query(
            "UPDATE key SET label = $2, is_active = $3, revoked_at = $4, rotated_at = $5, retires_at = $6, \
             terms = $7, is_suspended = $8, rate_limit = $9 WHERE id = $1",
        )
        .bind(key_bytes(key.id))
        .bind(&key.label)
        .bind(key.is_active)
        .bind(key.revoked_at.map(Timestamp::ms))
        .bind(key.rotated_at.map(Timestamp::ms))
        .bind(key.retires_at.map(Timestamp::ms))
        .bind(term::of(key))
        .bind(key.is_suspended)
        .bind(key.rate_limit.map(i64::from))
        .execute(self.connection().await?)
        .await
        .map_err(failed)?;
        Ok(())
    }
}

/// Adds keys under the next numbers.
pub(super) async fn add(connection: &mut PgConnection, keys: Vec<&Key>) -> StoreResult<()> {
    if keys.is_empty() {
        return Ok(());
    }
    let terms: Vec<_> = keys.iter().map(|key| term::of(key)).collect();
    let (first, last): (Vec<i32>, Vec<i32>) = term::parts(&terms).unzip();
    let added = query(ADD)
        .bind(each(&keys, |key| key_bytes(key.id)))
        .bind(each(&keys, |key| i64::from(key.tenant.0)))
        .bind(each(&keys, |key| i16::from(prefix_number(key.prefix))))
        .bind(each(&keys, |key| i16::from(key.slot.number())))
        .bind(each(&keys, |key| key.label.clone()))
        .bind(each(&keys, |key| key.scopes.iter().map(|bit| bit.number()).collect::<Vec<u8>>()))
        .bind(each(&keys, |key| key.created_at.ms()))
        .bind(each(&keys, |key| key.expires_at.ms()))
        .bind(each(&keys, |key| key.is_active))
        .bind(each(&keys, |key| key.revoked_at.map(Timestamp::ms)))
        .bind(each(&keys, |key| key.rotated_at.map(Timestamp::ms)))
        .bind(each(&keys, |key| key.retires_at.map(Timestamp::ms)))
        .bind(each(&keys, |key| creator_bytes(key.created_by)))
        .bind(each(&keys, |key| key.rotated_from.map(key_bytes)))
        .bind(each(&keys, |key| key.last_used_at.map_or(NEVER, Timestamp::ms)))
        .bind(terms.concat())
        .bind(first)
        .bind(last)
        .bind(each(&keys, |key| key.owner().is_some()))
        .bind(each(&keys, |key| key.is_suspended))
        .bind(each(&keys, |key| key.rate_limit.map(i64::from)))
        .bind(each(&keys, |key| key.limited_as.map(key_bytes)))
        .execute(connection)
        .await
        .map_err(failed)?;
    // Without the row that counts them, the statement adds none.
    let is_complete = usize::try_from(added.rows_affected()).is_ok_and(|count| count == keys.len());
    if is_complete { Ok(()) } else { Err(StoreError::Corrupt { table: "key_number", column: "one" }) }
}

pub(super) fn read(row: &PgRow) -> StoreResult<Key> {
    let corrupt = |column| StoreError::Corrupt { table: TABLE, column };
    let optional_uuid = |name| -> StoreResult<Option<Uuid>> {
        let bytes: Option<&[u8]> = column(row, TABLE, name)?;
        bytes.map(|bytes| uuid(bytes).ok_or(corrupt(name))).transpose()
    };
    let number_of_prefix = small(row, TABLE, "prefix")?;
    let scopes: &[u8] = column(row, TABLE, "scopes")?;
    let scopes: Option<Vec<ScopeBit>> = scopes.iter().map(|bit| ScopeBit::new(*bit)).collect();
    let rate_limit: Option<i64> = column(row, TABLE, "rate_limit")?;
    Ok(Key {
        id: key_id(column(row, TABLE, "id")?).ok_or(corrupt("id"))?,
        tenant: TenantId(number(row, TABLE, "tenant")?),
        prefix: prefix(number_of_prefix).ok_or(corrupt("prefix"))?,
        slot: Slot::new(small(row, TABLE, "slot")?).ok_or(corrupt("slot"))?,
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
        rate_limit: rate_limit.map(u32::try_from).transpose().map_err(|_| corrupt("rate_limit"))?,
        limited_as: optional_uuid("limited_as")?.map(KeyId::new),
        rotated_from: optional_uuid("rotated_from")?.map(KeyId::new),
        last_used_at: optional_time(row, TABLE, "last_used_at")?.filter(|at| at.ms() != NEVER),
    })
}
