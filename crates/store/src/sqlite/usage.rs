//! How often keys are used.

use super::error::{column, failed, time};
use super::{MOST_ROWS, Sqlite};
use crate::columns::select;
use crate::stored::key_bytes;
use crate::usage::{
    ADD, PIECE, RAISE, SAW, StoredRow, Sweep, TABLE, Words, number, parts, row, select, sweeps,
};
use async_trait::async_trait;
use sqlx::sqlite::SqliteRow;
use sqlx::{QueryBuilder, SqliteConnection, SqlitePool, query};
use std::sync::Arc;
use titan_core::port::{StoreError, StoreResult};
use titan_core::usage::{Flush, Group, LastClient, UsageEnd, UsageQuery, UsageRow, UsageStore};
use titan_token::KeyId;

/// `hex` makes an empty text of null. By itself, SQLite would take the primary key, and read all rows of the time.
const WORDS: Words = Words {
    hex: "CASE WHEN named.label IS NOT NULL THEN hex(named.label) END",
    by_key: " INDEXED BY usage_by_key",
    by_tenant: " INDEXED BY usage_by_tenant",
};
const LAST: &str = "last_client";

/// Deletes the oldest rollups of a step: all up to the last of so many, by the primary key.
const SWEEP: &str = "\
    DELETE FROM usage WHERE step = $1 AND (at, tenant, key, route, outcome) <= ( \
    SELECT at, tenant, key, route, outcome FROM ( \
        SELECT at, tenant, key, route, outcome FROM usage WHERE step = $1 AND at < $2 \
        ORDER BY at, tenant, key, route, outcome LIMIT $3) AS oldest \
    ORDER BY at DESC, tenant DESC, key DESC, route DESC, outcome DESC LIMIT 1)";

#[async_trait]
impl UsageStore for Sqlite {
    async fn add_usage(&self, flush: &Flush) -> StoreResult<()> {
        let mut turn = self.writers.begin().await?;
        let raise = query(RAISE).bind(flush.instance.0.to_be_bytes().to_vec()).bind(number(flush));
        let raise = raise.bind(flush.minute.ms()).execute(turn.connection().await?);
        if raise.await.map_err(failed)?.rows_affected() == 0 {
            // The one that added it may be in this group, and not committed.
            return turn.commit().await;
        }
        for (rows, rollups) in parts(flush) {
            for rollup in rollups {
                add(turn.connection().await?, rollup, &rows).await?;
            }
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
        let select = query(select!(last_client, "WHERE key = ?")).bind(key_bytes(key));
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

impl Sqlite {
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

async fn add(
    connection: &mut SqliteConnection,
    (step, at): (i64, i64),
    rows: &[StoredRow],
) -> StoreResult<()> {
    for rows in rows.chunks(MOST_ROWS) {
        let mut insert = QueryBuilder::new(
            "INSERT INTO usage (step, at, tenant, key, route, outcome, requests, bytes_in, bytes_out, micros) ",
        );
        insert.push_values(rows, |mut values, row| {
            values.push_bind(step).push_bind(at).push_bind(row.tenant).push_bind(row.key.clone());
            values.push_bind(row.route.clone()).push_bind(row.outcome.clone());
            for number in row.numbers {
                values.push_bind(number);
            }
        });
        insert.push(ADD).build().execute(&mut *connection).await.map_err(failed)?;
    }
    Ok(())
}

async fn add_clients(connection: &mut SqliteConnection, clients: &[(KeyId, LastClient)]) -> StoreResult<()> {
    for clients in clients.chunks(MOST_ROWS) {
        let mut insert = QueryBuilder::new("INSERT INTO last_client (key, at, address, user_agent) ");
        insert.push_values(clients, |mut values, (key, client)| {
            values.push_bind(key_bytes(*key)).push_bind(client.at.ms());
            values.push_bind(client.address.clone()).push_bind(client.user_agent.clone());
        });
        insert.push(SAW).build().execute(&mut *connection).await.map_err(failed)?;
    }
    Ok(())
}

async fn read_all(readers: &SqlitePool, query: &UsageQuery) -> StoreResult<Vec<UsageRow>> {
    let mut select = select::<sqlx::Sqlite>(query, &WORDS);
    let rows = select.build().fetch_all(readers).await.map_err(failed)?;
    rows.iter().map(|row| read(query.group, row)).collect()
}

fn read(group: Option<Group>, line: &SqliteRow) -> StoreResult<UsageRow> {
    let label: Option<String> = column(line, TABLE, "label")?;
    let number = |name| column::<i64>(line, TABLE, name);
    let numbers = [number("requests")?, number("bytes_in")?, number("bytes_out")?, number("micros")?];
    row(group, number("at")?, label.as_deref(), column(line, TABLE, "outcome")?, numbers)
}

fn read_client(row: &SqliteRow) -> StoreResult<LastClient> {
    Ok(LastClient {
        at: time(row, LAST, "at")?,
        address: column(row, LAST, "address")?,
        user_agent: column(row, LAST, "user_agent")?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sqlite::{migrator, pool};
    use sqlx::{AssertSqlSafe, Row};
    use titan_core::time::Timestamp;
    use titan_core::usage::Step;
    use titan_token::{TenantId, Uuid};

    async fn plan(pool: &SqlitePool, statement: &str) -> String {
        let explain = query(AssertSqlSafe(format!("EXPLAIN QUERY PLAN {statement}")));
        let lines = explain.fetch_all(pool).await.unwrap();
        lines.iter().map(|line| line.get::<String, _>("detail")).collect::<Vec<_>>().join("\n")
    }

    /// By itself, it would read all rows of the time.
    #[tokio::test]
    async fn a_key_and_a_tenant_are_found_by_their_index_and_what_is_old_by_its_time() {
        let folder = tempfile::tempdir().unwrap();
        let pool = pool(&folder.path().join("titan.db"), 1, false).await.unwrap();
        migrator().run(&pool).await.unwrap();
        let (key, tenant) = (Some(KeyId::new(Uuid::v7(1, [1; 10]))), Some(TenantId(1)));
        let wanted = [
            (key, None, "usage_by_key (key=? AND step=? AND at>? AND at<?)"),
            (key, tenant, "usage_by_key (key=? AND step=? AND at>? AND at<?)"),
            (None, tenant, "usage_by_tenant (tenant=? AND step=? AND at>? AND at<?)"),
            (None, None, "PRIMARY KEY (step=? AND at>? AND at<?)"),
        ];
        for (key, tenant, index) in wanted {
            for group in [None].into_iter().chain(Group::ALL.map(Some)) {
                let (from, to) = (Timestamp::from_ms(0), Timestamp::from_ms(1));
                let query =
                    UsageQuery { step: Step::Day, from, to, tenant, key, route: None, group, top: 10 };
                let statement = select::<sqlx::Sqlite>(&query, &WORDS);
                let plan = plan(&pool, statement.sql().as_str()).await;
                let searches = plan.lines().filter(|line| line.starts_with("SEARCH usage "));
                for search in searches.clone() {
                    assert!(search.ends_with(index), "{plan}");
                }
                let times = if matches!(group, None | Some(Group::Code)) { 1 } else { 2 };
                assert_eq!(searches.count(), times, "{plan}");
            }
        }
        let plan = plan(&pool, SWEEP).await;
        let searches: Vec<_> = plan.lines().filter(|line| line.contains(" usage ")).collect();
        assert_eq!(searches, ["SEARCH usage USING PRIMARY KEY (step=? AND at<?)"; 2], "{plan}");
    }
}
