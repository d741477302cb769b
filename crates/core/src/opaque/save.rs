//! Writing a changed opaque key.

use super::OpaqueRow;
use crate::port::Tx;
use crate::revision::Revision;
use crate::store_error::StoreResult;
use crate::time::Timestamp;
use crate::user::Role;

/// Writes a changed key with its revision. `swept` is the time up to which keys have left the log.
pub(crate) async fn save(
    tx: &mut dyn Tx,
    key: &OpaqueRow,
    role: Role,
    swept: Timestamp,
) -> StoreResult<Revision> {
    tx.save_opaque(key).await?;
    // It has left the log for good: a new row would stay there, and in memory, for ever.
    if key.expires_at.is_some_and(|end| end <= swept) {
        return tx.head().await;
    }
    tx.record_change(&key.change(role)).await
}
