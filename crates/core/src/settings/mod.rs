//! Settings that an operator changes while Titan runs: the same for all instances.
//!
//! They have no table. Their row in the log of changes is the record, so every instance reads them as it reads everything else.

mod service;

use crate::limit::Subject;
use crate::store_error::StoreResult;
use async_trait::async_trait;
use serde::{Deserialize, Serialize};
pub use service::{SettingsService, SettingsUpdate};

/// The settings.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Settings {
    /// Requests of all keys together in any 60 seconds; 0 is no limit.
    pub rate_limit: u32,
    /// The same for routes that send messages.
    pub msg_rate_limit: u32,
    /// Logs everything from `debug` on, whatever the level is.
    pub debug_mode: bool,
    /// From which level on to log; `None`: each instance as its configuration says.
    pub log_level: Option<LogLevel>,
}

/// How important a line of the log must be.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogLevel {
    /// Only what failed.
    Error,
    /// And what may soon fail.
    Warn,
    /// And what happens.
    #[default]
    Info,
    /// And how.
    Debug,
}

impl LogLevel {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Error, Self::Warn, Self::Info, Self::Debug];

    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warn => "warn",
            Self::Info => "info",
            Self::Debug => "debug",
        }
    }

    /// The level with this name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|level| level.name() == name)
    }
}

impl Settings {
    /// The limit of a subject that has one in the settings.
    pub fn limit(&self, subject: Subject) -> u32 {
        match subject {
            Subject::Global => self.rate_limit,
            Subject::Message => self.msg_rate_limit,
            Subject::Client(_) | Subject::Key(_) => 0,
        }
    }
}

/// The log of the running program.
pub trait LogControl: Send + Sync {
    /// From now on, logs from this level on; `None`: as the configuration says.
    fn set(&self, level: Option<LogLevel>);

    /// The level of the configuration.
    fn configured(&self) -> LogLevel;
}

/// Reading the settings.
#[async_trait]
pub trait SettingsStore {
    /// The settings; `None` before the first start has written them.
    async fn settings(&self) -> StoreResult<Option<Settings>>;
}

/// Reading the settings to change them.
#[async_trait]
pub trait SettingsTx {
    /// The settings, as this transaction sees them.
    async fn current_settings(&mut self) -> StoreResult<Option<Settings>>;
}
