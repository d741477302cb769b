//! Sessions of users.

use super::error::{column, failed, optional_time, time};
use super::{Sqlite, SqliteTx};
use crate::columns::select;
use crate::stored::{session_bytes, session_id, user_bytes, user_id};
use async_trait::async_trait;
use sqlx::sqlite::SqliteRow;
use sqlx::{query, query_scalar};
use titan_core::port::{StoreError, StoreResult};
use titan_core::session::{Session, Sessions, SessionsTx};
use titan_core::time::Timestamp;
use titan_token::{SessionId, TenantId, UserId};

const TABLE: &str = "session";
const LIVING: &str =
    select!(session, "WHERE person = ? AND ended_at IS NULL AND expires_at > ? ORDER BY created_at, id");

#[async_trait]
impl Sessions for Sqlite {
    async fn sessions(&self, user: UserId, now: Timestamp) -> StoreResult<Vec<Session>> {
        let select = query(LIVING).bind(user_bytes(user)).bind(now.ms());
        select.fetch_all(&self.readers).await.map_err(failed)?.iter().map(read).collect()
    }
}

#[async_trait]
impl SessionsTx for SqliteTx {
    async fn lookup_session(&mut self, id: SessionId) -> StoreResult<Option<Session>> {
        let select = query(select!(session, "WHERE id = ?")).bind(session_bytes(id));
        select.fetch_optional(self.connection().await?).await.map_err(failed)?.as_ref().map(read).transpose()
    }

    async fn sessions_of(&mut self, user: UserId, now: Timestamp) -> StoreResult<Vec<Session>> {
        let select = query(LIVING).bind(user_bytes(user)).bind(now.ms());
        select.fetch_all(self.connection().await?).await.map_err(failed)?.iter().map(read).collect()
    }

    async fn last_refresh(&mut self, tenant: TenantId) -> StoreResult<Option<Timestamp>> {
        let select = query_scalar("SELECT max(refreshed_at) FROM session WHERE tenant = ?").bind(tenant.0);
        let last: Option<i64> = select.fetch_one(self.connection().await?).await.map_err(failed)?;
        Ok(last.map(Timestamp::from_ms))
    }

    async fn add_session(&mut self, session: &Session) -> StoreResult<()> {
        query(
            "INSERT INTO session (id, person, tenant, created_at, expires_at, refreshed_at, generation, epoch, \
             jwt_until, ended_at, ip, user_agent) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        )
        .bind(session_bytes(session.id))
        .bind(user_bytes(session.user))
        .bind(session.tenant.0)
        .bind(session.created_at.ms())
        .bind(session.expires_at.ms())
        .bind(session.refreshed_at.ms())
        .bind(session.generation)
        .bind(session.epoch)
        .bind(session.jwt_until.ms())
        .bind(session.ended_at.map(Timestamp::ms))
        .bind(&session.ip)
        .bind(&session.user_agent)
        .execute(self.connection().await?)
        .await
        .map_err(failed)?;
        Ok(())
    }

    async fn save_session(&mut self, session: &Session) -> StoreResult<()> {
        query(
            "UPDATE session SET refreshed_at = ?2, generation = ?3, epoch = ?4, jwt_until = ?5, ended_at = ?6 \
             WHERE id = ?1",
        )
        .bind(session_bytes(session.id))
        .bind(session.refreshed_at.ms())
        .bind(session.generation)
        .bind(session.epoch)
        .bind(session.jwt_until.ms())
        .bind(session.ended_at.map(Timestamp::ms))
        .execute(self.connection().await?)
        .await
        .map_err(failed)?;
        Ok(())
    }
}

fn read(row: &SqliteRow) -> StoreResult<Session> {
    let corrupt = |column| StoreError::Corrupt { table: TABLE, column };
    Ok(Session {
        id: session_id(column(row, TABLE, "id")?).ok_or(corrupt("id"))?,
        user: user_id(column(row, TABLE, "person")?).ok_or(corrupt("person"))?,
        tenant: TenantId(column(row, TABLE, "tenant")?),
        created_at: time(row, TABLE, "created_at")?,
        expires_at: time(row, TABLE, "expires_at")?,
        refreshed_at: time(row, TABLE, "refreshed_at")?,
        generation: column(row, TABLE, "generation")?,
        epoch: column(row, TABLE, "epoch")?,
        jwt_until: time(row, TABLE, "jwt_until")?,
        ended_at: optional_time(row, TABLE, "ended_at")?,
        ip: column(row, TABLE, "ip")?,
        user_agent: column(row, TABLE, "user_agent")?,
    })
}
