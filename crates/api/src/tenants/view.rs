//! A tenant as answers show it.

use serde::Serialize;
use titan_core::tenant::Tenant;
use utoipa::ToSchema;

/// A tenant.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct TenantView {
    /// Its number.
    id: u32,
    /// Its name.
    name: String,
    /// Off: all its keys are refused.
    is_active: bool,
    /// Keys issued before this are revoked.
    not_before: Option<String>,
    /// RFC 3339
    created_at: String,
}

impl From<&Tenant> for TenantView {
    fn from(tenant: &Tenant) -> Self {
        Self {
            id: tenant.id.0,
            name: tenant.name.clone(),
            is_active: tenant.is_active,
            not_before: tenant.not_before.map(|at| at.to_string()),
            created_at: tenant.created_at.to_string(),
        }
    }
}
