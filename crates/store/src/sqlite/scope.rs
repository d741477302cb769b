//! The names of scope bits, which are given once.

use super::error::failed;
use crate::error::ConnectError;
use sqlx::{SqlitePool, query, query_scalar};
use titan_core::access::Catalogue;

/// Brings the stored names and the configured ones together: new names get the next bits, and names that are
/// no longer configured keep theirs, so that an old key never comes to mean something else.
pub(super) async fn reconcile(writer: &SqlitePool, own: &[String]) -> Result<Catalogue, ConnectError> {
    let stored: Vec<String> =
        query_scalar("SELECT name FROM scope ORDER BY bit").fetch_all(writer).await.map_err(failed)?;
    let shipped: Vec<String> = Catalogue::shipped().map(str::to_owned).collect();
    if !stored.iter().zip(&shipped).all(|(stored, shipped)| stored == shipped) {
        return Err(ConnectError::Scopes(
            "the database was made with another catalogue of scopes".to_owned(),
        ));
    }
    let mut names = stored.clone();
    names.extend(shipped.into_iter().skip(stored.len()));
    let shipped_count = Catalogue::shipped().count();
    let known: Vec<String> = names.iter().skip(shipped_count).cloned().collect();
    names.extend(own.iter().filter(|name| !known.contains(name)).cloned());
    let catalogue = Catalogue::new(names.iter().skip(shipped_count).cloned())?;
    for (bit, name) in (0u8..).zip(&names).skip(stored.len()) {
        query("INSERT INTO scope (bit, name) VALUES (?, ?)")
            .bind(bit)
            .bind(name)
            .execute(writer)
            .await
            .map_err(failed)?;
    }
    Ok(catalogue)
}
