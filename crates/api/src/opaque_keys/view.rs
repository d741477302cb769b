//! A key as this surface shows it. What is not there is left out.

use super::id::print;
use serde::Serialize;
use titan_core::opaque::{MadeOpaque, OpaqueRow};
use titan_core::time::Timestamp;
use utoipa::ToSchema;

/// An opaque key.
#[derive(Serialize, ToSchema)]
pub(crate) struct OpaqueKeyView {
    /// A UUID.
    id: String,
    /// What people call it.
    name: String,
    /// Its first 8 digits, without `whm_`.
    key_prefix: String,
    /// When it was last accepted; at most a minute late.
    #[serde(skip_serializing_if = "Option::is_none")]
    last_used_at: Option<String>,
    /// From then on it is refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    expires_at: Option<String>,
    /// The switch. Off too while the user who made it is disabled.
    is_active: bool,
    /// RFC 3339
    created_at: String,
}

/// A key that was made just now.
#[derive(Serialize, ToSchema)]
pub(crate) struct MadeOpaqueKeyView {
    /// A UUID.
    id: String,
    /// What people call it.
    name: String,
    /// The key, shown this once.
    key: String,
    /// Its first 8 digits, without `whm_`.
    key_prefix: String,
    /// From then on it is refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    expires_at: Option<String>,
    /// RFC 3339
    created_at: String,
}

impl From<&OpaqueRow> for OpaqueKeyView {
    fn from(key: &OpaqueRow) -> Self {
        Self {
            id: print(key.id),
            name: key.name.clone(),
            key_prefix: key.lead.clone(),
            last_used_at: key.last_used_at.map(text),
            expires_at: key.expires_at.map(text),
            is_active: key.is_active && !key.is_suspended,
            created_at: text(key.created_at),
        }
    }
}

impl From<&MadeOpaque> for MadeOpaqueKeyView {
    fn from(made: &MadeOpaque) -> Self {
        Self {
            id: print(made.key.id),
            name: made.key.name.clone(),
            key: made.plain.expose().to_owned(),
            key_prefix: made.key.lead.clone(),
            expires_at: made.key.expires_at.map(text),
            created_at: text(made.key.created_at),
        }
    }
}

fn text(at: Timestamp) -> String {
    at.whole_seconds().to_string()
}
