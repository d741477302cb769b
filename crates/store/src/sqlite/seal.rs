//! The row that says which key seals, and the change of that key.

use super::error::failed;
use super::{Sqlite, SqliteTx};
use crate::error::ConnectError;
use crate::seal::Place;
use crate::stored::{user_bytes, user_id};
use crate::vault::{SealRow, TABLE, Vault};
use async_trait::async_trait;
use sqlx::{SqliteConnection, SqliteExecutor, query, query_as};
use titan_core::port::{StoreError, StoreResult};
use titan_core::seal::{ResealedPiece, SealKeyName, SealKeys, SealKeysTx, SealState, SealedSecrets};
use titan_token::UserId;

const SIGNING_KEYS: &str = "SELECT CAST(slot AS BIGINT), secret FROM signing_key";
/// How many second factors are in memory at once while they are counted.
const PAGE: u32 = 1000;

/// The row, and if there is none yet, the one that belongs to what is sealed there. Whether this instance may run.
pub(crate) async fn settle(connection: &mut SqliteConnection, vault: &Vault) -> Result<(), ConnectError> {
    if find(&mut *connection).await?.is_none() {
        let sealers = signing_keys(&mut *connection, vault).await?;
        let sealer = sealers.iter().find(|name| **name == SealKeyName::Previous).or(sealers.first());
        query("INSERT INTO seal (id, fingerprint, round) VALUES (1, ?1, 0)")
            .bind(vault.first_fingerprint(sealer.copied()))
            .execute(&mut *connection)
            .await
            .map_err(failed)?;
    }
    vault.check(&row(connection).await?)
}

/// Which key seals.
pub(super) async fn row(executor: impl SqliteExecutor<'_>) -> StoreResult<SealRow> {
    find(executor).await?.ok_or(StoreError::Corrupt { table: TABLE, column: "fingerprint" })
}

async fn find(executor: impl SqliteExecutor<'_>) -> StoreResult<Option<SealRow>> {
    let row: Option<(Vec<u8>, Option<Vec<u8>>, i64)> =
        query_as("SELECT fingerprint, remaining, round FROM seal")
            .fetch_optional(executor)
            .await
            .map_err(failed)?;
    Ok(row.map(SealRow::from))
}

/// The key that sealed each of the signing keys.
async fn signing_keys(executor: impl SqliteExecutor<'_>, vault: &Vault) -> StoreResult<Vec<SealKeyName>> {
    let rows: Vec<(i64, Vec<u8>)> = query_as(SIGNING_KEYS).fetch_all(executor).await.map_err(failed)?;
    let sealer = |(slot, secret): &(i64, Vec<u8>)| {
        let slot = slot_of(*slot)?;
        vault
            .sealer(Place::of_signing_key(&[slot]), secret)
            .ok_or(StoreError::Corrupt { table: "signing_key", column: "secret" })
    };
    rows.iter().map(sealer).collect()
}

fn slot_of(slot: i64) -> StoreResult<u8> {
    u8::try_from(slot).map_err(|_| StoreError::Corrupt { table: "signing_key", column: "slot" })
}

/// Users and their sealed secrets, by their ids.
async fn second_factors(
    executor: impl SqliteExecutor<'_>,
    after: &[u8],
    most: u32,
) -> StoreResult<Vec<(Vec<u8>, Vec<u8>)>> {
    query_as("SELECT person, secret FROM second_factor WHERE person > ?1 ORDER BY person LIMIT ?2")
        .bind(after)
        .bind(i64::from(most))
        .fetch_all(executor)
        .await
        .map_err(failed)
}

#[async_trait]
impl SealKeys for Sqlite {
    async fn seal_state(&self) -> StoreResult<SealState> {
        self.vault.state(&row(&self.log).await?)
    }

    async fn sealed_secrets(&self) -> StoreResult<SealedSecrets> {
        let mut counts = SealedSecrets::default();
        for name in signing_keys(&self.readers, &self.vault).await? {
            count(&mut counts, name);
        }
        let mut after = Vec::new();
        loop {
            let rows = second_factors(&self.readers, &after, PAGE).await?;
            for (person, secret) in &rows {
                let name = self.vault.sealer(Place::of_second_factor(person), secret);
                count(
                    &mut counts,
                    name.ok_or(StoreError::Corrupt { table: "second_factor", column: "secret" })?,
                );
            }
            let Some((last, _)) = rows.into_iter().last() else { return Ok(counts) };
            after = last;
        }
    }
}

fn count(counts: &mut SealedSecrets, name: SealKeyName) {
    match name {
        SealKeyName::Current => counts.current += 1,
        SealKeyName::Previous => counts.previous += 1,
    }
}

#[async_trait]
impl SealKeysTx for SqliteTx {
    async fn current_seal_state(&mut self) -> StoreResult<SealState> {
        let row = row(self.connection().await?).await?;
        self.vault.state(&row)
    }

    async fn instances_without_seal_key(&mut self) -> StoreResult<Vec<String>> {
        // The one instance is this one.
        Ok(Vec::new())
    }

    async fn begin_seal_round(&mut self) -> StoreResult<()> {
        query("UPDATE seal SET remaining = fingerprint, fingerprint = ?1, round = round + 1 WHERE fingerprint <> ?1")
            .bind(self.vault.current_fingerprint().to_vec())
            .execute(self.connection().await?)
            .await
            .map_err(failed)?;
        Ok(())
    }

    async fn reseal_signing_keys(&mut self) -> StoreResult<u64> {
        let sealing = row(self.connection().await?).await?;
        let rows: Vec<(i64, Vec<u8>)> =
            query_as(SIGNING_KEYS).fetch_all(self.connection().await?).await.map_err(failed)?;
        let mut count = 0;
        for (slot, secret) in rows {
            let Some(sealed) =
                self.vault.reseal(&sealing, Place::of_signing_key(&[slot_of(slot)?]), &secret)?
            else {
                continue;
            };
            let update = query("UPDATE signing_key SET secret = ?2 WHERE slot = ?1").bind(slot).bind(sealed);
            update.execute(self.connection().await?).await.map_err(failed)?;
            count += 1;
        }
        Ok(count)
    }

    async fn reseal_second_factors(
        &mut self,
        after: Option<UserId>,
        most: u32,
    ) -> StoreResult<ResealedPiece> {
        let sealing = row(self.connection().await?).await?;
        let after = after.map(user_bytes).unwrap_or_default();
        let rows = second_factors(self.connection().await?, &after, most).await?;
        let mut count = 0;
        for (person, secret) in &rows {
            let Some(sealed) = self.vault.reseal(&sealing, Place::of_second_factor(person), secret)? else {
                continue;
            };
            let update = query("UPDATE second_factor SET secret = ?2 WHERE person = ?1");
            let update = update.bind(person).bind(sealed);
            update.execute(self.connection().await?).await.map_err(failed)?;
            count += 1;
        }
        let corrupt = StoreError::Corrupt { table: "second_factor", column: "person" };
        let last = rows.last().map(|(person, _)| user_id(person).ok_or(corrupt)).transpose()?;
        Ok(ResealedPiece { count, last })
    }

    async fn end_seal_round(&mut self) -> StoreResult<()> {
        query("UPDATE seal SET remaining = NULL").execute(self.connection().await?).await.map_err(failed)?;
        Ok(())
    }
}
