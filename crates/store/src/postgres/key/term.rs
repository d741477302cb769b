//! The terms of a key, for the index that filters use (GIN): every three consecutive characters of the label, the
//! creator, and each scope.

use crate::stored::creator_bytes;
use titan_core::key::{Key, KeyFilter};

/// The number of characters in a term of a label.
const GRAM: usize = 3;

/// The terms of a key. A revoked key is in no list, and has none.
pub(super) fn of(key: &Key) -> Vec<String> {
    if key.revoked_at.is_some() {
        return Vec::new();
    }
    let scopes: Vec<u8> = key.scopes.iter().map(|bit| bit.number()).collect();
    of_columns(&key.label, creator_bytes(key.created_by).as_deref(), &scopes)
}

/// Which terms each of several keys has, if those of all stand one behind the other: the first and the last, from 1. A key
/// without terms has an empty part.
pub(super) fn parts(terms: &[Vec<String>]) -> impl Iterator<Item = (i32, i32)> {
    terms.iter().scan(0, |end, terms| {
        let first = *end + 1;
        *end += i32::try_from(terms.len()).unwrap_or(i32::MAX);
        Some((first, *end))
    })
}

/// The terms of a key that is not revoked, from the columns of its row.
pub(crate) fn of_columns(label: &str, created_by: Option<&[u8]>, scopes: &[u8]) -> Vec<String> {
    let scopes = scopes.iter().map(|bit| scope(*bit));
    let mut terms: Vec<_> = grams(label).into_iter().chain([creator(created_by)]).chain(scopes).collect();
    terms.sort();
    terms.dedup();
    terms
}

/// The terms that every key of a list has.
pub(super) fn wanted(filter: &KeyFilter) -> Vec<String> {
    let label = filter.label.as_deref().map(grams).unwrap_or_default();
    let made_by = filter.created_by.map(creator_bytes);
    let others = [made_by.map(|id| creator(id.as_deref())), filter.scope.map(|bit| scope(bit.number()))];
    label.into_iter().chain(others.into_iter().flatten()).collect()
}

fn grams(text: &str) -> Vec<String> {
    let characters: Vec<char> = text.to_ascii_lowercase().chars().collect();
    characters.windows(GRAM).map(|gram| format!("g{}", gram.iter().collect::<String>())).collect()
}

fn creator(id: Option<&[u8]>) -> String {
    id.map_or_else(|| "cmaster".to_owned(), |id| format!("c{}", hex(id)))
}

fn scope(bit: u8) -> String {
    format!("s{bit}")
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
