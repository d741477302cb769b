//! How often keys are used.

use super::Postgres;
use super::error::{column, failed, time};
use crate::columns::select;
use crate::stored::key_bytes;
use crate::usage::{ADD, PIECE, Part, RAISE, SAW, Sweep, TABLE, Words, number, parts, row, select, sweeps};
use async_trait::async_trait;
use sqlx::error::DatabaseError;
use sqlx::postgres::PgRow;
use sqlx::{AssertSqlSafe, Error, PgConnection, PgPool, query};
use std::sync::Arc;
use titan_core::port::{StoreError, StoreResult};
use titan_core::usage::{Flush, Group, LastClient, UsageEnd, UsageQuery, UsageRow, UsageStore};
use titan_token::KeyId;

const WORDS: Words = Words { hex: "encode(named.label, 'hex')", by_key: "", by_tenant: "" };
const LAST: &str = "last_client";

/// Deletes the oldest rollups of a step. Writes exclude each other, so a row stays where it was found.
const SWEEP: &str = "\
    DELETE FROM usage WHERE ctid = ANY(ARRAY( \
    SELECT ctid FROM usage WHERE step = $1 AND at < $2 ORDER BY at LIMIT $3))";
const CANCELED: &str = "57014";

/// A parameter is a column, so it is one statement for any number of rows.
const INSERT: &str = "\
    INSERT INTO usage (step, at, tenant, key, route, outcome, requests, bytes_in, bytes_out, micros) \
    SELECT rollup.step, rollup.at, tenant, key, route, outcome, requests, bytes_in, bytes_out, micros \
    FROM unnest($1::bigint[], $2::bytea[], $3::text[], $4::text[], $5::bigint[], $6::bigint[], $7::bigint[], $8::bigint[]) \
         AS new (tenant, key, route, outcome, requests, bytes_in, bytes_out, micros) \
    CROSS JOIN unnest($9::bigint[], $10::bigint[]) AS rollup (step, at)";
const INSERT_CLIENTS: &str = "\
    INSERT INTO last_client (key, at, address, user_agent) \
    SELECT key, at, address, user_agent \
    FROM unnest($1::bytea[], $2::bigint[], $3::text[], $4::text[]) AS new (key, at, address, user_agent)";

#[async_trait]
impl UsageStore for Postgres {
    async fn add_usage(&self, flush: &Flush) -> StoreResult<()> {
        // In its turn, like every write, so that it never meets another one.
        let mut turn = self.writers.begin().await?;
        let raise = query(RAISE).bind(flush.instance.0.to_be_bytes().to_vec()).bind(number(flush));
        let raise = raise.bind(flush.minute.ms()).execute(turn.connection().await?);
        if raise.await.map_err(failed)?.rows_affected() == 0 {
            // The one that added it may be in this group, and not committed.
            return turn.commit().await;
        }
        for part in parts(flush) {
            add(turn.connection().await?, part).await?;
        }
        add_clients(turn.connection().await?, &flush.clients).await?;
        turn.commit().await
    }

    async fn usage(&self, query: &UsageQuery) -> StoreResult<Vec<UsageRow>> {
        // One at a time: however long it takes, other lists have a connection. It ends with the statement, which goes on when whoever
        // asked has gone away.
        let alone = Arc::clone(&self.usage).lock_owned().await;
        let (readers, query) = (self.readers.clone(), query.clone());
        let rows = tokio::spawn(async move {
            let rows = read_all(&readers, &query).await;
            drop(alone);
            rows
        });
        rows.await.map_err(|error| StoreError::Failed(error.into()))?
    }

    async fn last_client(&self, key: KeyId) -> StoreResult<Option<LastClient>> {
        let select = query(select!(last_client, "WHERE key = $1")).bind(key_bytes(key));
        select.fetch_optional(&self.readers).await.map_err(failed)?.as_ref().map(read_client).transpose()
    }

