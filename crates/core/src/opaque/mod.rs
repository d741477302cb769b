//! Opaque keys: their text says nothing, so the edge finds them by their hash. A key belongs to the user who made it, and may
//! do what the role of that user may do now. `docs/adr/0019-opaque-keys.md`.

pub(crate) mod owner;
mod save;
mod service;

use crate::revision::{Change, OpaqueStatus};
use crate::store_error::StoreResult;
use crate::time::Timestamp;
use crate::user::Role;
use async_trait::async_trait;
pub(crate) use save::save;
use serde_json::{Value, json};
pub use service::{MadeOpaque, NewOpaque, OpaqueFilter, OpaqueKeyService, OpaquePage};
use titan_token::{HashedKey, KeyId, TenantId, UserId};

/// A user has at most so many living ones in a tenant: all of them change together with its role, in one transaction.
pub const MOST_KEYS: u32 = 500;

/// The row of an opaque key: everything but the key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpaqueRow {
    /// Its id.
    pub id: KeyId,
    /// SHA-256 of its text.
    pub hash: HashedKey,
    /// Its first 8 digits, by which people tell it from others.
    pub lead: String,
    /// To whom it belongs.
    pub tenant: TenantId,
    /// Who made it.
    pub owner: UserId,
    /// What people call it.
    pub name: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// From when on it is expired; `None`: never.
    pub expires_at: Option<Timestamp>,
    /// The switch.
    pub is_active: bool,
    /// Switched off because its owner is disabled.
    pub is_suspended: bool,
    /// When it was deleted.
    pub deleted_at: Option<Timestamp>,
    /// When it was last accepted, at most a minute ago.
    pub last_used_at: Option<Timestamp>,
}

impl OpaqueRow {
    /// What the edge must know of it, with the role of its owner.
    pub fn change(&self, role: Role) -> Change {
        let status = OpaqueStatus {
            id: self.id,
            tenant: self.tenant,
            owner: self.owner,
            role,
            expires_at: self.expires_at,
            is_on: self.is_active && !self.is_suspended,
        };
        Change::Opaque(self.hash, self.deleted_at.is_none().then_some(status))
    }
}

/// What the audit log has of a key before and after a change.
pub(crate) fn audited(key: &OpaqueRow) -> Value {
    json!({ "isActive": key.is_active, "isDeleted": key.deleted_at.is_some() })
}

/// Reading opaque keys.
#[async_trait]
pub trait OpaqueKeys {
    /// One that is not deleted.
    async fn opaque_key(&self, id: KeyId) -> StoreResult<Option<OpaqueRow>>;

    /// Those of a tenant that are not deleted, the newest first, and how many there are in all.
    async fn opaque_keys(
        &self,
        tenant: TenantId,
        filter: &OpaqueFilter,
    ) -> StoreResult<(Vec<OpaqueRow>, u64)>;
}

/// Changing opaque keys.
#[async_trait]
pub trait OpaqueKeysTx {
    /// One that is not deleted.
    async fn lookup_opaque(&mut self, id: KeyId) -> StoreResult<Option<OpaqueRow>>;

    /// Those of a user in a tenant that are not deleted and do not expire before this time.
    async fn opaque_of(
        &mut self,
        owner: UserId,
        tenant: TenantId,
        after: Timestamp,
    ) -> StoreResult<Vec<OpaqueRow>>;

    /// Adds one.
    async fn add_opaque(&mut self, key: &OpaqueRow) -> StoreResult<()>;

    /// Writes what can change: switch, suspension, and its end.
    async fn save_opaque(&mut self, key: &OpaqueRow) -> StoreResult<()>;
}
