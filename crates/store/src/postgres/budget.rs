//! The budgets of limits. Each has one row, and who asks for a loan locks it.

use super::Postgres;
use super::connect::promptly;
use super::error::{column, failed};
use crate::stored::limited;
use async_trait::async_trait;
use sqlx::{Connection, PgConnection, query};
use std::time::Duration;
use titan_core::limit::{Ask, Budget, Budgets, KEPT_TICKS, LOAN, Loan, Subject};
use titan_core::port::{StoreError, StoreResult};
use titan_core::time::Uptime;
use tokio::time::error::Elapsed;
use tokio::time::timeout;

const TABLE: &str = "budget";
/// How many rows leave at once.
const PIECE: i64 = 10_000;

/// The row is there and locked before the clock is read.
const LOCK: &str = "\
    INSERT INTO budget (subject, booked, last_tick) VALUES ($1, '', 0) \
    ON CONFLICT (subject) DO UPDATE SET subject = excluded.subject \
    RETURNING booked, (extract(epoch FROM clock_timestamp()) * 1000)::bigint AS now";

/// Who asks for a loan meanwhile has the row locked, or makes it anew.
const SWEEP: &str = "\
    DELETE FROM budget WHERE subject IN (SELECT subject FROM budget \
    WHERE last_tick < extract(epoch FROM now())::bigint - $1 ORDER BY last_tick LIMIT $2 FOR UPDATE SKIP LOCKED)";

#[async_trait]
impl Budgets for Postgres {
    async fn borrow(&self, subject: Subject, ask: &Ask, _now: Uptime) -> StoreResult<Loan> {
        let pool = match subject {
            Subject::Global | Subject::Message => &self.shared_budgets,
            Subject::Client(_) | Subject::Key(_) => &self.key_budgets,
        };
        let late = |late: Elapsed| StoreError::Unavailable(late.into());
        let mut connection = timeout(LOAN, pool.acquire()).await.map_err(late)?.map_err(failed)?;
        match timeout(LOAN, lend(&mut connection, &limited(subject), ask)).await {
            Ok(loan) => loan,
            // Back in the pool, it would be waited for again.
            Err(elapsed) => {
                drop(connection.detach());
                Err(late(elapsed))
            }
        }
    }

    async fn sweep_budgets(&self, _now: Uptime) -> StoreResult<()> {
        loop {
            let swept = promptly!(self.key_budgets, execute, query(SWEEP).bind(KEPT_TICKS).bind(PIECE))?;
            if swept.rows_affected() < PIECE.unsigned_abs() {
                return Ok(());
            }
        }
    }
}

async fn lend(connection: &mut PgConnection, subject: &[u8], ask: &Ask) -> StoreResult<Loan> {
    let mut tx = connection.begin().await.map_err(failed)?;
    let row = query(LOCK).bind(subject).fetch_one(&mut *tx).await.map_err(failed)?;
    let booked: &[u8] = column(&row, TABLE, "booked")?;
    let corrupt = StoreError::Corrupt { table: TABLE, column: "booked" };
    let mut budget = Budget::from_bytes(booked).ok_or(corrupt)?;
    let now: i64 = column(&row, TABLE, "now")?;
    let loan = budget.lend(Duration::from_millis(now.unsigned_abs()), ask);
    query("UPDATE budget SET booked = $2, last_tick = $3 WHERE subject = $1")
        .bind(subject)
        .bind(budget.to_bytes())
        .bind(budget.last().unwrap_or_default().0)
        .execute(&mut *tx)
        .await
        .map_err(failed)?;
    tx.commit().await.map_err(failed)?;
    Ok(loan)
}
