//! The audit log: who did what to what, when and from where; append-only and hash-chained. `docs/audit.md` has its form.

mod list;
mod service;

use crate::access::{Origin, Permit};
use crate::store_error::StoreResult;
use crate::time::Timestamp;
use async_trait::async_trait;
use aws_lc_rs::digest::{Context, SHA256};
pub use list::{AuditFilter, Position};
use serde_json::{Value, json};
pub use service::AuditService;

/// The hash of one row, over the hash of the row before it.
pub type Hash = [u8; 32];

/// What the first row is chained to.
pub const GENESIS: Hash = [0; 32];

/// One row, before it has its place in the chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// When, in milliseconds.
    pub at: Timestamp,
    /// `master`, a key's id, or `system`.
    pub actor: String,
    /// What was done: `key.create`, `tenant.update`, …
    pub action: &'static str,
    /// To what: an id.
    pub subject: String,
    /// The peer's address.
    pub ip: String,
    /// `X-Request-Id`
    pub request_id: String,
    /// The rest, as JSON. Never a secret.
    pub detail: Value,
}

/// The detail of a change: what was there before it, and what is there after it.
pub(crate) fn changed(before: &Value, after: &Value) -> Value {
    json!({ "before": before, "after": after })
}

impl Entry {
    /// What the holder of `permit` did.
    pub fn by<A>(
        permit: &Permit<A>,
        at: Timestamp,
        action: &'static str,
        subject: String,
        detail: Value,
    ) -> Self {
        Self::of(permit.origin(), permit.actor(), at, action, subject, detail)
    }

    /// What somebody did who proved in another way who it is.
    pub fn of(
        origin: &Origin,
        actor: String,
        at: Timestamp,
        action: &'static str,
        subject: String,
        detail: Value,
    ) -> Self {
        let ip = origin.ip.map(|ip| ip.to_string()).unwrap_or_default();
        Self { at, actor, action, subject, ip, request_id: origin.request_id.clone(), detail }
    }

    /// What the program itself did.
    pub fn by_system(at: Timestamp, action: &'static str, subject: String, detail: Value) -> Self {
        let nowhere = String::new();
        Self {
            at,
            actor: "system".to_owned(),
            action,
            subject,
            ip: nowhere.clone(),
            request_id: nowhere,
            detail,
        }
    }

    /// The row's fields, in the order in which they are hashed and stored.
    pub fn fields(&self) -> [String; 7] {
        [
            self.at.ms().to_string(),
            self.actor.clone(),
            self.action.to_owned(),
            self.subject.clone(),
            self.ip.clone(),
            self.request_id.clone(),
            self.detail.to_string(),
        ]
    }
}

/// A row's hash: SHA-256 over the hash before it and each field with its length, so that no text can move
/// from one field to the next unseen.
pub fn chain(previous: &Hash, fields: &[String; 7]) -> Hash {
    let mut context = Context::new(&SHA256);
    context.update(previous);
    for field in fields {
        let length = u64::try_from(field.len()).unwrap_or(u64::MAX);
        context.update(&length.to_be_bytes());
        context.update(field.as_bytes());
    }
    let mut hash = GENESIS;
    hash.copy_from_slice(context.finish().as_ref());
    hash
}

/// A row that has its place in the chain, but no number yet.
#[derive(Clone, Debug)]
pub struct Link {
    /// When, in milliseconds: the first of the fields.
    pub at: Timestamp,
    /// Its fields, as [`Entry::fields`] gave them.
    pub fields: [String; 7],
    /// Its hash.
    pub hash: Hash,
}

/// Chains these to the row with the hash `last`, one after the other.
pub fn links(last: Hash, entries: &[&Entry]) -> impl Iterator<Item = Link> {
    entries.iter().scan(last, |last, entry| {
        let fields = entry.fields();
        *last = chain(last, &fields);
        Some(Link { at: entry.at, fields, hash: *last })
    })
}

/// A row as it is stored.
#[derive(Clone, Debug)]
pub struct Row {
    /// Its place: 1, 2, …
    pub sequence: i64,
    /// Its fields, as [`Entry::fields`] gave them.
    pub fields: [String; 7],
    /// Its hash.
    pub hash: Hash,
}

/// The first row that does not follow from the one before it.
pub fn first_break(previous: Hash, rows: &[Row]) -> Option<i64> {
    let before = std::iter::once(&previous).chain(rows.iter().map(|row| &row.hash));
    let mut pairs = before.zip(rows);
    pairs.find(|(before, row)| chain(before, &row.fields) != row.hash).map(|(_, row)| row.sequence)
}

/// Reading the audit log.
#[async_trait]
pub trait AuditLog {
    /// At most `limit` rows after `sequence`, oldest first.
    async fn audit_after(&self, sequence: i64, limit: u32) -> StoreResult<Vec<Row>>;

    /// The rows that match, the newest first.
    async fn audit(&self, filter: &AuditFilter) -> StoreResult<Vec<Row>>;
}

/// Writing the audit log.
#[async_trait]
pub trait AuditLogTx {
    /// Appends a row, in the transaction of the change that it describes. A failure may come to light only at the commit.
    async fn add_audit(&mut self, entry: &Entry) -> StoreResult<()>;
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows() -> Vec<Row> {
        let mut previous = GENESIS;
        (1..4)
            .map(|n| {
                let entry =
                    Entry::by_system(Timestamp::from_secs(n), "key.create", n.to_string(), Value::Null);
                let fields = entry.fields();
                previous = chain(&previous, &fields);
                Row { sequence: n, fields, hash: previous }
            })
            .collect()
    }

    #[test]
    fn an_edited_a_moved_and_a_missing_row_break_the_chain() {
        assert_eq!(first_break(GENESIS, &rows()), None);
        let mut edited = rows();
        edited[1].fields[3] = "9".to_owned();
        assert_eq!(first_break(GENESIS, &edited), Some(2));
        let mut moved = rows();
        (moved[1].fields[2], moved[1].fields[3]) = ("key.create2".to_owned(), String::new());
        assert_eq!(first_break(GENESIS, &moved), Some(2));
        let mut missing = rows();
        missing.remove(0);
        assert_eq!(first_break(GENESIS, &missing), Some(2));
    }
}
