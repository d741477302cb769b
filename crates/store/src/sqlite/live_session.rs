//! The sessions of the guarded API that are open.

use super::error::{column, failed, time};
use super::{Sqlite, SqliteTx};
use crate::columns::select;
use async_trait::async_trait;
use sqlx::sqlite::SqliteRow;
use sqlx::{query, query_scalar};
use titan_core::license::{LiveSession, LiveSessions, LiveSessionsTx};
use titan_core::port::{StoreError, StoreResult};
use titan_token::TenantId;

const TABLE: &str = "live_session";

#[async_trait]
impl LiveSessions for Sqlite {
    async fn live_sessions(
        &self,
        after: Option<(TenantId, &str)>,
        limit: u32,
    ) -> StoreResult<Vec<LiveSession>> {
        let (tenant, name) = after.map_or((-1, ""), |(tenant, name)| (i64::from(tenant.0), name));
        query(select!(live_session, "WHERE (tenant, name) > (?1, ?2) ORDER BY tenant, name LIMIT ?3"))
            .bind(tenant)
            .bind(name.to_owned())
            .bind(limit)
            .fetch_all(&self.readers)
            .await
            .map_err(failed)?
            .iter()
            .map(read)
            .collect()
    }
}

#[async_trait]
impl LiveSessionsTx for SqliteTx {
    async fn live_session(&mut self, tenant: TenantId, name: &str) -> StoreResult<Option<LiveSession>> {
        let select = query(select!(live_session, "WHERE tenant = ?1 AND name = ?2"));
        let select = select.bind(i64::from(tenant.0)).bind(name.to_owned());
        select.fetch_optional(self.connection().await?).await.map_err(failed)?.as_ref().map(read).transpose()
    }

    async fn count_live_sessions(&mut self) -> StoreResult<u32> {
        let count = query_scalar("SELECT count(*) FROM live_session");
        let count: i64 = count.fetch_one(self.connection().await?).await.map_err(failed)?;
        Ok(u32::try_from(count).unwrap_or(u32::MAX))
    }

    async fn put_live_session(&mut self, session: &LiveSession) -> StoreResult<()> {
        query(
            "INSERT INTO live_session (tenant, name, opened_at, is_open, pending, marked_at) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6) \
             ON CONFLICT (tenant, name) DO UPDATE SET opened_at = ?3, is_open = ?4, pending = ?5, marked_at = ?6",
        )
        .bind(i64::from(session.tenant.0))
        .bind(session.name.clone())
        .bind(session.opened_at.ms())
        .bind(session.is_open)
        .bind(session.pending)
        .bind(session.marked_at.ms())
        .execute(self.connection().await?)
        .await
        .map_err(failed)?;
        Ok(())
    }

    async fn remove_live_session(&mut self, tenant: TenantId, name: &str) -> StoreResult<bool> {
        let delete = query("DELETE FROM live_session WHERE tenant = ?1 AND name = ?2");
        let delete = delete.bind(i64::from(tenant.0)).bind(name.to_owned());
        let deleted = delete.execute(self.connection().await?).await.map_err(failed)?;
        Ok(deleted.rows_affected() > 0)
    }
}

fn read(row: &SqliteRow) -> StoreResult<LiveSession> {
    let tenant: i64 = column(row, TABLE, "tenant")?;
    let tenant = u32::try_from(tenant).map_err(|_| StoreError::Corrupt { table: TABLE, column: "tenant" })?;
    Ok(LiveSession {
        tenant: TenantId(tenant),
        name: column(row, TABLE, "name")?,
        opened_at: time(row, TABLE, "opened_at")?,
        is_open: column(row, TABLE, "is_open")?,
        pending: column(row, TABLE, "pending")?,
        marked_at: time(row, TABLE, "marked_at")?,
    })
}
