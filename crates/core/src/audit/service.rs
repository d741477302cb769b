//! Reading the audit log.

use super::{AuditFilter, Position, Row};
use crate::access::{Permit, ReadAudit};
use crate::error::Error;
use crate::page::cut;
use crate::port::Store;
use std::sync::Arc;

/// The rules of the audit log.
pub struct AuditService {
    store: Arc<dyn Store>,
}

impl AuditService {
    /// The rules over this store.
    pub fn new(store: Arc<dyn Store>) -> Self {
        Self { store }
    }

    /// The rows that match, the newest first; the second value is where the next part begins.
    pub async fn list(
        &self,
        _permit: &Permit<ReadAudit>,
        filter: AuditFilter,
    ) -> Result<(Vec<Row>, Option<Position>), Error> {
        let limit = filter.limit;
        let rows = self.store.audit(&AuditFilter { limit: limit + 1, ..filter }).await?;
        Ok(cut(rows, limit, Row::position))
    }

    /// The rows behind this number, in the order of the chain; the second value is where the next part begins.
    pub async fn chain(
        &self,
        _permit: &Permit<ReadAudit>,
        after: i64,
        limit: u32,
    ) -> Result<(Vec<Row>, Option<i64>), Error> {
        let rows = self.store.audit_after(after, limit + 1).await?;
        Ok(cut(rows, limit, |row| row.sequence))
    }
}
