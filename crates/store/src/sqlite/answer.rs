//! Remembered answers.

use super::error::{column, failed, time};
use super::{MOST_ROWS, SqliteTx};
use crate::columns::select;
use crate::group::{NamedAnswer, forgotten_before};
use crate::stored::{key_bytes, key_id};
use async_trait::async_trait;
use sqlx::{QueryBuilder, SqliteConnection, query};
use titan_core::idempotency::{Answer, AnswersTx};
use titan_core::port::{StoreError, StoreResult};
use titan_core::time::Timestamp;

const TABLE: &str = "answer";

#[async_trait]
impl AnswersTx for SqliteTx {
    async fn answer(&mut self, actor: &str, name: &str, since: Timestamp) -> StoreResult<Option<Answer>> {
        let row = query(select!(answer, "WHERE actor = ? AND name = ? AND at >= ?"))
            .bind(actor)
            .bind(name)
            .bind(since.ms())
            .fetch_optional(self.turn.answer_reader(actor, name).await?)
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
        self.turn.add_answer(actor, name, answer)
    }
}

/// Adds these, and deletes those whose time is over: one of them may have the name of a new one.
pub(super) async fn add(connection: &mut SqliteConnection, rows: Vec<&NamedAnswer>) -> StoreResult<()> {
    let Some(since) = forgotten_before(&rows) else { return Ok(()) };
    let delete = query("DELETE FROM answer WHERE at < ?").bind(since.ms());
    delete.execute(&mut *connection).await.map_err(failed)?;
    for rows in rows.chunks(MOST_ROWS) {
        add_rows(&mut *connection, rows).await?;
    }
    Ok(())
}

async fn add_rows(connection: &mut SqliteConnection, rows: &[&NamedAnswer]) -> StoreResult<()> {
    let mut insert =
        QueryBuilder::new("INSERT INTO answer (actor, name, fingerprint, key, label, is_active, at) ");
    insert.push_values(rows, |mut columns, row| {
        columns
            .push_bind(row.actor.clone())
            .push_bind(row.name.clone())
            .push_bind(row.answer.fingerprint.to_vec())
            .push_bind(key_bytes(row.answer.key))
            .push_bind(row.answer.label.clone())
            .push_bind(row.answer.is_active)
            .push_bind(row.answer.at.ms());
    });
    insert.build().execute(connection).await.map_err(failed)?;
    Ok(())
}
