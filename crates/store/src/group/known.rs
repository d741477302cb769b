//! What a group knows of the database.

use std::collections::HashMap;
use std::sync::Arc;
use titan_core::revision::Revision;
use titan_core::signing::SlotKey;
use titan_core::tenant::Tenant;
use titan_token::TenantId;

/// What was read since the group began. A group excludes all other writes, so it stays true until the group ends or one of
/// its own writers runs a statement that may change something. Then all of it is forgotten, and read again when needed.
#[derive(Default)]
pub(crate) struct Known {
    pub(crate) tenants: HashMap<TenantId, Tenant>,
    /// Opened: that costs more than to read them.
    pub(crate) slots: Option<Arc<[SlotKey]>>,
    pub(crate) head: Option<Revision>,
}
