//! The log of changes.

use super::error::{column, failed, time};
use super::{Sqlite, SqliteTx};
use crate::columns::select;
use crate::stored::{
    CLIENT_TOKEN, CONSOLE, IMPORTED, KEY, OPAQUE, Piece, SESSION, StoredChange, client_tokens_until,
    console_sessions_until, key_bytes, key_id, read_change, revision, revision_number,
};
use async_trait::async_trait;
use sqlx::sqlite::SqliteRow;
use sqlx::{AssertSqlSafe, SqliteConnection, SqliteExecutor, query, query_scalar};
use titan_core::port::{StoreError, StoreResult};
use titan_core::revision::{Change, Changes, Revision, Revisions, RevisionsTx, Swept};
use titan_core::time::Timestamp;
use titan_token::KeyId;

const TABLE: &str = "change";
const HEAD: &str = "revision_head";

/// A piece of the log as [`Piece`] takes it. With a row for each change, a start with a million takes twice as long.
const CHANGES_AFTER: &str = concat!(
    "SELECT count(*) AS count, max(revision) AS last, \
        group_concat(concat_ws(' ', revision, kind, hex(subject), status), char(10)) AS lines \
    FROM (",
    select!(change, "WHERE revision > ? ORDER BY revision LIMIT ?"),
    ")",
);

#[async_trait]
impl Revisions for Sqlite {
    async fn changes_after(&self, after: Revision, limit: u32) -> StoreResult<Changes> {
        // One transaction: head and list are of one moment.
        let mut tx = self.log.begin().await.map_err(failed)?;
        let (head, swept) = read_head(&mut *tx).await?;
        let select = query(CHANGES_AFTER).bind(revision_number(after)).bind(limit);
        let row = select.fetch_one(&mut *tx).await.map_err(failed)?;
        let piece = Piece {
            count: column(&row, TABLE, "count")?,
            last: column(&row, TABLE, "last")?,
            lines: column(&row, TABLE, "lines")?,
        };
        piece.changes(head, swept, limit)
    }

    async fn ended_keys(
        &self,
        after: Timestamp,
        until: Timestamp,
        limit: u32,
    ) -> StoreResult<Vec<(KeyId, Timestamp)>> {
        ended(&self.log, after, until, limit).await
    }
}

#[async_trait]
impl RevisionsTx for SqliteTx {
    async fn head(&mut self) -> StoreResult<Revision> {
        if let Some(head) = self.turn.known()?.head {
            return Ok(head);
        }
        let select = query_scalar("SELECT revision FROM revision_head");
        let head = revision(select.fetch_one(self.turn.reader().await?).await.map_err(failed)?)?;
        self.turn.known()?.head = Some(head);
        Ok(head)
    }

    async fn swept(&mut self) -> StoreResult<Swept> {
        Ok(read_head(self.turn.reader().await?).await?.1)
    }

    async fn sweep_until(&mut self, until: Timestamp) -> StoreResult<Revision> {
        let raise = query_scalar(
            "UPDATE revision_head SET revision = revision + 1, swept_until = ?1 RETURNING revision",
        );
        let next = raise.bind(until.ms()).fetch_one(self.connection().await?).await.map_err(failed)?;
        revision(next)
    }

    async fn sweep_log(&mut self, until: Timestamp, limit: u32) -> StoreResult<bool> {
        let before = self.swept().await?.log_until;
        let ended = ended(self.connection().await?, before, until, limit).await?;
        let has_more = ended.len() >= usize::try_from(limit).unwrap_or(usize::MAX);
        let reached = ended.last().filter(|_| has_more).map_or(until, |(_, at)| *at);
        delete_keys(self.connection().await?, ended.into_iter().map(|(id, _)| key_bytes(id)).collect())
            .await?;
        forget_sessions(self.connection().await?, before, reached).await?;
        for hashed in [(OPAQUE, "opaque_key"), (IMPORTED, "imported_key")] {
            forget_hashed(self.connection().await?, hashed, before, reached).await?;
        }
        forget_short_lived(self.connection().await?, reached).await?;
        delete_sessions(self.connection().await?, reached, limit).await?;
        let raise = query("UPDATE revision_head SET log_swept_until = ?1 WHERE log_swept_until < ?1");
        raise.bind(reached.ms()).execute(self.connection().await?).await.map_err(failed)?;
        Ok(has_more)
    }

    async fn record_change(&mut self, change: &Change) -> StoreResult<Revision> {
        let next: i64 = query_scalar("UPDATE revision_head SET revision = revision + 1 RETURNING revision")
            .fetch_one(self.connection().await?)
            .await
            .map_err(failed)?;
        let StoredChange { kind, subject, status } = StoredChange::of(change)?;
        query(
            "INSERT INTO change (revision, kind, subject, status) VALUES (?1, ?2, ?3, ?4) \
             ON CONFLICT (kind, subject) DO UPDATE SET revision = ?1, status = ?4",
        )
        .bind(next)
        .bind(kind)
        .bind(subject)
        .bind(status)
        .execute(self.connection().await?)
        .await
        .map_err(failed)?;
        revision(next)
    }
}

