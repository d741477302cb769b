//! What can be done with tenants.

use super::{Tenant, check_name};
use crate::access::{ManageTenants, Permit};
use crate::audit::{Entry, changed};
use crate::error::Error;
use crate::key::issued_at;
use crate::page::cut;
use crate::port::{Store, Tx};
use crate::retry::retried;
use crate::revision::{Propagation, Receipt, Wait};
use crate::time::{Clock, Timestamp};
use serde_json::{Value, json};
use std::sync::Arc;
use titan_token::TenantId;

/// The rules of tenants.
pub struct TenantService {
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    propagation: Arc<dyn Propagation>,
}

/// The changes to a tenant; `None` leaves the value unchanged.
#[derive(Clone, Debug, Default)]
pub struct TenantUpdate {
    /// A new name.
    pub name: Option<String>,
    /// Off: every key of the tenant is refused.
    pub is_active: Option<bool>,
    /// Revokes every key issued up to now.
    pub revoke_keys: bool,
}

impl TenantService {
    /// The rules over this store.
    pub fn new(store: Arc<dyn Store>, clock: Arc<dyn Clock>, propagation: Arc<dyn Propagation>) -> Self {
        Self { store, clock, propagation }
    }

    /// Makes a tenant.
    pub async fn create(&self, permit: &Permit<ManageTenants>, name: &str) -> Result<Tenant, Error> {
        check_name(name)?;
        retried(|| self.try_create(permit, name)).await
    }

    async fn try_create(&self, permit: &Permit<ManageTenants>, name: &str) -> Result<Tenant, Error> {
        let now = self.clock.now();
        let mut tx = self.store.begin().await?;
        if tx.is_name_taken(name, None).await? {
            return Err(Error::conflict("a tenant with this name already exists"));
        }
        let tenant = tx.add_tenant(name, now.whole_seconds()).await?;
        let detail = json!({ "name": name });
        tx.add_audit(&Entry::by(permit, now, "tenant.create", tenant.id.to_string(), detail)).await?;
        tx.commit().await?;
        Ok(tenant)
    }

    /// One tenant.
    pub async fn lookup(&self, _permit: &Permit<ManageTenants>, id: TenantId) -> Result<Tenant, Error> {
        self.store.tenant(id).await?.ok_or_else(|| Error::not_found("tenant"))
    }

    /// Tenants by number; the second value is where the next part begins.
    pub async fn list(
        &self,
        _permit: &Permit<ManageTenants>,
        after: Option<TenantId>,
        limit: u32,
    ) -> Result<(Vec<Tenant>, Option<TenantId>), Error> {
        Ok(cut(self.store.tenants(after, limit + 1).await?, limit, |tenant| tenant.id))
    }

    /// Renames a tenant, switches it on or off, revokes the keys it has so far.
    pub async fn update(
        &self,
        permit: &Permit<ManageTenants>,
        id: TenantId,
        update: TenantUpdate,
        wait: Wait,
    ) -> Result<(Tenant, Receipt), Error> {
        if update.name.is_none() && update.is_active.is_none() && !update.revoke_keys {
            return Err(Error::invalid("body: must change name, isActive or revokeKeys"));
        }
        retried(|| self.try_update(permit, id, &update, wait)).await
    }

    async fn try_update(
        &self,
        permit: &Permit<ManageTenants>,
        id: TenantId,
        update: &TenantUpdate,
        wait: Wait,
    ) -> Result<(Tenant, Receipt), Error> {
        let now = self.clock.now();
        let mut tx = self.store.begin().await?;
        let mut tenant = tx.lookup_tenant(id).await?.ok_or_else(|| Error::not_found("tenant"))?;
        let before = audited(&tenant);
        if let Some(name) = &update.name {
            check_name(name)?;
            if tx.is_name_taken(name, Some(id)).await? {
                return Err(Error::conflict("a tenant with this name already exists"));
            }
            tenant.name.clone_from(name);
        }
        tenant.is_active = update.is_active.unwrap_or(tenant.is_active);
        if update.revoke_keys {
            tenant.not_before = Some(not_before(&mut *tx, &tenant, now).await?);
        }
        tx.save_tenant(&tenant).await?;
        let revision = tx.record_change(&tenant.change()).await?;
        let detail = changed(&before, &audited(&tenant));
        tx.add_audit(&Entry::by(permit, now, "tenant.update", id.to_string(), detail)).await?;
        tx.commit().await?;
        let receipt = self.propagation.receipt(revision, wait).await?;
        Ok((tenant, receipt))
    }
}

/// What the audit log has of a tenant before and after a change.
fn audited(tenant: &Tenant) -> Value {
    let not_before = tenant.not_before.map(Timestamp::ms);
    json!({ "name": tenant.name, "isActive": tenant.is_active, "notBeforeMs": not_before })
}

/// Later than the issue of each key and JWT that the tenant has. The clock may have been set back since then, and that of another
/// instance may be ahead of this one.
async fn not_before(tx: &mut dyn Tx, tenant: &Tenant, now: Timestamp) -> Result<Timestamp, Error> {
    let key = tx.youngest_key(tenant.id).await?.map(issued_at);
    let youngest = key.max(tx.last_refresh(tenant.id).await?).unwrap_or(now);
    // A key issued in this very millisecond was issued before this, too.
    let next = Timestamp::from_ms(now.max(youngest).ms().saturating_add(1));
    Ok(tenant.not_before.map_or(next, |earlier| earlier.max(next)))
}
