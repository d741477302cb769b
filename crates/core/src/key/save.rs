//! Writing a changed key, with its revision and its row in the audit log.

use super::Key;
use crate::access::Permit;
use crate::audit::{Entry, changed};
use crate::error::Error;
use crate::port::Tx;
use crate::revision::{Revision, record};
use crate::time::Timestamp;
use serde_json::{Value, json};

/// What the audit log has of a key before and after a change.
pub(crate) fn audited(key: &Key) -> Value {
    json!({
        "label": key.label,
        "isActive": key.is_on(),
        "isRevoked": key.revoked_at.is_some(),
        "rateLimit": key.rate_limit,
    })
}

/// Writes a changed key with its revision and its audit row. `swept` is the time up to which keys have left the log.
pub(super) async fn save<A>(
    tx: &mut dyn Tx,
    permit: &Permit<A>,
    (before, key): (&Value, &Key),
    (now, swept): (Timestamp, Timestamp),
    action: &'static str,
) -> Result<Revision, Error> {
    let detail = changed(before, &audited(key));
    tx.add_audit(&Entry::by(permit, now, action, key.id.to_string(), detail)).await?;
    write(tx, key, swept).await
}

/// Writes a changed key with its revision.
pub(crate) async fn write(tx: &mut dyn Tx, key: &Key, swept: Timestamp) -> Result<Revision, Error> {
    tx.save_key(key).await?;
    Ok(record(tx, &key.change(), key.expires_at <= swept).await?)
}
