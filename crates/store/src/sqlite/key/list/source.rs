//! Chooses the index that a page is read from.

use super::candidates::{FEW, FEW_ANYWHERE, Source};
use super::sql;
use crate::sqlite::error::failed;
use crate::sqlite::key::term;
use sqlx::{Row, SqliteConnection, query};
use titan_core::key::{KeyFilter, Sort};
use titan_core::port::StoreResult;

/// The most entries of lists of the inverted index that one page intersects. It does so up to three times: to estimate,
/// to read, and to find the end.
const ENTRIES: i64 = 150_000;

/// Chooses the source with the fewest candidates.
pub(super) async fn choose(connection: &mut SqliteConnection, filter: &KeyFilter) -> StoreResult<Source> {
    if let Some(source) = by_terms(connection, filter).await? {
        return Ok(source);
    }
    for sort in [Sort::Expires, Sort::LastUsed] {
        if sort != filter.sort
            && sql::bound(filter, sort).is_some()
            && is_few(connection, filter, sort).await?
        {
            return Ok(Source::Before(sort));
        }
    }
    Ok(Source::Order)
}

async fn by_terms(connection: &mut SqliteConnection, filter: &KeyFilter) -> StoreResult<Option<Source>> {
    let mut frequent = Vec::new();
    for term in term::wanted(filter) {
        match entries(connection, &term).await? {
            None => return Ok(Some(Source::Few(term))),
            Some(entries) => frequent.push((entries, term)),
        }
    }
    let Some(terms) = rarest(frequent) else { return Ok(None) };
    if terms.contains(' ') && entries(connection, &terms).await?.is_none() {
        return Ok(Some(Source::Few(terms)));
    }
    Ok((filter.sort == Sort::Created).then_some(Source::Made(terms)))
}

/// The rarest terms, as many as can be intersected in time, as one query.
fn rarest(mut terms: Vec<(i64, String)>) -> Option<String> {
    terms.sort();
    let mut sum = 0;
    let affordable = terms.into_iter().enumerate().take_while(|(index, (entries, _))| {
        sum += entries;
        *index == 0 || sum <= ENTRIES
    });
    affordable.map(|(_, (_, term))| term).reduce(|all, term| format!("{all} AND {term}"))
}

/// About how many keys have these terms, estimated from the distance of the newest of them. `None` means few.
async fn entries(connection: &mut SqliteConnection, terms: &str) -> StoreResult<Option<i64>> {
    let row = query(
        "SELECT count(*) AS count, min(number) AS oldest, (SELECT last FROM key_number) AS last \
         FROM (SELECT rowid AS number FROM key_term WHERE key_term MATCH ? ORDER BY rowid DESC LIMIT ?)",
    )
    .bind(terms)
    .bind(FEW + 1)
    .fetch_one(connection)
    .await
    .map_err(failed)?;
    let count: i64 = row.try_get("count").map_err(failed)?;
    if count <= i64::from(FEW) {
        return Ok(None);
    }
    let (oldest, last): (i64, i64) =
        (row.try_get("oldest").map_err(failed)?, row.try_get("last").map_err(failed)?);
    Ok(Some(count.saturating_mul(last) / (last - oldest + 1).max(1)))
}

async fn is_few(connection: &mut SqliteConnection, filter: &KeyFilter, sort: Sort) -> StoreResult<bool> {
    let mut count = sql::count_before(filter, sort);
    let count: i64 = count.build_query_scalar().fetch_one(connection).await.map_err(failed)?;
    Ok(count <= i64::from(FEW_ANYWHERE))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rarest_of(entries: &[(i64, &str)]) -> Option<String> {
        rarest(entries.iter().map(|(entries, term)| (*entries, (*term).to_owned())).collect())
    }

    #[test]
    fn the_rarest_terms_are_intersected_as_far_as_time_allows() {
        assert_eq!(rarest_of(&[]), None);
        assert_eq!(rarest_of(&[(ENTRIES * 9, "a")]).as_deref(), Some("a"));
        assert_eq!(rarest_of(&[(ENTRIES, "a"), (5000, "b"), (6000, "c")]).as_deref(), Some("b AND c"));
    }
}
