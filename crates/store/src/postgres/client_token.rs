//! The rules for client tokens, which are rows of the log of changes, and what persons have sent on a day.

use super::connect::promptly;
use super::error::{column, failed};
use super::{Postgres, PostgresTx};
use crate::stored::{CLIENT_RULES, client_session_bytes, client_sessions_of, read_client_rules};
use async_trait::async_trait;
use sqlx::{PgExecutor, query, query_scalar};
use titan_core::client_token::{
    ClientRules, ClientRulesStore, ClientRulesTx, ClientSession, DailyCounts, Day, Room,
};
use titan_core::limit::Person;
use titan_core::port::{StoreError, StoreResult};
use titan_token::TenantId;

const TABLE: &str = "change";

#[async_trait]
impl ClientRulesStore for Postgres {
    async fn client_rules(&self, session: &ClientSession) -> StoreResult<Option<ClientRules>> {
        read(&self.readers, session).await
    }
}

#[async_trait]
impl ClientRulesTx for PostgresTx {
    async fn current_client_rules(&mut self, session: &ClientSession) -> StoreResult<Option<ClientRules>> {
        read(self.connection().await?, session).await
    }

    async fn room_of_client_rules(&mut self, tenant: TenantId) -> StoreResult<Room> {
        let [first, end] = client_sessions_of(tenant);
        let used = query(
            "SELECT count(*) AS sessions, coalesce(sum(length(status)), 0)::bigint AS bytes FROM change \
             WHERE kind = $1 AND subject >= $2 AND subject < $3",
        );
        let used = used.bind(CLIENT_RULES).bind(first).bind(end);
        let row = used.fetch_one(self.connection().await?).await.map_err(failed)?;
        let number = |name| column(&row, TABLE, name).map(i64::unsigned_abs);
        Ok(Room { sessions: number("sessions")?, bytes: number("bytes")? })
    }
}

async fn read(executor: impl PgExecutor<'_>, session: &ClientSession) -> StoreResult<Option<ClientRules>> {
    let select = query_scalar("SELECT status FROM change WHERE kind = $1 AND subject = $2");
    let select = select.bind(CLIENT_RULES).bind(client_session_bytes(session));
    let status: Option<String> = select.fetch_optional(executor).await.map_err(failed)?;
    Ok(status.as_deref().map(read_client_rules).transpose()?.flatten())
}

/// How many rows leave at once.
const PIECE: i64 = 10_000;

/// One statement, so that two instances never count the same one: who comes second waits for the row.
const COUNT: &str = "\
    INSERT INTO client_day (day, person, sent) VALUES ($1, $2, 1) \
    ON CONFLICT (day, person) DO UPDATE SET sent = client_day.sent + 1 WHERE client_day.sent < $3";

const SWEEP: &str = "\
    DELETE FROM client_day WHERE (day, person) IN (SELECT day, person FROM client_day WHERE day < $1 LIMIT $2)";

#[async_trait]
impl DailyCounts for Postgres {
    async fn count_daily(&self, person: Person, day: Day, most: u32) -> StoreResult<bool> {
        let count =
            query(COUNT).bind(i64::from(day.0)).bind(person.as_bytes().to_vec()).bind(i64::from(most));
        Ok(promptly!(self.day_counts, execute, count)?.rows_affected() > 0)
    }

    async fn sweep_days(&self, before: Day) -> StoreResult<()> {
        loop {
            let sweep = query(SWEEP).bind(i64::from(before.0)).bind(PIECE);
            if promptly!(self.day_counts, execute, sweep)?.rows_affected() < PIECE.unsigned_abs() {
                return Ok(());
            }
        }
    }
}
