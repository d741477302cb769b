//! A tenant as pages show it.

use crate::Console;
use crate::when::When;
use titan_core::tenant::Tenant;

pub(crate) struct TenantView {
    pub(crate) id: u32,
    pub(crate) name: String,
    pub(crate) is_on: bool,
    /// Keys issued before this are revoked.
    pub(crate) not_before: Option<When>,
    pub(crate) created: When,
}

impl TenantView {
    pub(crate) fn new(console: &Console, tenant: &Tenant) -> Self {
        let now = console.clock.now();
        Self {
            id: tenant.id.0,
            name: tenant.name.clone(),
            is_on: tenant.is_active,
            not_before: When::of(tenant.not_before, now),
            created: When::new(tenant.created_at, now),
        }
    }

    /// Where its page is.
    pub(crate) fn path(&self) -> String {
        format!("/console/tenants/{}", self.id)
    }
}
