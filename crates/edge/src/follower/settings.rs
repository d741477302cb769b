//! Settings that come with the log: limits, and how much is logged.

use super::{Follower, ticks};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use titan_core::revision::{Change, Revision};
use titan_core::settings::{LogControl, LogLevel, Settings};

/// How often loans that have ended are given back.
const TIDY: Duration = Duration::from_millis(500);

/// What is in force of the settings.
pub(super) struct InForceHere {
    log: Option<Arc<dyn LogControl>>,
    /// An override up to this revision is not for this instance. Before it has started, none is.
    forgotten: AtomicU64,
    state: Mutex<State>,
}

impl Default for InForceHere {
    fn default() -> Self {
        Self { log: None, forgotten: AtomicU64::new(u64::MAX), state: Mutex::default() }
    }
}

#[derive(Clone, Copy, Default)]
struct State {
    settings: Settings,
    /// What `POST /admin/debug` has set while this instance runs.
    debug: Option<bool>,
}

impl State {
    fn log_level(self) -> Option<LogLevel> {
        let is_debug = self.debug.unwrap_or(self.settings.debug_mode);
        if is_debug { Some(LogLevel::Debug) } else { self.settings.log_level }
    }
}

impl Follower {
    /// With the log of the program, whose level the settings have.
    #[must_use]
    pub fn with_log(self, log: Arc<dyn LogControl>) -> Self {
        let settings = InForceHere { log: Some(log), ..self.settings };
        Self { settings, ..self }
    }

    /// An override of the debug mode is for the instances that ran when it was made: up to this revision, there are only
    /// older ones. That is at a start, and when the database was replaced by a copy.
    pub(super) fn forget_overrides(&self, until: Revision) {
        self.settings.forgotten.store(until.0, Ordering::Release);
    }

    pub(super) fn apply_settings(&self, revision: Revision, change: &Change) {
        let mut state = self.settings.state.lock().unwrap_or_else(PoisonError::into_inner);
        match change {
            Change::Settings(settings) => state.settings = *settings,
            Change::Debug(is_on) if revision.0 > self.settings.forgotten.load(Ordering::Acquire) => {
                state.debug = *is_on;
            }
            _ => return,
        }
        if let Some(log) = &self.settings.log {
            log.set(state.log_level());
        }
    }

    /// Keeps what is counted for limits small, for ever.
    pub(super) async fn keep_limits(&self) {
        let mut ticks = ticks(TIDY);
        loop {
            ticks.tick().await;
            self.guard.limiter().tidy().await;
        }
    }
}
