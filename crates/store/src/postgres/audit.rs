//! The audit log.

use super::error::{column, failed};
use super::{Postgres, PostgresTx, each};
use crate::audit;
use crate::columns::select;
use async_trait::async_trait;
use sqlx::postgres::PgRow;
use sqlx::{PgConnection, query, query_as};
use std::array::from_fn;
use titan_core::audit::{AuditFilter, AuditLog, AuditLogTx, Entry, GENESIS, Hash, Link, Row, links};
use titan_core::port::{StoreError, StoreResult};

const TABLE: &str = "audit";
/// Behind the row with this number. A parameter is a column, so it is one statement for any number of rows.
const ADD: &str = "INSERT INTO audit (sequence, at, actor, action, subject, ip, request_id, detail, hash) \
     SELECT $1 + place, at, actor, action, subject, ip, request_id, detail, hash \
     FROM unnest($2::bigint[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[], $9::bytea[]) \
         WITH ORDINALITY AS new (at, actor, action, subject, ip, request_id, detail, hash, place)";

#[async_trait]
impl AuditLog for Postgres {
    async fn audit_after(&self, sequence: i64, limit: u32) -> StoreResult<Vec<Row>> {
        let rows = query(select!(audit, "WHERE sequence > $1 ORDER BY sequence LIMIT $2"))
            .bind(sequence)
            .bind(i64::from(limit))
            .fetch_all(&self.readers)
            .await
            .map_err(failed)?;
        rows.iter().map(read).collect()
    }

    async fn audit(&self, filter: &AuditFilter) -> StoreResult<Vec<Row>> {
        let mut select = audit::select(None, filter);
        let rows = select.build().fetch_all(&self.readers).await.map_err(failed)?;
        rows.iter().map(read).collect()
    }
}

#[async_trait]
impl AuditLogTx for PostgresTx {
    async fn add_audit(&mut self, entry: &Entry) -> StoreResult<()> {
        self.turn.add_audit(entry)
    }
}

/// Adds these to the chain.
pub(super) async fn add(connection: &mut PgConnection, entries: Vec<&Entry>) -> StoreResult<()> {
    if entries.is_empty() {
        return Ok(());
    }
    let last: Option<(i64, Vec<u8>)> =
        query_as("SELECT sequence, hash FROM audit ORDER BY sequence DESC LIMIT 1")
            .fetch_optional(&mut *connection)
            .await
            .map_err(failed)?;
    let (sequence, last) =
        last.map_or(Ok((0, GENESIS)), |(sequence, bytes)| Ok((sequence, hash(&bytes)?)))?;
    let rows: Vec<_> = links(last, &entries).collect();
    let [_, actor, action, subject, ip, request_id, detail] = columns(&rows);
    query(ADD)
        .bind(sequence)
        .bind(each(&rows, |row| row.at.ms()))
        .bind(actor)
        .bind(action)
        .bind(subject)
        .bind(ip)
        .bind(request_id)
        .bind(detail)
        .bind(each(&rows, |row| row.hash.to_vec()))
        .execute(connection)
        .await
        .map_err(failed)?;
    Ok(())
}

/// The fields of all rows, by column.
fn columns(rows: &[Link]) -> [Vec<&str>; 7] {
    from_fn(|column| rows.iter().map(|row| &*row.fields[column]).collect())
}

fn hash(bytes: &[u8]) -> StoreResult<Hash> {
    bytes.try_into().map_err(|_| StoreError::Corrupt { table: TABLE, column: "hash" })
}

fn read(row: &PgRow) -> StoreResult<Row> {
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
