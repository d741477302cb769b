//! Users, and their roles in tenants.

use super::error::{column, failed, time};
use super::{Sqlite, SqliteTx};
use crate::columns::{columns, select};
use crate::stored::{role, role_number, user_bytes, user_id};
use async_trait::async_trait;
use sqlx::sqlite::SqliteRow;
use sqlx::{query, query_scalar};
use titan_core::port::{StoreError, StoreResult};
use titan_core::user::{Email, Membership, PasswordHash, Role, User, Users, UsersTx};
use titan_token::{TenantId, UserId};

const PERSON: &str = "person";
const MEMBER: &str = "member";
const MEMBERSHIPS: &str = select!(member, "WHERE person = ? ORDER BY tenant");

#[async_trait]
impl Users for Sqlite {
    async fn user(&self, id: UserId) -> StoreResult<Option<User>> {
        let select = query(select!(person, "WHERE id = ?")).bind(user_bytes(id));
        select.fetch_optional(&self.readers).await.map_err(failed)?.as_ref().map(read).transpose()
    }

    async fn users(&self, after: Option<UserId>, limit: u32) -> StoreResult<Vec<User>> {
        let select = query(select!(person, "WHERE id > ? ORDER BY id LIMIT ?"))
            .bind(after.map(user_bytes).unwrap_or_default())
            .bind(limit);
        select.fetch_all(&self.readers).await.map_err(failed)?.iter().map(read).collect()
    }

    async fn members(
        &self,
        tenant: TenantId,
        after: Option<UserId>,
        limit: u32,
    ) -> StoreResult<Vec<(User, Role)>> {
        let select = query(concat!(
            "SELECT ",
            columns!(member),
            ", ",
            columns!(person),
            " FROM member JOIN person ON person.id = member.person \
             WHERE member.tenant = ? AND member.person > ? ORDER BY member.person LIMIT ?",
        ))
        .bind(tenant.0)
        .bind(after.map(user_bytes).unwrap_or_default())
        .bind(limit);
        let rows = select.fetch_all(&self.readers).await.map_err(failed)?;
        rows.iter().map(|row| Ok((read(row)?, read_member(row)?.role))).collect()
    }

    async fn memberships(&self, user: UserId) -> StoreResult<Vec<Membership>> {
        let select = query(MEMBERSHIPS).bind(user_bytes(user));
        select.fetch_all(&self.readers).await.map_err(failed)?.iter().map(read_member).collect()
    }
}

#[async_trait]
impl UsersTx for SqliteTx {
    async fn lookup_user(&mut self, id: UserId) -> StoreResult<Option<User>> {
        let select = query(select!(person, "WHERE id = ?")).bind(user_bytes(id));
        select.fetch_optional(self.connection().await?).await.map_err(failed)?.as_ref().map(read).transpose()
    }

    async fn find_user(&mut self, email: &Email) -> StoreResult<Option<User>> {
        let select = query(select!(person, "WHERE email_key = ?")).bind(email.lookup_form());
        select.fetch_optional(self.connection().await?).await.map_err(failed)?.as_ref().map(read).transpose()
    }

    async fn find_credentials(&mut self, email: &Email) -> StoreResult<Option<(User, Option<PasswordHash>)>> {
        let select = query(select!(person, "WHERE email_key = ?")).bind(email.lookup_form());
        let row = select.fetch_optional(self.connection().await?).await.map_err(failed)?;
        let with_hash = |row| Ok((read(row)?, hash(column(row, PERSON, "password")?)?));
        row.as_ref().map(with_hash).transpose()
    }

    async fn password(&mut self, user: UserId) -> StoreResult<Option<PasswordHash>> {
        let select = query_scalar("SELECT password FROM person WHERE id = ?").bind(user_bytes(user));
        let text: Option<Option<String>> =
            select.fetch_optional(self.connection().await?).await.map_err(failed)?;
        hash(text.flatten())
    }

    async fn add_user(&mut self, user: &User) -> StoreResult<()> {
        query("INSERT INTO person (id, email, email_key, is_active, created_at) VALUES (?, ?, ?, ?, ?)")
            .bind(user_bytes(user.id))
            .bind(user.email.to_string())
            .bind(user.email.lookup_form())
            .bind(user.is_active)
            .bind(user.created_at.ms())
            .execute(self.connection().await?)
            .await
            .map_err(failed)?;
        Ok(())
    }

