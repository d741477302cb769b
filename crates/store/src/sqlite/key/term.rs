//! The terms under which a key is found: an inverted index (FTS5) from each term to the numbers of the keys that have it.
//!
//! Each three characters of the label in a row, the tenant, the creator, each scope, and "disabled" are a term. The
//! index holds no text, so a key's terms must be named again to take it out: when terms change their form, a
//! migration must make the index anew.

use super::bytes;
use crate::sqlite::error::failed;
use sqlx::{SqliteConnection, query};
use std::fmt::Write;
use titan_core::key::{Creator, Key, KeyFilter};
use titan_core::port::StoreResult;
use titan_token::KeyId;

/// Characters in a row that are a term.
const GRAM: usize = 3;
/// What is looked for is told well enough by so many of them; the row tells the rest.
const MOST_GRAMS: usize = 8;

/// A key's terms. A revoked key has none.
pub(super) fn of(key: &Key) -> Option<String> {
    let made_by = key.created_by.map_or(Creator::Master, Creator::Key);
    let terms = grams(&key.label)
        .chain([tenant(key.tenant.0), creator(made_by)])
        .chain(key.scopes.iter().map(|bit| scope(bit.number())))
        .chain((!key.is_active).then(disabled));
    key.revoked_at.is_none().then(|| terms.collect::<Vec<_>>().join(" "))
}

/// The terms that every key of this list has. Each entry is one condition; all keys that meet it have all its terms.
pub(super) fn wanted(filter: &KeyFilter) -> Vec<String> {
    let label = filter.label.as_deref().map(|text| spread(&grams(text).collect::<Vec<_>>()));
    let others = [
        filter.created_by.map(creator),
        filter.scope.map(|bit| scope(bit.number())),
        (filter.is_active == Some(false)).then(disabled),
    ];
    let mut terms: Vec<_> =
        label.unwrap_or_default().into_iter().chain(others.into_iter().flatten()).collect();
    // A tenant alone has an index of its own for each order.
    if !terms.is_empty() {
        terms.extend(filter.tenant.map(|id| tenant(id.0)));
    }
    terms
}

/// Takes the key of this number from its old terms to its new ones.
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

/// At most [`MOST_GRAMS`] of them, from the whole length.
fn spread(grams: &[String]) -> Vec<String> {
    let step = grams.len().div_ceil(MOST_GRAMS).max(1);
    grams.iter().step_by(step).cloned().collect()
}

fn tenant(number: u32) -> String {
    format!("t{number}")
}

fn creator(creator: Creator) -> String {
    match creator {
        Creator::Key(id) => format!("c{}", key_hex(id)),
        Creator::Master => "cmaster".to_owned(),
    }
}

fn scope(bit: u8) -> String {
    format!("s{bit}")
}

fn disabled() -> String {
    "d".to_owned()
}

fn key_hex(id: KeyId) -> String {
    hex(&bytes(id))
}

/// Letters and digits alone, so that no text can be read as a query.
fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(2 * bytes.len()), |mut text, byte| {
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}
