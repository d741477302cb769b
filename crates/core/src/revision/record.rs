//! Recording a change of a subject that may have left the log.

use super::{Change, Revision};
use crate::port::Tx;
use crate::store_error::StoreResult;

/// Records a change. A subject that has left the log has done so for good: a new row would stay there, and in memory, for ever.
/// Then the revision is the newest one.
pub(crate) async fn record(tx: &mut dyn Tx, change: &Change, has_left: bool) -> StoreResult<Revision> {
    if has_left {
        return tx.head().await;
    }
    tx.record_change(change).await
}
