//! Keys that came from other systems.

use super::error::failed;
use super::key::read;
use super::{Sqlite, SqliteTx};
use crate::columns::columns;
use crate::stored::{key_bytes, key_id};
use async_trait::async_trait;
use sqlx::{query, query_scalar};
use titan_core::key::{ImportedKeys, ImportedKeysTx, Key};
use titan_core::port::{StoreError, StoreResult};
use titan_token::{HashedKey, KeyId};

#[async_trait]
impl ImportedKeys for Sqlite {
    async fn imported_keys(&self, after: Option<KeyId>, limit: u32) -> StoreResult<Vec<Key>> {
        // All ids are later than the first.
        let after = after.map_or_else(Vec::new, key_bytes);
        query(concat!(
            "SELECT ",
            columns!(key),
            " FROM imported_key JOIN key ON key.id = imported_key.id \
             WHERE imported_key.id > ?1 ORDER BY imported_key.id LIMIT ?2",
        ))
        .bind(after)
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
impl ImportedKeysTx for SqliteTx {
    async fn find_by_hash(&mut self, hash: &HashedKey) -> StoreResult<Option<KeyId>> {
        let select = query_scalar(
            "SELECT id FROM imported_key WHERE hash = ?1 UNION ALL SELECT id FROM opaque_key WHERE hash = ?1",
        );
        let select = select.bind(hash.as_bytes().to_vec());
        let id: Option<Vec<u8>> = select.fetch_optional(self.connection().await?).await.map_err(failed)?;
        let corrupt = StoreError::Corrupt { table: "imported_key", column: "id" };
        id.map(|id| key_id(&id).ok_or(corrupt)).transpose()
    }

    async fn add_imported(&mut self, hash: &HashedKey, key: &Key) -> StoreResult<()> {
        query("INSERT INTO imported_key (hash, id, expires_at) VALUES (?1, ?2, ?3)")
            .bind(hash.as_bytes().to_vec())
            .bind(key_bytes(key.id))
            .bind(key.expires_at.ms())
            .execute(self.connection().await?)
            .await
            .map_err(failed)?;
        Ok(())
    }
}
