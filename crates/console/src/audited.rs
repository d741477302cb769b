//! A row of the audit log, as pages show it.

use crate::when::When;
use titan_core::audit::Row;
use titan_core::time::Timestamp;

pub(crate) struct AuditLine {
    /// Its place in the chain.
    pub(crate) sequence: i64,
    pub(crate) at: When,
    pub(crate) actor: String,
    pub(crate) action: String,
    pub(crate) subject: String,
    pub(crate) ip: String,
    pub(crate) request_id: String,
    /// As JSON, on several lines; empty if there is none.
    pub(crate) detail: String,
}

impl AuditLine {
    pub(crate) fn new(row: &Row, now: Timestamp) -> Self {
        let [_, actor, action, subject, ip, request_id, detail] = &row.fields;
        let detail = serde_json::from_str(detail).ok().filter(|detail| *detail != serde_json::json!({}));
        let detail = detail.and_then(|detail: serde_json::Value| serde_json::to_string_pretty(&detail).ok());
        Self {
            sequence: row.sequence,
            at: When::new(row.position().at, now),
            actor: actor.clone(),
            action: action.clone(),
            subject: subject.clone(),
            ip: ip.clone(),
            request_id: request_id.clone(),
            detail: detail.unwrap_or_default(),
        }
    }
}
