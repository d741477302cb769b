//! A key as answers show it.

use serde::Serialize;
use titan_core::key::{Creator, Key, KeyService};
use titan_token::PlainKey;
use utoipa::ToSchema;

/// A key.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct KeyView {
    /// `key_…`
    id: String,
    /// The key itself: only in the answer that issues it.
    #[serde(skip_serializing_if = "Option::is_none")]
    key: Option<String>,
    /// What people call it.
    label: String,
    /// What it may do, in the order in which it was asked for.
    scopes: Vec<String>,
    /// The switch: a disabled key is refused until it is enabled again.
    is_active: bool,
    /// How many requests it may make in any 60 seconds; null if it has no limit of its own.
    rate_limit: Option<u32>,
    /// RFC 3339
    created_at: String,
    /// From then on it is refused.
    expires_at: String,
    /// When it was last accepted; at most a minute late.
    last_used_at: Option<String>,
    /// `master`, or the id of the key or user that made it.
    created_by: String,
    /// The tenant's number.
    tenant_id: u32,
    /// Refused, because its owner is disabled or the owner's role lacks its scopes. Left out unless it is so.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    is_suspended: bool,
}

impl KeyView {
    pub(crate) fn new(service: &KeyService, key: &Key) -> Self {
        Self {
            id: key.id.to_string(),
            key: None,
            label: key.label.clone(),
            scopes: service.names(key),
            is_active: key.is_active,
            rate_limit: key.rate_limit,
            created_at: key.created_at.to_string(),
            expires_at: key.expires_at.to_string(),
            last_used_at: key.last_used_at.map(|at| at.to_string()),
            created_by: creator(key.created_by),
            tenant_id: key.tenant.0,
            is_suspended: key.is_suspended,
        }
    }

    pub(crate) fn issued(service: &KeyService, key: &Key, plain: &PlainKey) -> Self {
        Self { key: Some(plain.expose().to_owned()), ..Self::new(service, key) }
    }
}

fn creator(creator: Creator) -> String {
    match creator {
        Creator::Key(id) => id.to_string(),
        Creator::Master => "master".to_owned(),
        Creator::User(id) => id.to_string(),
    }
}
