//! The terms of a key: an inverted index (FTS5) from each term to the numbers of the keys that have it.
//!
//! Every three consecutive characters of the label are a term, and so are the tenant, the creator, each scope, and
//! "disabled". The index contains no text: to remove a key from it, the store must name exactly the terms that it
//! added. A change of the form of terms therefore needs a migration that rebuilds the index.

use crate::sqlite::error::failed;
use crate::stored::creator_bytes;
use sqlx::{QueryBuilder, SqliteConnection, query};
use std::fmt::Write;
use titan_core::key::{Key, KeyFilter};
use titan_core::port::StoreResult;

/// The number of characters in a term of a label.
const GRAM: usize = 3;
/// The most terms that a label filter uses. These are selective enough, and the row decides.
const MOST_GRAMS: usize = 8;

/// The terms of a key. A revoked key has none.
pub(super) fn of(key: &Key) -> Option<String> {
    let scopes: Vec<u8> = key.scopes.iter().map(|bit| bit.number()).collect();
    let creator = creator_bytes(key.created_by);
    let terms = || of_columns(&key.label, key.tenant.0, creator.as_deref(), &scopes, key.is_active);
    key.revoked_at.is_none().then(terms)
}

/// The terms of a key that is not revoked, from the columns of its row.
pub(crate) fn of_columns(
    label: &str,
    tenant_number: u32,
    created_by: Option<&[u8]>,
    scopes: &[u8],
    is_active: bool,
) -> String {
    let terms = grams(label)
        .chain([tenant(tenant_number), creator(created_by)])
        .chain(scopes.iter().copied().map(scope))
        .chain((!is_active).then(disabled));
    terms.collect::<Vec<_>>().join(" ")
}

/// The terms that every key of a list has.
pub(super) fn wanted(filter: &KeyFilter) -> Vec<String> {
    let label = filter.label.as_deref().map(|text| spread(&grams(text).collect::<Vec<_>>()));
    let others = [
        filter.created_by.map(|by| creator(creator_bytes(by).as_deref())),
        filter.scope.map(|bit| scope(bit.number())),
        (filter.is_active == Some(false)).then(disabled),
    ];
    let mut terms: Vec<_> =
        label.unwrap_or_default().into_iter().chain(others.into_iter().flatten()).collect();
    // For a tenant without another filter, each order has an index.
    if !terms.is_empty() {
        terms.extend(filter.tenant.map(|id| tenant(id.0)));
    }
    terms
}

/// Adds the terms of these keys, which have none yet.
pub(super) async fn add(connection: &mut SqliteConnection, keys: &[(i64, &Key)]) -> StoreResult<()> {
    let with_terms = keys.iter().filter_map(|(number, key)| of(key).map(|terms| (*number, terms)));
    let with_terms: Vec<_> = with_terms.collect();
    if with_terms.is_empty() {
        return Ok(());
    }
    let mut insert = QueryBuilder::new("INSERT INTO key_term (rowid, terms) ");
    insert.push_values(with_terms, |mut row, (number, terms)| {
        row.push_bind(number).push_bind(terms);
    });
    insert.build().execute(connection).await.map_err(failed)?;
    Ok(())
}

/// Replaces the terms of the key with this number.
pub(super) async fn replace(
    connection: &mut SqliteConnection,
    number: i64,
    old: Option<String>,
    new: Option<String>,
) -> StoreResult<()> {
    if old == new {
        return Ok(());
    }
    if let Some(terms) = old {
        let delete = query("INSERT INTO key_term (key_term, rowid, terms) VALUES ('delete', ?, ?)");
        delete.bind(number).bind(terms).execute(&mut *connection).await.map_err(failed)?;
    }
    if let Some(terms) = new {
        let insert = query("INSERT INTO key_term (rowid, terms) VALUES (?, ?)");
        insert.bind(number).bind(terms).execute(&mut *connection).await.map_err(failed)?;
    }
    Ok(())
}

fn grams(text: &str) -> impl Iterator<Item = String> {
    let characters: Vec<char> = text.to_ascii_lowercase().chars().collect();
    let grams: Vec<_> = characters
        .windows(GRAM)
        .map(|gram| format!("g{}", hex(gram.iter().collect::<String>().as_bytes())))
        .collect();
    grams.into_iter()
}

/// At most [`MOST_GRAMS`] of these, spread over the whole text.
fn spread(grams: &[String]) -> Vec<String> {
    let step = grams.len().div_ceil(MOST_GRAMS).max(1);
    grams.iter().step_by(step).cloned().collect()
}

fn tenant(number: u32) -> String {
    format!("t{number}")
}

fn creator(id: Option<&[u8]>) -> String {
    id.map_or_else(|| "cmaster".to_owned(), |id| format!("c{}", hex(id)))
}

fn scope(bit: u8) -> String {
    format!("s{bit}")
}

fn disabled() -> String {
    "d".to_owned()
}

/// Only letters and digits, so that FTS5 cannot read a text as an operator.
fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(2 * bytes.len()), |mut text, byte| {
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}
