//! Writing a changed opaque key.

use super::OpaqueRow;
use crate::port::Tx;
use crate::revision::{Revision, record};
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
    let has_left = key.expires_at.is_some_and(|end| end <= swept);
    record(tx, &key.change(role), has_left).await
}
