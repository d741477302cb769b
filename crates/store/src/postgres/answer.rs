//! Remembered answers.

use super::error::{column, failed, time};
use super::{PostgresTx, each};
use crate::columns::select;
use crate::group::{NamedAnswer, forgotten_before};
use crate::stored::{key_bytes, key_id};
use async_trait::async_trait;
use sqlx::{PgConnection, query};
use titan_core::idempotency::{Answer, AnswersTx};
use titan_core::port::{StoreError, StoreResult};
use titan_core::time::Timestamp;

const TABLE: &str = "answer";
/// A parameter is a column, so it is one statement for any number of rows.
const ADD: &str = "INSERT INTO answer (actor, name, fingerprint, key, label, is_active, at) \
     SELECT actor, name, fingerprint, key, label, is_active, at \
     FROM unnest($1::text[], $2::text[], $3::bytea[], $4::bytea[], $5::text[], $6::boolean[], $7::bigint[]) \
         AS new (actor, name, fingerprint, key, label, is_active, at)";

#[async_trait]
impl AnswersTx for PostgresTx {
    async fn answer(&mut self, actor: &str, name: &str, since: Timestamp) -> StoreResult<Option<Answer>> {
        let row = query(select!(answer, "WHERE actor = $1 AND name = $2 AND at >= $3"))
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
pub(super) async fn add(connection: &mut PgConnection, rows: Vec<&NamedAnswer>) -> StoreResult<()> {
    let Some(since) = forgotten_before(&rows) else { return Ok(()) };
    let delete = query("DELETE FROM answer WHERE at < $1").bind(since.ms());
    delete.execute(&mut *connection).await.map_err(failed)?;
    query(ADD)
        .bind(each(&rows, |row| row.actor.clone()))
        .bind(each(&rows, |row| row.name.clone()))
        .bind(each(&rows, |row| row.answer.fingerprint.to_vec()))
        .bind(each(&rows, |row| key_bytes(row.answer.key)))
        .bind(each(&rows, |row| row.answer.label.clone()))
        .bind(each(&rows, |row| row.answer.is_active))
        .bind(each(&rows, |row| row.answer.at.ms()))
        .execute(connection)
        .await
        .map_err(failed)?;
    Ok(())
}
