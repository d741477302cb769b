//! Failed sign-ins.

use super::error::failed;
use super::{Sqlite, SqliteTx};
use async_trait::async_trait;
use sqlx::{SqliteExecutor, query, query_scalar};
use titan_core::port::{StoreError, StoreResult};
use titan_core::time::Timestamp;
use titan_core::user::throttle::{Attempts, Subject};
use titan_core::user::{AttemptsTx, FailedSignIns};

/// How many rows that mean nothing any more go with each one that is written.
const FORGOTTEN: u32 = 8;

#[async_trait]
impl FailedSignIns for Sqlite {
    async fn failures(&self, subject: &Subject, now: Timestamp) -> StoreResult<Option<Attempts>> {
        read(&self.readers, subject, now).await
    }
}

#[async_trait]
impl AttemptsTx for SqliteTx {
    async fn attempts(&mut self, subject: &Subject, now: Timestamp) -> StoreResult<Option<Attempts>> {
        read(self.connection().await?, subject, now).await
    }

    async fn put_attempts(
        &mut self,
        subject: &Subject,
        attempts: &Attempts,
        forget_at: Timestamp,
    ) -> StoreResult<()> {
        query(
            "INSERT INTO attempt (subject, failures, forget_at) VALUES (?1, ?2, ?3) \
             ON CONFLICT (subject) DO UPDATE SET failures = ?2, forget_at = ?3",
        )
        .bind(subject.as_bytes().as_slice())
        .bind(attempts.to_bytes())
        .bind(forget_at.ms())
        .execute(self.connection().await?)
        .await
        .map_err(failed)?;
        Ok(())
    }

    async fn forget_attempts(&mut self, now: Timestamp) -> StoreResult<()> {
        let delete = query(
            "DELETE FROM attempt WHERE subject IN \
             (SELECT subject FROM attempt WHERE forget_at <= ? ORDER BY forget_at LIMIT ?)",
        );
        let delete = delete.bind(now.ms()).bind(FORGOTTEN);
        delete.execute(self.connection().await?).await.map_err(failed)?;
        Ok(())
    }
}

async fn read(
    executor: impl SqliteExecutor<'_>,
    subject: &Subject,
    now: Timestamp,
) -> StoreResult<Option<Attempts>> {
    let select = query_scalar("SELECT failures FROM attempt WHERE subject = ? AND forget_at > ?")
        .bind(subject.as_bytes().to_vec())
        .bind(now.ms());
    let bytes: Option<Vec<u8>> = select.fetch_optional(executor).await.map_err(failed)?;
    let corrupt = StoreError::Corrupt { table: "attempt", column: "failures" };
    bytes.map(|bytes| Attempts::from_bytes(&bytes).ok_or(corrupt)).transpose()
}
