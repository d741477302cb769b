//! Invitations.

use super::error::{column, failed, time};
use super::{Sqlite, SqliteTx};
use crate::columns::select;
use crate::stored::{invitation_bytes, invitation_id, role, role_number, user_bytes, user_id};
use async_trait::async_trait;
use sqlx::sqlite::SqliteRow;
use sqlx::{query, query_scalar};
use titan_core::invitation::{Invitation, Invitations, InvitationsTx};
use titan_core::port::{StoreError, StoreResult};
use titan_core::time::Timestamp;
use titan_core::user::Email;
use titan_token::{HashedInvitation, InvitationId, TenantId};

const TABLE: &str = "invitation";
const FIND: &str = select!(invitation, "WHERE secret = ?1");
/// How many that have expired go with each one that is written.
const FORGOTTEN: u32 = 8;

#[async_trait]
impl Invitations for Sqlite {
    async fn find_invitation(&self, secret: &HashedInvitation) -> StoreResult<Option<Invitation>> {
        let select = query(FIND).bind(secret.as_bytes().to_vec());
        select.fetch_optional(&self.readers).await.map_err(failed)?.as_ref().map(read).transpose()
    }

    async fn invitations(
        &self,
        tenant: TenantId,
        now: Timestamp,
        limit: u32,
    ) -> StoreResult<Vec<Invitation>> {
        query(select!(invitation, "WHERE tenant = ?1 AND expires_at > ?2 ORDER BY id LIMIT ?3"))
            .bind(tenant.0)
            .bind(now.ms())
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
impl InvitationsTx for SqliteTx {
    async fn invitation(&mut self, secret: &HashedInvitation) -> StoreResult<Option<Invitation>> {
        let select = query(FIND).bind(secret.as_bytes().to_vec());
        select.fetch_optional(self.connection().await?).await.map_err(failed)?.as_ref().map(read).transpose()
    }

    async fn count_invitations(&mut self, tenant: TenantId, now: Timestamp) -> StoreResult<u32> {
        let count: i64 =
            query_scalar("SELECT count(*) FROM invitation WHERE tenant = ?1 AND expires_at > ?2")
                .bind(tenant.0)
                .bind(now.ms())
                .fetch_one(self.connection().await?)
                .await
                .map_err(failed)?;
        Ok(u32::try_from(count).unwrap_or(u32::MAX))
    }

    async fn put_invitation(
        &mut self,
        invitation: &Invitation,
        secret: &HashedInvitation,
    ) -> StoreResult<()> {
        let delete = query("DELETE FROM invitation WHERE tenant = ?1 AND email_key = ?2")
            .bind(invitation.tenant.0)
            .bind(invitation.email.lookup_form());
        delete.execute(self.connection().await?).await.map_err(failed)?;
        query(
            "INSERT INTO invitation (id, secret, tenant, email, email_key, role, invited_by, created_at, expires_at) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
        )
        .bind(invitation_bytes(invitation.id))
        .bind(secret.as_bytes().to_vec())
        .bind(invitation.tenant.0)
        .bind(invitation.email.to_string())
        .bind(invitation.email.lookup_form())
        .bind(role_number(invitation.role))
        .bind(invitation.invited_by.map(user_bytes))
        .bind(invitation.created_at.ms())
        .bind(invitation.expires_at.ms())
        .execute(self.connection().await?)
        .await
        .map_err(failed)?;
        Ok(())
    }

    async fn remove_invitation(&mut self, tenant: TenantId, id: InvitationId) -> StoreResult<bool> {
        let delete = query("DELETE FROM invitation WHERE tenant = ?1 AND id = ?2");
        let delete = delete.bind(tenant.0).bind(invitation_bytes(id));
        let done = delete.execute(self.connection().await?).await.map_err(failed)?;
        Ok(done.rows_affected() > 0)
    }

    async fn forget_invitations(&mut self, now: Timestamp) -> StoreResult<()> {
        let delete = query(
            "DELETE FROM invitation WHERE id IN \
             (SELECT id FROM invitation WHERE expires_at <= ?1 ORDER BY expires_at LIMIT ?2)",
        );
        let delete = delete.bind(now.ms()).bind(FORGOTTEN);
        delete.execute(self.connection().await?).await.map_err(failed)?;
        Ok(())
    }
}

fn read(row: &SqliteRow) -> StoreResult<Invitation> {
    let corrupt = |column| StoreError::Corrupt { table: TABLE, column };
    let inviter: Option<&[u8]> = column(row, TABLE, "invited_by")?;
    let email: &str = column(row, TABLE, "email")?;
    Ok(Invitation {
        id: invitation_id(column(row, TABLE, "id")?).ok_or(corrupt("id"))?,
        tenant: TenantId(column(row, TABLE, "tenant")?),
        email: Email::parse(email).map_err(|_| corrupt("email"))?,
        role: role(column(row, TABLE, "role")?).ok_or(corrupt("role"))?,
        invited_by: inviter.map(|bytes| user_id(bytes).ok_or(corrupt("invited_by"))).transpose()?,
        created_at: time(row, TABLE, "created_at")?,
        expires_at: time(row, TABLE, "expires_at")?,
    })
}
