//! Pages of lists. Each page is read from an index and examines a limited number of keys:
//! docs/adr/0010-lists-of-keys.md.

mod candidates;
#[cfg(test)]
mod plan;
mod source;
mod sql;

use super::read;
use crate::sqlite::error::failed;
use crate::stored::key_bytes;
use source::choose;
use sqlx::{QueryBuilder, Sqlite, SqliteConnection, query_scalar};
use titan_core::key::{Key, KeyFilter, Page, Position, Sort};
use titan_core::port::StoreResult;
use titan_token::KeyId;

/// One request for a page.
struct Listing<'a> {
    filter: &'a KeyFilter,
    /// The page begins after this place.
    after: Option<After>,
}

/// A place in one of the orders of this database.
#[derive(Clone, Copy)]
enum After {
    /// After the key with this number.
    Number(i64),
    /// After the key with this time and id.
    Time(i64, KeyId),
}

/// A page of a list.
pub(super) async fn page(connection: &mut SqliteConnection, filter: &KeyFilter) -> StoreResult<Page> {
    let after = match filter.after {
        None => None,
        Some(at) if filter.sort == Sort::Created => Some(After::Number(number(connection, at.id).await?)),
        Some(at) => Some(After::Time(at.value, at.id)),
    };
    let listing = Listing { filter, after };
    let source = choose(connection, filter).await?;
    let mut keys = rows(connection, listing.keys(&source)).await?;
    let limit = usize::try_from(filter.limit).unwrap_or(usize::MAX);
    if keys.len() > limit {
        keys.truncate(limit);
        let next = keys.last().map(|key| position(filter, key));
        return Ok(Page { keys, next });
    }
    let last = match listing.end(&source) {
        Some(select) => rows(connection, select).await?.pop(),
        None => None,
    };
    Ok(Page { keys, next: last.map(|key| position(filter, &key)) })
}

fn position(filter: &KeyFilter, key: &Key) -> Position {
    Position { value: filter.sort.value(key), id: key.id }
}

/// The number of a key. If its row does not exist any more: the number of the next key.
async fn number(connection: &mut SqliteConnection, id: KeyId) -> StoreResult<i64> {
    let select = query_scalar("SELECT number FROM key WHERE id >= ? ORDER BY id LIMIT 1").bind(key_bytes(id));
    Ok(select.fetch_optional(connection).await.map_err(failed)?.unwrap_or(i64::MAX))
}

async fn rows(connection: &mut SqliteConnection, mut select: QueryBuilder<Sqlite>) -> StoreResult<Vec<Key>> {
    select.build().fetch_all(connection).await.map_err(failed)?.iter().map(read).collect()
}
