//! Second factors, sealed.

use super::error::{column, failed, time};
use super::{Sqlite, SqliteTx, seal};
use crate::columns::select;
use crate::seal::Place;
use crate::stored::{recovery, recovery_bytes, user_bytes};
use crate::vault::Vault;
use async_trait::async_trait;
use sqlx::sqlite::SqliteRow;
use sqlx::{query, query_scalar};
use titan_core::port::{StoreError, StoreResult};
use titan_core::user::{SecondFactor, SecondFactors, SecondFactorsTx, TotpSecret};
use titan_token::UserId;

const TABLE: &str = "second_factor";

#[async_trait]
impl SecondFactors for Sqlite {
    async fn has_second_factor(&self, user: UserId) -> StoreResult<bool> {
        query_scalar("SELECT EXISTS (SELECT 1 FROM second_factor WHERE person = ?1 AND is_confirmed)")
            .bind(user_bytes(user))
            .fetch_one(&self.readers)
            .await
            .map_err(failed)
    }
}

#[async_trait]
impl SecondFactorsTx for SqliteTx {
    async fn second_factor(&mut self, user: UserId) -> StoreResult<Option<SecondFactor>> {
        let row = query(select!(second_factor, "WHERE person = ?1"))
            .bind(user_bytes(user))
            .fetch_optional(self.connection().await?)
            .await
            .map_err(failed)?;
        row.map(|row| read(&row, user, &self.vault)).transpose()
    }

    async fn put_second_factor(&mut self, user: UserId, factor: &SecondFactor) -> StoreResult<()> {
        let row = user_bytes(user);
        let sealing = seal::row(self.connection().await?).await?;
        let sealed = self.vault.seal(&sealing, Place::of_second_factor(&row), factor.secret.expose())?;
        self.remove_second_factor(user).await?;
        query(
            "INSERT INTO second_factor (person, secret, is_confirmed, last_step, recovery, created_at) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        )
        .bind(row)
        .bind(sealed)
        .bind(factor.is_confirmed)
        .bind(factor.last_step)
        .bind(recovery_bytes(&factor.recovery))
        .bind(factor.created_at.ms())
        .execute(self.connection().await?)
        .await
        .map_err(failed)?;
        Ok(())
    }

    async fn save_second_factor(&mut self, user: UserId, factor: &SecondFactor) -> StoreResult<()> {
        query("UPDATE second_factor SET is_confirmed = ?2, last_step = ?3, recovery = ?4 WHERE person = ?1")
            .bind(user_bytes(user))
            .bind(factor.is_confirmed)
            .bind(factor.last_step)
            .bind(recovery_bytes(&factor.recovery))
            .execute(self.connection().await?)
            .await
            .map_err(failed)?;
        Ok(())
    }

    async fn remove_second_factor(&mut self, user: UserId) -> StoreResult<()> {
        let delete = query("DELETE FROM second_factor WHERE person = ?1").bind(user_bytes(user));
        delete.execute(self.connection().await?).await.map_err(failed)?;
        Ok(())
    }
}

fn read(row: &SqliteRow, user: UserId, vault: &Vault) -> StoreResult<SecondFactor> {
    let corrupt = |column| StoreError::Corrupt { table: TABLE, column };
    let opened = vault.open(Place::of_second_factor(&user_bytes(user)), column(row, TABLE, "secret")?);
    let secret = opened.and_then(|bytes| bytes.as_slice().try_into().ok());
    Ok(SecondFactor {
        secret: TotpSecret::new(secret.ok_or(corrupt("secret"))?),
        is_confirmed: column(row, TABLE, "is_confirmed")?,
        last_step: column(row, TABLE, "last_step")?,
        recovery: recovery(column(row, TABLE, "recovery")?).ok_or(corrupt("recovery"))?,
        created_at: time(row, TABLE, "created_at")?,
    })
}
