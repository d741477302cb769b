//! Rules as answers show them.

use serde::Serialize;
use titan_core::client_token::ClientRules;
use utoipa::ToSchema;

/// What every client token for this session may do now.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ClientRules)]
pub(super) struct RulesView {
    session: String,
    /// `any`, `conversation` or `allowlist`
    recipient_mode: &'static str,
    /// The recipients of the mode `allowlist`.
    allowed_recipients: Vec<String>,
    /// Actions. None: nothing is allowed.
    allowed_actions: Vec<String>,
    /// Origins of pages. None: the origin is not looked at.
    allowed_origins: Vec<String>,
    /// Requests of each person in any 60 seconds; 0 is no limit.
    rate_limit: u32,
    /// Messages and reactions of each person on a day (UTC); 0 is no limit.
    max_daily: u32,
    /// Whether client tokens are accepted at all.
    enabled: bool,
}

impl RulesView {
    pub(super) fn new(session: &str, rules: &ClientRules) -> Self {
        let list =
            |names: &std::collections::BTreeSet<Box<str>>| names.iter().map(ToString::to_string).collect();
        Self {
            session: session.to_owned(),
            recipient_mode: rules.recipient_mode.name(),
            allowed_recipients: list(&rules.allowed_recipients),
            allowed_actions: list(&rules.allowed_actions),
            allowed_origins: list(&rules.allowed_origins),
            rate_limit: rules.rate_limit,
            max_daily: rules.max_daily,
            enabled: rules.enabled,
        }
    }
}
