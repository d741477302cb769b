//! The rules for client tokens, which are rows of the log of changes, and what persons have sent on a day.

use super::error::{column, failed};
use super::{Sqlite, SqliteTx};
use crate::stored::{CLIENT_RULES, client_session_bytes, client_sessions_of, read_client_rules};
use async_trait::async_trait;
use sqlx::{SqliteExecutor, query, query_scalar};
use titan_core::client_token::{
    ClientRules, ClientRulesStore, ClientRulesTx, ClientSession, DailyCounts, Day, Room,
};
use titan_core::limit::Person;
use titan_core::port::StoreResult;
use titan_token::TenantId;

const TABLE: &str = "change";

#[async_trait]
impl ClientRulesStore for Sqlite {
    async fn client_rules(&self, session: &ClientSession) -> StoreResult<Option<ClientRules>> {
        read(&self.readers, session).await
    }
}

#[async_trait]
impl ClientRulesTx for SqliteTx {
    async fn current_client_rules(&mut self, session: &ClientSession) -> StoreResult<Option<ClientRules>> {
        read(self.connection().await?, session).await
    }

    async fn room_of_client_rules(&mut self, tenant: TenantId) -> StoreResult<Room> {
        let [first, end] = client_sessions_of(tenant);
        let used = query(
            "SELECT count(*) AS sessions, coalesce(sum(length(status)), 0) AS bytes FROM change \
             WHERE kind = ?1 AND subject >= ?2 AND subject < ?3",
        );
        let used = used.bind(CLIENT_RULES).bind(first).bind(end);
        let row = used.fetch_one(self.connection().await?).await.map_err(failed)?;
        let number = |name| column(&row, TABLE, name).map(i64::unsigned_abs);
        Ok(Room { sessions: number("sessions")?, bytes: number("bytes")? })
    }
}

async fn read(
    executor: impl SqliteExecutor<'_>,
    session: &ClientSession,
) -> StoreResult<Option<ClientRules>> {
    let select = query_scalar("SELECT status FROM change WHERE kind = ?1 AND subject = ?2");
    let select = select.bind(CLIENT_RULES).bind(client_session_bytes(session));
    let status: Option<String> = select.fetch_optional(executor).await.map_err(failed)?;
    Ok(status.as_deref().map(read_client_rules).transpose()?.flatten())
}

#[async_trait]
impl DailyCounts for Sqlite {
    async fn count_daily(&self, person: Person, day: Day, most: u32) -> StoreResult<bool> {
        self.ledger.count_daily(person, day, most).await
    }

    async fn sweep_days(&self, before: Day) -> StoreResult<()> {
        self.ledger.sweep_days(before).await
    }
}
