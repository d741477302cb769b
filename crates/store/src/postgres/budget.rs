//! The budgets of limits. Each has one row, and who asks for a loan locks it.

use super::Postgres;
use super::error::{column, failed};
use crate::stored::limited;
use async_trait::async_trait;
use sqlx::query;
use std::time::Duration;
use titan_core::limit::{Ask, Budget, Budgets, Loan, Subject, WINDOW};
use titan_core::port::{StoreError, StoreResult};
use titan_core::time::Uptime;

const TABLE: &str = "budget";
/// How many rows leave at once.
const PIECE: i64 = 10_000;

#[async_trait]
impl Budgets for Postgres {
    async fn borrow(&self, subject: Subject, ask: &Ask, _now: Uptime) -> StoreResult<Loan> {
        let subject = limited(subject);
        let mut tx = self.budgets.begin().await.map_err(failed)?;
        // The row is there and locked before the clock is read.
        let row = query(
            "INSERT INTO budget (subject, booked, last_tick) VALUES ($1, '', 0) \
             ON CONFLICT (subject) DO UPDATE SET subject = excluded.subject \
             RETURNING booked, (extract(epoch FROM clock_timestamp()) * 1000)::bigint AS now",
        );
        let row = row.bind(&subject).fetch_one(&mut *tx).await.map_err(failed)?;
        let booked: &[u8] = column(&row, TABLE, "booked")?;
        let corrupt = StoreError::Corrupt { table: TABLE, column: "booked" };
        let mut budget = Budget::from_bytes(booked).ok_or(corrupt)?;
        let now: i64 = column(&row, TABLE, "now")?;
        let loan = budget.lend(Duration::from_millis(now.unsigned_abs()), ask);
        query("UPDATE budget SET booked = $2, last_tick = $3 WHERE subject = $1")
            .bind(&subject)
            .bind(budget.to_bytes())
            .bind(budget.last().unwrap_or_default().0)
            .execute(&mut *tx)
            .await
            .map_err(failed)?;
        tx.commit().await.map_err(failed)?;
        Ok(loan)
    }

    async fn sweep_budgets(&self, _now: Uptime) -> StoreResult<()> {
        // Who asks for a loan meanwhile has the row locked, or makes it anew.
        let sweep = query(
            "DELETE FROM budget WHERE subject IN (SELECT subject FROM budget \
             WHERE last_tick < extract(epoch FROM clock_timestamp())::bigint - $1 \
             ORDER BY last_tick LIMIT $2 FOR UPDATE SKIP LOCKED)",
        );
        let before = i64::try_from(WINDOW.as_secs()).unwrap_or(0) + 2;
        sweep.bind(before).bind(PIECE).execute(&self.budgets).await.map_err(failed)?;
        Ok(())
    }
}
