//! Signing keys, sealed.

use super::error::{column, failed, optional_time, time};
use super::{Sqlite, SqliteTx, seal};
use crate::columns::select;
use crate::error::ConnectError;
use crate::seal::Place;
use crate::vault::Vault;
use async_trait::async_trait;
use sqlx::sqlite::SqliteRow;
use sqlx::{SqliteExecutor, query, query_scalar};
use std::sync::Arc;
use titan_core::port::{StoreError, StoreResult};
use titan_core::signing::{SigningKeys, SigningKeysTx, SlotKey};
use titan_core::time::Timestamp;
use titan_token::{SigningSecret, Slot};

const TABLE: &str = "signing_key";
const SELECT: &str = select!(signing_key, "ORDER BY slot");

/// Whether the seal key opens what is there.
pub(crate) async fn check_seal(executor: impl SqliteExecutor<'_>, vault: &Vault) -> Result<(), ConnectError> {
    match read_all(executor, vault).await {
        Ok(_) => Ok(()),
        Err(StoreError::Corrupt { table: TABLE, column: "secret" }) => Err(ConnectError::WrongSealKey),
        Err(error) => Err(error.into()),
    }
}

#[async_trait]
impl SigningKeys for Sqlite {
    async fn signing_keys(&self) -> StoreResult<Vec<SlotKey>> {
        read_all(&self.log, &self.vault).await
    }
}

#[async_trait]
impl SigningKeysTx for SqliteTx {
    async fn slots(&mut self) -> StoreResult<Arc<[SlotKey]>> {
        if let Some(slots) = &self.turn.known()?.slots {
            return Ok(Arc::clone(slots));
        }
        let slots: Arc<[_]> = read_all(self.turn.reader().await?, &self.vault).await?.into();
        self.turn.known()?.slots = Some(Arc::clone(&slots));
        Ok(slots)
    }

    async fn put_slot(&mut self, key: &SlotKey) -> StoreResult<()> {
        let row = [key.slot.number()];
        let sealing = seal::row(self.connection().await?).await?;
        let sealed = self.vault.seal(&sealing, Place::of_signing_key(&row), key.secret.expose())?;
        query(
            "INSERT OR REPLACE INTO signing_key (slot, secret, created_at, retired_at, not_before) \
             VALUES (?, ?, ?, ?, ?)",
        )
        .bind(key.slot.number())
        .bind(sealed)
        .bind(key.created_at.ms())
        .bind(key.retired_at.map(Timestamp::ms))
        .bind(key.not_before.ms())
        .execute(self.connection().await?)
        .await
        .map_err(failed)?;
        Ok(())
    }

    async fn retire_slot(&mut self, slot: Slot, at: Timestamp) -> StoreResult<()> {
        query("UPDATE signing_key SET retired_at = ?2 WHERE slot = ?1")
            .bind(slot.number())
            .bind(at.ms())
            .execute(self.connection().await?)
            .await
            .map_err(failed)?;
        Ok(())
    }

    async fn last_expiry(&mut self, slot: Slot) -> StoreResult<Option<Timestamp>> {
        let last: Option<i64> = query_scalar("SELECT max(expires_at) FROM key WHERE slot = ?")
            .bind(slot.number())
            .fetch_one(self.connection().await?)
            .await
            .map_err(failed)?;
        Ok(last.map(Timestamp::from_ms))
    }
}

/// All slots, opened.
pub(super) async fn read_all(executor: impl SqliteExecutor<'_>, vault: &Vault) -> StoreResult<Vec<SlotKey>> {
    let rows = query(SELECT).fetch_all(executor).await.map_err(failed)?;
    rows.iter().map(|row| read(row, vault)).collect()
}

fn read(row: &SqliteRow, vault: &Vault) -> StoreResult<SlotKey> {
    let corrupt = |column| StoreError::Corrupt { table: TABLE, column };
    let slot = Slot::new(column(row, TABLE, "slot")?).ok_or(corrupt("slot"))?;
    let opened = vault.open(Place::of_signing_key(&[slot.number()]), column(row, TABLE, "secret")?);
    let secret = opened.and_then(|bytes| <[u8; 32]>::try_from(bytes.as_slice()).ok());
    Ok(SlotKey {
        slot,
        secret: SigningSecret::new(secret.ok_or(corrupt("secret"))?),
        created_at: time(row, TABLE, "created_at")?,
        retired_at: optional_time(row, TABLE, "retired_at")?,
        not_before: time(row, TABLE, "not_before")?,
    })
}
