//! The names of scope bits, which are given once.

use super::error::failed;
use crate::error::ConnectError;
use sqlx::{PgConnection, query, query_scalar};
use titan_core::access::{Catalogue, KEYS_MANAGE, KEYS_VERIFY};

/// Brings the stored names and the configured ones together: new names get the next bits, and names that are
/// no longer configured keep theirs, so that an old key never comes to mean something else.
pub(super) async fn reconcile(writer: &mut PgConnection, own: &[String]) -> Result<Catalogue, ConnectError> {
    let stored: Vec<String> =
        query_scalar("SELECT name FROM scope ORDER BY bit").fetch_all(&mut *writer).await.map_err(failed)?;
    let mut names = stored.clone();
    let wanted = Catalogue::shipped().map(str::to_owned).chain(own.iter().cloned());
    names.extend(wanted.filter(|name| !stored.contains(name)));
    let catalogue = Catalogue::of(names.clone())?;
    // These two have their bits in the program, too.
    for (bit, name) in [KEYS_MANAGE, KEYS_VERIFY] {
        if catalogue.bit(name) != Some(bit) {
            return Err(ConnectError::Scopes(format!(
                "the database gives `{name}` another bit than this program"
            )));
        }
    }
    for (bit, name) in (0u8..).zip(&names).skip(stored.len()) {
        query("INSERT INTO scope (bit, name) VALUES ($1, $2)")
            .bind(i16::from(bit))
            .bind(name)
            .execute(&mut *writer)
            .await
            .map_err(failed)?;
    }
    Ok(catalogue)
}
