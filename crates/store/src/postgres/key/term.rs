//! The terms of a key, for the index that filters use (GIN): every three consecutive characters of the label, the
//! creator, and each scope.

use super::bytes;
use titan_core::key::{Creator, Key, KeyFilter};
use titan_token::KeyId;

/// The number of characters in a term of a label.
const GRAM: usize = 3;

/// The terms of a key. A revoked key is in no list, and has none.
pub(super) fn of(key: &Key) -> Vec<String> {
    if key.revoked_at.is_some() {
        return Vec::new();
    }
    let made_by = key.created_by.map_or(Creator::Master, Creator::Key);
    let scopes = key.scopes.iter().map(|bit| scope(bit.number()));
    let mut terms: Vec<_> = grams(&key.label).into_iter().chain([creator(made_by)]).chain(scopes).collect();
    terms.sort();
    terms.dedup();
    terms
}

/// The terms that every key of a list has.
pub(super) fn wanted(filter: &KeyFilter) -> Vec<String> {
    let label = filter.label.as_deref().map(grams).unwrap_or_default();
    let others = [filter.created_by.map(creator), filter.scope.map(|bit| scope(bit.number()))];
    label.into_iter().chain(others.into_iter().flatten()).collect()
}

fn grams(text: &str) -> Vec<String> {
    let characters: Vec<char> = text.to_ascii_lowercase().chars().collect();
    characters.windows(GRAM).map(|gram| format!("g{}", gram.iter().collect::<String>())).collect()
}

fn creator(creator: Creator) -> String {
    match creator {
        Creator::Key(id) => format!("c{}", hex(id)),
        Creator::Master => "cmaster".to_owned(),
    }
}

fn scope(bit: u8) -> String {
    format!("s{bit}")
}

fn hex(id: KeyId) -> String {
    bytes(id).iter().map(|byte| format!("{byte:02x}")).collect()
}
