//! The names of scope bits, which are given once.

use super::error::failed;
use crate::error::ConnectError;
use crate::scope;
use sqlx::{SqlitePool, query, query_scalar};
use titan_core::access::Catalogue;

/// Reads the stored names, and stores those that are new ([`crate::scope`]).
pub(super) async fn reconcile(writer: &SqlitePool, own: &[String]) -> Result<Catalogue, ConnectError> {
    let stored: Vec<String> =
        query_scalar("SELECT name FROM scope ORDER BY bit").fetch_all(writer).await.map_err(failed)?;
    let (catalogue, new) = scope::reconcile(&stored, own)?;
    for (bit, name) in new {
        query("INSERT INTO scope (bit, name) VALUES (?, ?)")
            .bind(bit)
            .bind(name)
            .execute(writer)
            .await
            .map_err(failed)?;
    }
    Ok(catalogue)
}
