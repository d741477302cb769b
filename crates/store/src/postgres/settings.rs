//! The settings: their row in the log of changes.

use super::error::failed;
use super::{Postgres, PostgresTx};
use crate::stored::{SETTINGS, read_settings};
use async_trait::async_trait;
use sqlx::{PgExecutor, query_scalar};
use titan_core::port::StoreResult;
use titan_core::settings::{Settings, SettingsStore, SettingsTx};

#[async_trait]
impl SettingsStore for Postgres {
    async fn settings(&self) -> StoreResult<Option<Settings>> {
        read(&self.readers).await
    }
}

#[async_trait]
impl SettingsTx for PostgresTx {
    async fn current_settings(&mut self) -> StoreResult<Option<Settings>> {
        read(self.connection().await?).await
    }
}

async fn read(executor: impl PgExecutor<'_>) -> StoreResult<Option<Settings>> {
    let select = query_scalar("SELECT status FROM change WHERE kind = $1").bind(SETTINGS);
    let status: Option<String> = select.fetch_optional(executor).await.map_err(failed)?;
    status.as_deref().map(read_settings).transpose()
}
