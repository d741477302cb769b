//! Refusals that can be relied on.

use crate::error::{Code, Error};
use crate::port::Tx;
use crate::revision::Propagation;

/// Before a caller learns that something is gone, waits until the change that ended it is in force. So the refusal can be
/// relied on, also where the answer to that change was lost. Other errors are given as they are.
///
/// The transaction ends before the wait, so that no other write waits for it. It commits, although it wrote nothing:
/// what it saw may be of a writer that commits together with it.
pub(crate) async fn refused(mut tx: Box<dyn Tx>, propagation: &dyn Propagation, error: Error) -> Error {
    let is_about_an_end = matches!(
        error.code(),
        Code::Conflict | Code::InvalidCredentials | Code::NotFound | Code::SessionEnded
    );
    if !is_about_an_end {
        return error;
    }
    let waited = async {
        let head = tx.head().await?;
        tx.commit().await?;
        propagation.wait_until_in_force(head).await
    };
    waited.await.err().unwrap_or(error)
}