    async fn save_user(&mut self, user: &User) -> StoreResult<()> {
        let update = query("UPDATE person SET is_active = ?2 WHERE id = ?1");
        let update = update.bind(user_bytes(user.id)).bind(user.is_active);
        update.execute(self.connection().await?).await.map_err(failed)?;
        Ok(())
    }

    async fn set_password(&mut self, user: UserId, password: &PasswordHash) -> StoreResult<()> {
        let update = query("UPDATE person SET password = ?2 WHERE id = ?1");
        let update = update.bind(user_bytes(user)).bind(password.to_phc());
        update.execute(self.connection().await?).await.map_err(failed)?;
        Ok(())
    }

    async fn membership(&mut self, user: UserId, tenant: TenantId) -> StoreResult<Option<Membership>> {
        let select = query(select!(member, "WHERE person = ? AND tenant = ?"));
        let select = select.bind(user_bytes(user)).bind(tenant.0);
        select
            .fetch_optional(self.connection().await?)
            .await
            .map_err(failed)?
            .as_ref()
            .map(read_member)
            .transpose()
    }

    async fn memberships_of(&mut self, user: UserId) -> StoreResult<Vec<Membership>> {
        let select = query(MEMBERSHIPS).bind(user_bytes(user));
        select.fetch_all(self.connection().await?).await.map_err(failed)?.iter().map(read_member).collect()
    }

    async fn put_membership(&mut self, membership: &Membership) -> StoreResult<()> {
        query(
            "INSERT INTO member (person, tenant, role, since) VALUES (?1, ?2, ?3, ?4) \
             ON CONFLICT (person, tenant) DO UPDATE SET role = ?3",
        )
        .bind(user_bytes(membership.user))
        .bind(membership.tenant.0)
        .bind(role_number(membership.role))
        .bind(membership.since.ms())
        .execute(self.connection().await?)
        .await
        .map_err(failed)?;
        Ok(())
    }

    async fn remove_membership(&mut self, user: UserId, tenant: TenantId) -> StoreResult<()> {
        let delete = query("DELETE FROM member WHERE person = ? AND tenant = ?");
        let delete = delete.bind(user_bytes(user)).bind(tenant.0);
        delete.execute(self.connection().await?).await.map_err(failed)?;
        Ok(())
    }

    async fn has_other_owner(&mut self, tenant: TenantId, than: UserId) -> StoreResult<bool> {
        query_scalar(
            "SELECT EXISTS (SELECT 1 FROM member JOIN person ON person.id = member.person \
             WHERE member.tenant = ? AND member.role = ? AND person.is_active AND person.id <> ?)",
        )
        .bind(tenant.0)
        .bind(role_number(Role::Owner))
        .bind(user_bytes(than))
        .fetch_one(self.connection().await?)
        .await
        .map_err(failed)
    }
}

fn read(row: &SqliteRow) -> StoreResult<User> {
    let corrupt = |column| StoreError::Corrupt { table: PERSON, column };
    let email: &str = column(row, PERSON, "email")?;
    Ok(User {
        id: user_id(column(row, PERSON, "id")?).ok_or(corrupt("id"))?,
        email: Email::parse(email).map_err(|_| corrupt("email"))?,
        is_active: column(row, PERSON, "is_active")?,
        created_at: time(row, PERSON, "created_at")?,
    })
}

fn hash(text: Option<String>) -> StoreResult<Option<PasswordHash>> {
    let corrupt = StoreError::Corrupt { table: PERSON, column: "password" };
    text.map(|text| PasswordHash::from_phc(&text).ok_or(corrupt)).transpose()
}

fn read_member(row: &SqliteRow) -> StoreResult<Membership> {
    let corrupt = |column| StoreError::Corrupt { table: MEMBER, column };
    Ok(Membership {
        user: user_id(column(row, MEMBER, "person")?).ok_or(corrupt("person"))?,
        tenant: TenantId(column(row, MEMBER, "tenant")?),
        role: role(column(row, MEMBER, "role")?).ok_or(corrupt("role"))?,
        since: time(row, MEMBER, "since")?,
    })
}
