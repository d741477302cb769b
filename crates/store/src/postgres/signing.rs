//! Signing keys, sealed.

use super::error::{column, failed, optional_time, small, time};
use super::{Postgres, PostgresTx, seal};
use crate::columns::select;
use crate::error::ConnectError;
use crate::seal::Place;
use crate::vault::Vault;
use async_trait::async_trait;
use sqlx::postgres::PgRow;
use sqlx::{PgExecutor, query, query_scalar};
use std::sync::Arc;
use titan_core::port::{StoreError, StoreResult};
use titan_core::signing::{SigningKeys, SigningKeysTx, SlotKey};
use titan_core::time::Timestamp;
use titan_token::{SigningSecret, Slot};

const TABLE: &str = "signing_key";
const SELECT: &str = select!(signing_key, "ORDER BY slot");

impl Postgres {
    /// Whether the seal key opens what is there.
    pub(super) async fn check_seal(&self) -> Result<(), ConnectError> {
        match self.signing_keys().await {
            Ok(_) => Ok(()),
            Err(StoreError::Corrupt { table: TABLE, column: "secret" }) => Err(ConnectError::WrongSealKey),
            Err(error) => Err(error.into()),
        }
    }
}

#[async_trait]
impl SigningKeys for Postgres {
    async fn signing_keys(&self) -> StoreResult<Vec<SlotKey>> {
        read_all(&self.log, &self.vault).await
    }
}

#[async_trait]
impl SigningKeysTx for PostgresTx {
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
            "INSERT INTO signing_key (slot, secret, created_at, retired_at, not_before) \
             VALUES ($1, $2, $3, $4, $5) ON CONFLICT (slot) DO UPDATE \
             SET secret = $2, created_at = $3, retired_at = $4, not_before = $5",
        )
        .bind(i16::from(key.slot.number()))
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
        query("UPDATE signing_key SET retired_at = $2 WHERE slot = $1")
            .bind(i16::from(slot.number()))
            .bind(at.ms())
            .execute(self.connection().await?)
            .await
            .map_err(failed)?;
        Ok(())
    }

    async fn last_expiry(&mut self, slot: Slot) -> StoreResult<Option<Timestamp>> {
        let last: Option<i64> = query_scalar("SELECT max(expires_at) FROM key WHERE slot = $1")
            .bind(i16::from(slot.number()))
            .fetch_one(self.connection().await?)
            .await
            .map_err(failed)?;
        Ok(last.map(Timestamp::from_ms))
    }
}

/// All slots, opened.
pub(super) async fn read_all(executor: impl PgExecutor<'_>, vault: &Vault) -> StoreResult<Vec<SlotKey>> {
    let rows = query(SELECT).fetch_all(executor).await.map_err(failed)?;
    rows.iter().map(|row| read(row, vault)).collect()
}

fn read(row: &PgRow, vault: &Vault) -> StoreResult<SlotKey> {
    let corrupt = |column| StoreError::Corrupt { table: TABLE, column };
    let slot = Slot::new(small(row, TABLE, "slot")?).ok_or(corrupt("slot"))?;
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
