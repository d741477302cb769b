//! What can be done with the settings.

use super::{LogControl, LogLevel, Settings};
use crate::access::{ManageSettings, Permit};
use crate::audit::{Entry, changed};
use crate::error::Error;
use crate::limit::MOST;
use crate::port::Store;
use crate::retry::retried;
use crate::revision::{Change, Propagation, Receipt, Wait};
use crate::time::Clock;
use serde_json::{Value, json};
use std::sync::Arc;

/// The subject of the settings in the audit log.
const SUBJECT: &str = "settings";

/// The rules of the settings.
pub struct SettingsService {
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    propagation: Arc<dyn Propagation>,
    log: Arc<dyn LogControl>,
}

/// What shall change; `None` leaves it.
#[derive(Clone, Copy, Debug, Default)]
pub struct SettingsUpdate {
    /// Requests a minute; 0 is no limit.
    pub rate_limit: Option<u32>,
    /// Messages a minute; 0 is no limit.
    pub msg_rate_limit: Option<u32>,
    /// The debug mode. It also ends what `POST /admin/debug` has set.
    pub debug_mode: Option<bool>,
    /// The level of the log.
    pub log_level: Option<LogLevel>,
}

impl SettingsUpdate {
    fn check(self) -> Result<(), Error> {
        let Self { rate_limit, msg_rate_limit, debug_mode, log_level } = self;
        if (rate_limit, msg_rate_limit, debug_mode, log_level) == (None, None, None, None) {
            let fields = "rateLimit, msgRateLimit, debugMode or logLevel";
            return Err(Error::invalid(format!("body: must change {fields}")));
        }
        for (field, limit) in [("rateLimit", rate_limit), ("msgRateLimit", msg_rate_limit)] {
            if limit.is_some_and(|limit| limit > MOST) {
                return Err(Error::invalid(format!("{field}: must be 0 to {MOST}")));
            }
        }
        Ok(())
    }

    fn applied_to(self, old: Settings) -> Settings {
        Settings {
            rate_limit: self.rate_limit.unwrap_or(old.rate_limit),
            msg_rate_limit: self.msg_rate_limit.unwrap_or(old.msg_rate_limit),
            debug_mode: self.debug_mode.unwrap_or(old.debug_mode),
            log_level: self.log_level.or(old.log_level),
        }
    }
}

impl SettingsService {
    /// The rules over this store.
    pub fn new(
        store: Arc<dyn Store>,
        clock: Arc<dyn Clock>,
        propagation: Arc<dyn Propagation>,
        log: Arc<dyn LogControl>,
    ) -> Self {
        Self { store, clock, propagation, log }
    }

    /// The level of the log that these settings mean here.
    pub fn log_level(&self, settings: &Settings) -> LogLevel {
        settings.log_level.unwrap_or_else(|| self.log.configured())
    }

    /// Writes the first settings, if there are none. Nobody else is told: who starts reads the log anyway.
    pub async fn ensure(store: &dyn Store, clock: &dyn Clock, first: Settings) -> Result<(), Error> {
        if store.settings().await?.is_some() {
            return Ok(());
        }
        let mut tx = store.begin().await?;
        // Another instance may have been faster.
        if tx.current_settings().await?.is_none() {
            tx.record_change(&Change::Settings(first)).await?;
            let detail = changed(&Value::Null, &audited(&first));
            tx.add_audit(&Entry::by_system(clock.now(), "settings.create", SUBJECT.to_owned(), detail))
                .await?;
        }
        Ok(tx.commit().await?)
    }

    /// The settings.
    pub async fn lookup(&self, _permit: &Permit<ManageSettings>) -> Result<Settings, Error> {
        self.store.settings().await?.ok_or_else(|| Error::internal("no settings"))
    }

    /// Changes the settings.
    pub async fn update(
        &self,
        permit: &Permit<ManageSettings>,
        update: SettingsUpdate,
        wait: Wait,
    ) -> Result<(Settings, Receipt), Error> {
        update.check()?;
        retried(|| self.try_update(permit, update, wait)).await
    }

    async fn try_update(
        &self,
        permit: &Permit<ManageSettings>,
        update: SettingsUpdate,
        wait: Wait,
    ) -> Result<(Settings, Receipt), Error> {
        let now = self.clock.now();
        let mut tx = self.store.begin().await?;
        let old = tx.current_settings().await?.unwrap_or_default();
        let new = update.applied_to(old);
        let mut revision = tx.record_change(&Change::Settings(new)).await?;
        if update.debug_mode.is_some() {
            revision = tx.record_change(&Change::Debug(None)).await?;
        }
        let detail = changed(&audited(&old), &audited(&new));
        tx.add_audit(&Entry::by(permit, now, "settings.update", SUBJECT.to_owned(), detail)).await?;
        tx.commit().await?;
        Ok((new, self.propagation.receipt(revision, wait).await?))
    }

    /// Sets the debug mode of the instances that run now. An instance that starts later does what the settings say.
    pub async fn override_debug(
        &self,
        permit: &Permit<ManageSettings>,
        is_on: bool,
        wait: Wait,
    ) -> Result<Receipt, Error> {
        retried(|| self.try_override_debug(permit, is_on, wait)).await
    }

    async fn try_override_debug(
        &self,
        permit: &Permit<ManageSettings>,
        is_on: bool,
        wait: Wait,
    ) -> Result<Receipt, Error> {
        let now = self.clock.now();
        let mut tx = self.store.begin().await?;
        let revision = tx.record_change(&Change::Debug(Some(is_on))).await?;
        let detail = json!({ "debugMode": is_on });
        tx.add_audit(&Entry::by(permit, now, "debug.set", SUBJECT.to_owned(), detail)).await?;
        tx.commit().await?;
        self.propagation.receipt(revision, wait).await
    }
}

fn audited(settings: &Settings) -> Value {
    json!({
        "rateLimit": settings.rate_limit,
        "msgRateLimit": settings.msg_rate_limit,
        "debugMode": settings.debug_mode,
        "logLevel": settings.log_level.map(LogLevel::name),
    })
}
