//! Opaque keys.

use super::error::{column, failed, number, optional_time, time};
use super::{Postgres, PostgresTx};
use crate::columns::select;
use crate::stored::{key_bytes, key_id, user_bytes, user_id};
use async_trait::async_trait;
use sqlx::postgres::PgRow;
use sqlx::{AssertSqlSafe, query, query_scalar};
use titan_core::opaque::{OpaqueFilter, OpaqueKeys, OpaqueKeysTx, OpaqueRow};
use titan_core::port::{StoreError, StoreResult};
use titan_core::time::Timestamp;
use titan_token::{HashedKey, KeyId, TenantId, UserId};

const TABLE: &str = "opaque_key";
const FIND: &str = select!(opaque_key, "WHERE id = $1 AND deleted_at IS NULL");
/// `last_used_at` of a key that was never used.
const NEVER: i64 = 0;

#[async_trait]
impl OpaqueKeys for Postgres {
    async fn opaque_key(&self, id: KeyId) -> StoreResult<Option<OpaqueRow>> {
        let select = query(FIND).bind(key_bytes(id));
        select.fetch_optional(&self.readers).await.map_err(failed)?.as_ref().map(read).transpose()
    }

    async fn opaque_keys(
        &self,
        tenant: TenantId,
        filter: &OpaqueFilter,
    ) -> StoreResult<(Vec<OpaqueRow>, u64)> {
        // Not LIKE: no character has a special meaning.
        const SELECT: &str = select!(opaque_key);
        const WHERE: &str = "tenant = $1 AND deleted_at IS NULL AND ($2 = '' OR strpos(lower(name), $2) > 0 OR strpos(lead, $2) > 0)";
        let search = filter.search.as_deref().unwrap_or_default().to_lowercase();
        let count: i64 =
            query_scalar(AssertSqlSafe(format!("SELECT count(*) FROM opaque_key WHERE {WHERE}")))
                .bind(i64::from(tenant.0))
                .bind(&search)
                .fetch_one(&self.readers)
                .await
                .map_err(failed)?;
        let sql = format!("{SELECT} WHERE {WHERE} ORDER BY id DESC LIMIT $3 OFFSET $4");
        let rows = query(AssertSqlSafe(sql))
            .bind(i64::from(tenant.0))
            .bind(&search)
            .bind(i64::from(filter.limit))
            .bind(i64::from(filter.offset))
            .fetch_all(&self.readers)
            .await
            .map_err(failed)?;
        Ok((rows.iter().map(read).collect::<StoreResult<_>>()?, count.unsigned_abs()))
    }
}

#[async_trait]
impl OpaqueKeysTx for PostgresTx {
    async fn lookup_opaque(&mut self, id: KeyId) -> StoreResult<Option<OpaqueRow>> {
        let select = query(FIND).bind(key_bytes(id));
        select.fetch_optional(self.connection().await?).await.map_err(failed)?.as_ref().map(read).transpose()
    }

    async fn opaque_of(
        &mut self,
        owner: UserId,
        tenant: TenantId,
        after: Timestamp,
    ) -> StoreResult<Vec<OpaqueRow>> {
        query(select!(
            opaque_key,
            "WHERE person = $1 AND tenant = $2 AND deleted_at IS NULL \
             AND (expires_at IS NULL OR expires_at > $3)"
        ))
        .bind(user_bytes(owner))
        .bind(i64::from(tenant.0))
        .bind(after.ms())
        .fetch_all(self.connection().await?)
        .await
        .map_err(failed)?
        .iter()
        .map(read)
        .collect()
    }

    async fn add_opaque(&mut self, key: &OpaqueRow) -> StoreResult<()> {
        query(
            "INSERT INTO opaque_key (id, hash, lead, tenant, person, name, created_at, expires_at, is_active, \
             is_suspended, deleted_at, last_used_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)",
        )
        .bind(key_bytes(key.id))
        .bind(key.hash.as_bytes().to_vec())
        .bind(&key.lead)
        .bind(i64::from(key.tenant.0))
        .bind(user_bytes(key.owner))
        .bind(&key.name)
        .bind(key.created_at.ms())
        .bind(key.expires_at.map(Timestamp::ms))
        .bind(key.is_active)
        .bind(key.is_suspended)
        .bind(key.deleted_at.map(Timestamp::ms))
        .bind(key.last_used_at.map_or(NEVER, Timestamp::ms))
        .execute(self.connection().await?)
        .await
        .map_err(failed)?;
        Ok(())
    }

    async fn save_opaque(&mut self, key: &OpaqueRow) -> StoreResult<()> {
        query("UPDATE opaque_key SET is_active = $2, is_suspended = $3, deleted_at = $4 WHERE id = $1")
            .bind(key_bytes(key.id))
            .bind(key.is_active)
            .bind(key.is_suspended)
            .bind(key.deleted_at.map(Timestamp::ms))
            .execute(self.connection().await?)
            .await
            .map_err(failed)?;
        Ok(())
    }
}

fn read(row: &PgRow) -> StoreResult<OpaqueRow> {
    let corrupt = |column| StoreError::Corrupt { table: TABLE, column };
    let hash: &[u8] = column(row, TABLE, "hash")?;
    Ok(OpaqueRow {
        id: key_id(column(row, TABLE, "id")?).ok_or(corrupt("id"))?,
        hash: HashedKey::from_bytes(hash.try_into().map_err(|_| corrupt("hash"))?),
        lead: column(row, TABLE, "lead")?,
        tenant: TenantId(number(row, TABLE, "tenant")?),
        owner: user_id(column(row, TABLE, "person")?).ok_or(corrupt("person"))?,
        name: column(row, TABLE, "name")?,
        created_at: time(row, TABLE, "created_at")?,
        expires_at: optional_time(row, TABLE, "expires_at")?,
        is_active: column(row, TABLE, "is_active")?,
        is_suspended: column(row, TABLE, "is_suspended")?,
        deleted_at: optional_time(row, TABLE, "deleted_at")?,
        last_used_at: optional_time(row, TABLE, "last_used_at")?.filter(|at| at.ms() != NEVER),
    })
}
