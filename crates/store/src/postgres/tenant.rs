//! Tenants.

use super::error::{column, failed, number, optional_time, time};
use super::{Postgres, PostgresTx};
use crate::columns::{columns, select};
use crate::stored::key_id;
use async_trait::async_trait;
use sqlx::postgres::PgRow;
use sqlx::{PgConnection, query, query_scalar};
use titan_core::port::{StoreError, StoreResult};
use titan_core::tenant::{DEFAULT, Tenant, Tenants, TenantsTx};
use titan_core::time::Timestamp;
use titan_token::{KeyId, TenantId};

const TABLE: &str = "tenant";

/// The tenant that is there from the start.
pub(super) async fn ensure_default(writer: &mut PgConnection, now: Timestamp) -> StoreResult<()> {
    query("INSERT INTO tenant (id, name, is_active, created_at) VALUES ($1, 'default', true, $2) ON CONFLICT DO NOTHING")
        .bind(i64::from(DEFAULT.0))
        .bind(now.whole_seconds().ms())
        .execute(&mut *writer)
        .await
        .map_err(failed)?;
    // A database begins at the time of its first tenant: no key of before can be there.
    query("UPDATE revision_head SET swept_until = (SELECT created_at FROM tenant WHERE id = $1) WHERE swept_until = 0")
        .bind(i64::from(DEFAULT.0))
        .execute(writer)
        .await
        .map_err(failed)?;
    Ok(())
}

#[async_trait]
impl Tenants for Postgres {
    async fn tenant(&self, id: TenantId) -> StoreResult<Option<Tenant>> {
        let select = query(select!(tenant, "WHERE id = $1")).bind(i64::from(id.0));
        select.fetch_optional(&self.readers).await.map_err(failed)?.as_ref().map(read).transpose()
    }

    async fn tenants(&self, after: Option<TenantId>, limit: u32) -> StoreResult<Vec<Tenant>> {
        let select = query(select!(tenant, "WHERE id > $1 ORDER BY id LIMIT $2"))
            .bind(after.map_or(-1, |id| i64::from(id.0)))
            .bind(i64::from(limit));
        select.fetch_all(&self.readers).await.map_err(failed)?.iter().map(read).collect()
    }
}

#[async_trait]
impl TenantsTx for PostgresTx {
    async fn lookup_tenant(&mut self, id: TenantId) -> StoreResult<Option<Tenant>> {
        if let Some(tenant) = self.turn.known()?.tenants.get(&id) {
            return Ok(Some(tenant.clone()));
        }
        let select = query(select!(tenant, "WHERE id = $1")).bind(i64::from(id.0));
        let row = select.fetch_optional(self.turn.reader().await?).await.map_err(failed)?;
        let tenant = row.as_ref().map(read).transpose()?;
        self.turn.known()?.tenants.extend(tenant.clone().map(|tenant| (id, tenant)));
        Ok(tenant)
    }

    async fn is_name_taken(&mut self, name: &str, except: Option<TenantId>) -> StoreResult<bool> {
        query_scalar("SELECT EXISTS (SELECT 1 FROM tenant WHERE name = $1 AND id IS DISTINCT FROM $2)")
            .bind(name)
            .bind(except.map(|id| i64::from(id.0)))
            .fetch_one(self.turn.reader().await?)
            .await
            .map_err(failed)
    }

    async fn add_tenant(&mut self, name: &str, at: Timestamp) -> StoreResult<Tenant> {
        let row = query(concat!(
            "INSERT INTO tenant (id, name, is_active, created_at) \
             SELECT max(id) + 1, $1, true, $2 FROM tenant RETURNING ",
            columns!(tenant),
        ))
        .bind(name)
        .bind(at.ms())
        .fetch_one(self.connection().await?)
        .await
        .map_err(failed)?;
        read(&row)
    }

    async fn youngest_key(&mut self, id: TenantId) -> StoreResult<Option<KeyId>> {
        // Ids begin with the time of issue.
        let mut youngest = None;
        for sql in [
            "SELECT id FROM key WHERE tenant = $1 ORDER BY id DESC LIMIT 1",
            "SELECT id FROM opaque_key WHERE tenant = $1 AND deleted_at IS NULL ORDER BY id DESC LIMIT 1",
        ] {
            let select = query_scalar(sql).bind(i64::from(id.0));
            let bytes: Option<Vec<u8>> =
                select.fetch_optional(self.connection().await?).await.map_err(failed)?;
            let corrupt = StoreError::Corrupt { table: "key", column: "id" };
            youngest = youngest.max(bytes.map(|bytes| key_id(&bytes).ok_or(corrupt)).transpose()?);
        }
        Ok(youngest)
    }

    async fn save_tenant(&mut self, tenant: &Tenant) -> StoreResult<()> {
        query("UPDATE tenant SET name = $2, is_active = $3, not_before = $4 WHERE id = $1")
            .bind(i64::from(tenant.id.0))
            .bind(&tenant.name)
            .bind(tenant.is_active)
            .bind(tenant.not_before.map(Timestamp::ms))
            .execute(self.connection().await?)
            .await
            .map_err(failed)?;
        Ok(())
    }
}

fn read(row: &PgRow) -> StoreResult<Tenant> {
    Ok(Tenant {
        id: TenantId(number(row, TABLE, "id")?),
        name: column(row, TABLE, "name")?,
        is_active: column(row, TABLE, "is_active")?,
        not_before: optional_time(row, TABLE, "not_before")?,
        created_at: time(row, TABLE, "created_at")?,
    })
}
