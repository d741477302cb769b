//! A database that was moved away is not served again: `docs/migrating.md`.

use super::failed;
use crate::error::ConnectError;
use sqlx::{SqlitePool, query, query_as};
use std::path::Path;
use titan_core::time::Timestamp;

/// Refuses a database that was moved. Otherwise a copy that was begun is out of date from now on.
pub(super) async fn leave_or_refuse(writer: &SqlitePool, path: &Path) -> Result<(), ConnectError> {
    let moved: Option<(String, i64)> =
        query_as("SELECT moved_to, moved_at FROM move_out WHERE moved_to IS NOT NULL")
            .fetch_optional(writer)
            .await
            .map_err(failed)?;
    if let Some((place, at)) = moved {
        return Err(ConnectError::Moved(path.to_owned(), place, Timestamp::from_ms(at)));
    }
    query("UPDATE move_out SET run = run + 1").execute(writer).await.map_err(failed)?;
    Ok(())
}
