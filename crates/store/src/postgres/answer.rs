//! Remembered answers.

use super::PostgresTx;
use super::error::{column, failed, time};
use crate::stored::{key_bytes, key_id};
use async_trait::async_trait;
use sqlx::query;
use titan_core::idempotency::{Answer, AnswersTx};
use titan_core::port::{StoreError, StoreResult};
use titan_core::time::Timestamp;

const TABLE: &str = "answer";

#[async_trait]
impl AnswersTx for PostgresTx {
    async fn answer(&mut self, actor: &str, name: &str, since: Timestamp) -> StoreResult<Option<Answer>> {
        query("DELETE FROM answer WHERE at < $1")
            .bind(since.ms())
            .execute(self.connection().await?)
            .await
            .map_err(failed)?;
        let row = query("SELECT * FROM answer WHERE actor = $1 AND name = $2")
            .bind(actor)
            .bind(name)
            .fetch_optional(self.connection().await?)
            .await
            .map_err(failed)?;
        let Some(row) = row else { return Ok(None) };
        let corrupt = |column| StoreError::Corrupt { table: TABLE, column };
        let fingerprint: &[u8] = column(&row, TABLE, "fingerprint")?;
        Ok(Some(Answer {
            fingerprint: fingerprint.try_into().map_err(|_| corrupt("fingerprint"))?,
            key: key_id(column(&row, TABLE, "key")?).ok_or(corrupt("key"))?,
            label: column(&row, TABLE, "label")?,
            is_active: column(&row, TABLE, "is_active")?,
            at: time(&row, TABLE, "at")?,
        }))
    }

    async fn add_answer(&mut self, actor: &str, name: &str, answer: &Answer) -> StoreResult<()> {
        query(
            "INSERT INTO answer (actor, name, fingerprint, key, label, is_active, at) VALUES ($1, $2, $3, $4, $5, $6, $7)",
        )
        .bind(actor)
        .bind(name)
        .bind(answer.fingerprint.as_slice())
        .bind(key_bytes(answer.key))
        .bind(&answer.label)
        .bind(answer.is_active)
        .bind(answer.at.ms())
        .execute(self.connection().await?)
        .await
        .map_err(failed)?;
        Ok(())
    }
}
