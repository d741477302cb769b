//! A signing key as answers show it: never its secret.

use serde::Serialize;
use titan_core::signing::SlotKey;
use utoipa::ToSchema;

/// A signing key.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct SigningKeyView {
    /// 0 to 15
    slot: u8,
    /// RFC 3339
    created_at: String,
    /// When it was retired: all that it signed is revoked.
    retired_at: Option<String>,
}

impl From<&SlotKey> for SigningKeyView {
    fn from(key: &SlotKey) -> Self {
        Self {
            slot: key.slot.number(),
            created_at: key.created_at.to_string(),
            retired_at: key.retired_at.map(|at| at.to_string()),
        }
    }
}
