//! The audit log.

use super::error::{column, failed};
use super::{Postgres, PostgresTx};
use async_trait::async_trait;
use sqlx::postgres::PgRow;
use sqlx::{query, query_scalar};
use titan_core::audit::{AuditLog, AuditLogTx, Entry, GENESIS, Hash, Row, chain};
use titan_core::port::{StoreError, StoreResult};

const TABLE: &str = "audit";

#[async_trait]
impl AuditLog for Postgres {
    async fn audit_after(&self, sequence: i64, limit: u32) -> StoreResult<Vec<Row>> {
        let rows = query("SELECT * FROM audit WHERE sequence > $1 ORDER BY sequence LIMIT $2")
            .bind(sequence)
            .bind(i64::from(limit))
            .fetch_all(&self.readers)
            .await
            .map_err(failed)?;
        rows.iter().map(read).collect()
    }
}

#[async_trait]
impl AuditLogTx for PostgresTx {
    async fn add_audit(&mut self, entry: &Entry) -> StoreResult<()> {
        let last: Option<Vec<u8>> = query_scalar("SELECT hash FROM audit ORDER BY sequence DESC LIMIT 1")
            .fetch_optional(self.connection()?)
            .await
            .map_err(failed)?;
        let previous = last.map_or(Ok(GENESIS), |bytes| hash(&bytes))?;
        let fields = entry.fields();
        let [_, actor, action, subject, ip, request_id, detail] = &fields;
        query(
            "INSERT INTO audit (sequence, at, actor, action, subject, ip, request_id, detail, hash) \
             SELECT coalesce(max(sequence), 0) + 1, $1, $2, $3, $4, $5, $6, $7, $8 FROM audit",
        )
        .bind(entry.at.ms())
        .bind(actor)
        .bind(action)
        .bind(subject)
        .bind(ip)
        .bind(request_id)
        .bind(detail)
        .bind(chain(&previous, &fields).as_slice())
        .execute(self.connection()?)
        .await
        .map_err(failed)?;
        Ok(())
    }
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
