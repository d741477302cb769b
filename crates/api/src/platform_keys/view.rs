//! A key as the platform's answers show it.

use serde::Serialize;
use titan_core::key::{Key, KeyService};
use titan_token::{PlainKey, Prefix};
use utoipa::ToSchema;

/// A key of a user.
#[derive(Serialize, ToSchema)]
pub(crate) struct PlatformKeyView {
    /// `key_…`
    id: String,
    /// What its owner calls it.
    name: String,
    /// The key itself: only in the answer that issues it.
    #[serde(skip_serializing_if = "Option::is_none")]
    key: Option<String>,
    /// What it may do, in the order in which it was asked for.
    scopes: Vec<String>,
    /// RFC 3339
    created_at: String,
    /// From then on it is refused.
    expires_at: String,
    /// `live` or `test`
    environment: &'static str,
    /// Off while it was disabled, while its owner is, or while the owner's role does not hold its scopes.
    is_active: bool,
    /// When it was last accepted; at most a minute late.
    last_used_at: Option<String>,
    /// `usr_…`
    owner_id: Option<String>,
}

impl PlatformKeyView {
    pub(super) fn new(service: &KeyService, key: &Key) -> Self {
        Self {
            id: key.id.to_string(),
            name: key.label.clone(),
            key: None,
            scopes: service.names(key),
            created_at: key.created_at.to_string(),
            expires_at: key.expires_at.to_string(),
            environment: if key.prefix == Prefix::Test { "test" } else { "live" },
            is_active: key.is_on(),
            last_used_at: key.last_used_at.map(|at| at.to_string()),
            owner_id: key.owner().map(|id| id.to_string()),
        }
    }

    pub(super) fn issued(service: &KeyService, key: &Key, plain: &PlainKey) -> Self {
        Self { key: Some(plain.expose().to_owned()), ..Self::new(service, key) }
    }
}
