//! Tenants: the organisations to which keys belong.

mod service;

use crate::error::Error;
use crate::revision::{Change, TenantStatus};
use crate::store_error::StoreResult;
use crate::time::Timestamp;
use async_trait::async_trait;
pub use service::{TenantService, TenantUpdate};
use titan_token::{KeyId, TenantId};

/// The tenant that is there from the start.
pub const DEFAULT: TenantId = TenantId(1);

/// A tenant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tenant {
    /// Its number.
    pub id: TenantId,
    /// Its name, unique.
    pub name: String,
    /// Whether its keys are accepted.
    pub is_active: bool,
    /// Keys issued before this are revoked.
    pub not_before: Option<Timestamp>,
    /// When it was made.
    pub created_at: Timestamp,
}

impl Tenant {
    /// The status that the edge must know.
    pub fn change(&self) -> Change {
        let status =
            TenantStatus { is_disabled: !self.is_active, not_before: self.not_before.map(Timestamp::ms) };
        Change::Tenant(self.id, status)
    }
}

/// A tenant's name: 1 to 100 characters, none of them a control character.
pub fn check_name(name: &str) -> Result<(), Error> {
    crate::key::check_text("name", name)
}

/// Reading tenants.
#[async_trait]
pub trait Tenants {
    /// One tenant.
    async fn tenant(&self, id: TenantId) -> StoreResult<Option<Tenant>>;

    /// At most `limit` tenants with a number above `after`, by number.
    async fn tenants(&self, after: Option<TenantId>, limit: u32) -> StoreResult<Vec<Tenant>>;
}

/// Changing tenants.
#[async_trait]
pub trait TenantsTx {
    /// One tenant, as this transaction sees it.
    async fn lookup_tenant(&mut self, id: TenantId) -> StoreResult<Option<Tenant>>;

    /// Whether another tenant than `except` has this name.
    async fn is_name_taken(&mut self, name: &str, except: Option<TenantId>) -> StoreResult<bool>;

    /// Adds a tenant under the next number.
    async fn add_tenant(&mut self, name: &str, at: Timestamp) -> StoreResult<Tenant>;

    /// The key of this tenant that was issued last by the clock of who issued it, revoked or not; opaque ones that are not
    /// deleted count, too.
    async fn youngest_key(&mut self, id: TenantId) -> StoreResult<Option<KeyId>>;

    /// Writes name, switch and not-before.
    async fn save_tenant(&mut self, tenant: &Tenant) -> StoreResult<()>;
}
