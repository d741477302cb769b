//! The audit log.

use super::error::{column, failed};
use super::{MOST_ROWS, Sqlite, SqliteTx};
use crate::audit;
use crate::columns::select;
use async_trait::async_trait;
use sqlx::sqlite::SqliteRow;
use sqlx::{QueryBuilder, SqliteConnection, SqliteExecutor, query, query_as};
use titan_core::audit::{AuditFilter, AuditLog, AuditLogTx, Entry, GENESIS, Hash, Link, Row, links};
use titan_core::port::{StoreError, StoreResult};

const TABLE: &str = "audit";

#[async_trait]
impl AuditLog for Sqlite {
    async fn audit_after(&self, sequence: i64, limit: u32) -> StoreResult<Vec<Row>> {
        rows_after(&self.readers, sequence, limit).await
    }

    async fn audit(&self, filter: &AuditFilter) -> StoreResult<Vec<Row>> {
        let mut select = audit::select(Some(audit::index(filter)), filter);
        let rows = select.build().fetch_all(&self.readers).await.map_err(failed)?;
        rows.iter().map(read).collect()
    }
}

#[async_trait]
impl AuditLogTx for SqliteTx {
    async fn add_audit(&mut self, entry: &Entry) -> StoreResult<()> {
        self.turn.add_audit(entry)
    }
}

/// At most `limit` rows after `sequence`, oldest first.
pub(crate) async fn rows_after(
    executor: impl SqliteExecutor<'_>,
    sequence: i64,
    limit: u32,
) -> StoreResult<Vec<Row>> {
    let rows = query(select!(audit, "WHERE sequence > ? ORDER BY sequence LIMIT ?"))
        .bind(sequence)
        .bind(limit)
        .fetch_all(executor)
        .await
        .map_err(failed)?;
    rows.iter().map(read).collect()
}

/// Adds these to the chain.
pub(super) async fn add(connection: &mut SqliteConnection, entries: Vec<&Entry>) -> StoreResult<()> {
    if entries.is_empty() {
        return Ok(());
    }
    let last = head(&mut *connection).await?.map_or(GENESIS, |(_, hash)| hash);
    let rows: Vec<_> = links(last, &entries).collect();
    for rows in rows.chunks(MOST_ROWS) {
        add_rows(&mut *connection, rows).await?;
    }
    Ok(())
}

/// The number and the hash of the last row.
pub(crate) async fn head(executor: impl SqliteExecutor<'_>) -> StoreResult<Option<(i64, Hash)>> {
    let last: Option<(i64, Vec<u8>)> =
        query_as("SELECT sequence, hash FROM audit ORDER BY sequence DESC LIMIT 1")
            .fetch_optional(executor)
            .await
            .map_err(failed)?;
    last.map(|(sequence, bytes)| Ok((sequence, hash(&bytes)?))).transpose()
}

async fn add_rows(connection: &mut SqliteConnection, rows: &[Link]) -> StoreResult<()> {
    let mut insert =
        QueryBuilder::new("INSERT INTO audit (at, actor, action, subject, ip, request_id, detail, hash) ");
    insert.push_values(rows, |mut row, link| {
        row.push_bind(link.at.ms());
        for field in &link.fields[1..] {
            row.push_bind(field.clone());
        }
        row.push_bind(link.hash.to_vec());
    });
    insert.build().execute(connection).await.map_err(failed)?;
    Ok(())
}

fn hash(bytes: &[u8]) -> StoreResult<Hash> {
    bytes.try_into().map_err(|_| StoreError::Corrupt { table: TABLE, column: "hash" })
}

fn read(row: &SqliteRow) -> StoreResult<Row> {
    let text = |name| column::<String>(row, TABLE, name);
    Ok(Row {
        sequence: column(row, TABLE, "sequence")?,
        fields: [
            column::<i64>(row, TABLE, "at")?.to_string(),
            text("actor")?,
            text("action")?,
            text("subject")?,
            text("ip")?,
            text("request_id")?,
            text("detail")?,
        ],
        hash: hash(column(row, TABLE, "hash")?)?,
    })
}