pub(super) fn read(row: &SqliteRow) -> StoreResult<(Revision, Change)> {
    let kind: i16 = column(row, TABLE, "kind")?;
    let change = read_change(kind, column(row, TABLE, "subject")?, column(row, TABLE, "status")?)?;
    Ok((revision(column(row, TABLE, "revision")?)?, change))
}

/// The newest revision, and what has left the log.
pub(super) async fn read_head(executor: impl SqliteExecutor<'_>) -> StoreResult<(Revision, Swept)> {
    let row = query(select!(revision_head)).fetch_one(executor).await.map_err(failed)?;
    let swept =
        Swept { until: time(&row, HEAD, "swept_until")?, log_until: time(&row, HEAD, "log_swept_until")? };
    Ok((revision(column(&row, HEAD, "revision")?)?, swept))
}

/// In the order of their end, from the index for that.
async fn ended(
    executor: impl SqliteExecutor<'_>,
    after: Timestamp,
    until: Timestamp,
    limit: u32,
) -> StoreResult<Vec<(KeyId, Timestamp)>> {
    const ENDED: &str =
        "(revoked_at IS NOT NULL OR retires_at IS NOT NULL OR is_active = 0 OR rate_limit IS NOT NULL)";
    let sql = format!(
        "SELECT id, expires_at FROM key INDEXED BY key_by_end \
         WHERE {ENDED} AND expires_at > ?1 AND expires_at <= coalesce( \
             (SELECT expires_at FROM key INDEXED BY key_by_end WHERE {ENDED} AND expires_at > ?1 AND expires_at <= ?2 \
              ORDER BY expires_at LIMIT 1 OFFSET ?3), ?2) \
         ORDER BY expires_at"
    );
    let rows = query(AssertSqlSafe(sql))
        .bind(after.ms())
        .bind(until.ms())
        .bind(i64::from(limit) - 1)
        .fetch_all(executor)
        .await
        .map_err(failed)?;
    rows.iter().map(read_ended).collect()
}

fn read_ended(row: &SqliteRow) -> StoreResult<(KeyId, Timestamp)> {
    let bytes: &[u8] = column(row, "key", "id")?;
    let id = key_id(bytes).ok_or(StoreError::Corrupt { table: "key", column: "id" })?;
    Ok((id, time(row, "key", "expires_at")?))
}

/// Sessions whose last JWT expired in this time.
async fn forget_sessions(
    connection: &mut SqliteConnection,
    after: Timestamp,
    until: Timestamp,
) -> StoreResult<()> {
    query(
        "DELETE FROM change WHERE kind = ?3 AND subject IN ( \
             SELECT id FROM session \
             WHERE (ended_at IS NOT NULL OR epoch > 0) AND jwt_until > ?1 AND jwt_until <= ?2)",
    )
    .bind(after.ms())
    .bind(until.ms())
    .bind(SESSION)
    .execute(connection)
    .await
    .map_err(failed)?;
    Ok(())
}

/// Client tokens and console sessions that were ended and have expired by this time. They are few: those of some hours.
async fn forget_short_lived(connection: &mut SqliteConnection, until: Timestamp) -> StoreResult<()> {
    for (kind, end) in [(CLIENT_TOKEN, client_tokens_until(until)), (CONSOLE, console_sessions_until(until))]
    {
        let delete = query("DELETE FROM change WHERE kind = ?1 AND subject < ?2").bind(kind).bind(end);
        delete.execute(&mut *connection).await.map_err(failed)?;
    }
    Ok(())
}

/// Keys that are found by their hash and expired in this time.
async fn forget_hashed(
    connection: &mut SqliteConnection,
    (kind, table): (i16, &str),
    after: Timestamp,
    until: Timestamp,
) -> StoreResult<()> {
    let delete = format!(
        "DELETE FROM change WHERE kind = ?3 AND subject IN ( \
             SELECT hash FROM {table} WHERE expires_at > ?1 AND expires_at <= ?2)"
    );
    let delete = query(AssertSqlSafe(delete)).bind(after.ms()).bind(until.ms()).bind(kind);
    delete.execute(connection).await.map_err(failed)?;
    Ok(())
}

/// Rows of sessions that nobody can refresh any more, and whose JWTs have expired before that.
async fn delete_sessions(connection: &mut SqliteConnection, until: Timestamp, limit: u32) -> StoreResult<()> {
    query(
        "DELETE FROM session WHERE id IN \
         (SELECT id FROM session WHERE expires_at <= ? ORDER BY expires_at LIMIT ?)",
    )
    .bind(until.ms())
    .bind(limit)
    .execute(connection)
    .await
    .map_err(failed)?;
    Ok(())
}

async fn delete_keys(connection: &mut SqliteConnection, ids: Vec<Vec<u8>>) -> StoreResult<()> {
    for id in ids {
        let delete = query("DELETE FROM change WHERE kind = ? AND subject = ?").bind(KEY).bind(id);
        delete.execute(&mut *connection).await.map_err(failed)?;
    }
    Ok(())
}