    async fn sweep_usage(&self, end: &UsageEnd) -> StoreResult<()> {
        let mut swept = Ok(());
        for sweep in sweeps(end, SWEEP) {
            // What one of them cannot delete holds up no other one.
            swept = swept.and(self.sweep_all(&sweep).await);
        }
        swept
    }
}

impl Postgres {
    async fn sweep_all(&self, sweep: &Sweep) -> StoreResult<()> {
        while self.sweep_piece(sweep).await? == PIECE {}
        Ok(())
    }

    /// A transaction of its own, so that no other write waits for long.
    async fn sweep_piece(&self, (sweep, numbers): &Sweep) -> StoreResult<u64> {
        let mut turn = self.writers.begin().await?;
        let sweep = numbers.iter().fold(query(*sweep), |sweep, number| sweep.bind(*number));
        let sweep = sweep.bind(PIECE.cast_signed()).execute(turn.connection().await?);
        let swept = sweep.await.map_err(failed)?.rows_affected();
        turn.commit().await?;
        Ok(swept)
    }
}

async fn add(connection: &mut PgConnection, (rows, rollups): Part) -> StoreResult<()> {
    let (steps, times): (Vec<_>, Vec<_>) = rollups.into_iter().unzip();
    let numbers = |place: usize| rows.iter().map(|row| row.numbers[place]).collect::<Vec<_>>();
    query(AssertSqlSafe(format!("{INSERT}{ADD}")))
        .bind(rows.iter().map(|row| row.tenant).collect::<Vec<_>>())
        .bind(rows.iter().map(|row| row.key.clone()).collect::<Vec<_>>())
        .bind(rows.iter().map(|row| row.route.clone()).collect::<Vec<_>>())
        .bind(rows.iter().map(|row| row.outcome.clone()).collect::<Vec<_>>())
        .bind(numbers(0))
        .bind(numbers(1))
        .bind(numbers(2))
        .bind(numbers(3))
        .bind(steps)
        .bind(times)
        .execute(connection)
        .await
        .map_err(failed)?;
    Ok(())
}

async fn add_clients(connection: &mut PgConnection, clients: &[(KeyId, LastClient)]) -> StoreResult<()> {
    query(AssertSqlSafe(format!("{INSERT_CLIENTS}{SAW}")))
        .bind(clients.iter().map(|(key, _)| key_bytes(*key)).collect::<Vec<_>>())
        .bind(clients.iter().map(|(_, client)| client.at.ms()).collect::<Vec<_>>())
        .bind(clients.iter().map(|(_, client)| client.address.clone()).collect::<Vec<_>>())
        .bind(clients.iter().map(|(_, client)| client.user_agent.clone()).collect::<Vec<_>>())
        .execute(connection)
        .await
        .map_err(failed)?;
    Ok(())
}

async fn read_all(readers: &PgPool, query: &UsageQuery) -> StoreResult<Vec<UsageRow>> {
    let mut select = select::<sqlx::Postgres>(query, &WORDS);
    let rows = select.build().fetch_all(readers).await.map_err(failed_or_slow)?;
    rows.iter().map(|row| read(query.group, row)).collect()
}

/// The server ends a statement that takes too long.
fn failed_or_slow(error: Error) -> StoreError {
    let code = error.as_database_error().and_then(DatabaseError::code);
    if code.as_deref() == Some(CANCELED) { StoreError::TooSlow(error.into()) } else { failed(error) }
}

fn read(group: Option<Group>, line: &PgRow) -> StoreResult<UsageRow> {
    let label: Option<String> = column(line, TABLE, "label")?;
    let number = |name| column::<i64>(line, TABLE, name);
    let numbers = [number("requests")?, number("bytes_in")?, number("bytes_out")?, number("micros")?];
    row(group, number("at")?, label.as_deref(), column(line, TABLE, "outcome")?, numbers)
}

fn read_client(row: &PgRow) -> StoreResult<LastClient> {
    Ok(LastClient {
        at: time(row, LAST, "at")?,
        address: column(row, LAST, "address")?,
        user_agent: column(row, LAST, "user_agent")?,
    })
}
