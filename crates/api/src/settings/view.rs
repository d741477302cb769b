//! Settings as answers show them.

use serde::Serialize;
use titan_core::settings::{Settings, SettingsService};
use utoipa::ToSchema;

/// The settings.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Settings)]
pub(crate) struct SettingsView {
    /// Requests of all keys together in any 60 seconds; 0 is no limit.
    rate_limit: u32,
    /// The same for routes that send messages.
    msg_rate_limit: u32,
    /// Whether everything from `debug` on is logged.
    debug_mode: bool,
    /// `debug`, `info`, `warn` or `error`
    log_level: &'static str,
}

impl SettingsView {
    pub(crate) fn new(service: &SettingsService, settings: &Settings) -> Self {
        Self {
            rate_limit: settings.rate_limit,
            msg_rate_limit: settings.msg_rate_limit,
            debug_mode: settings.debug_mode,
            log_level: service.log_level(settings).name(),
        }
    }
}
