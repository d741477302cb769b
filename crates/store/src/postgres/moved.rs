//! A database into which a move is not complete is not served: `docs/migrating.md`.

use super::failed;
use crate::error::ConnectError;
use sqlx::{PgConnection, query_scalar};

/// Refuses a database into which a move goes on or was interrupted.
pub(crate) async fn refuse_unfinished(connection: &mut PgConnection) -> Result<(), ConnectError> {
    let select = query_scalar("SELECT moved_from FROM move_in");
    let from: Option<String> = select.fetch_optional(connection).await.map_err(failed)?;
    from.map_or(Ok(()), |from| Err(ConnectError::Unfinished(from)))
}
