//! A key as Titan answers it, and as people see it.

use crate::command::table::{Table, clean};
use serde::Deserialize;

/// A key, as Titan answers it.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct KeyView {
    pub(super) id: String,
    pub(super) label: String,
    pub(super) scopes: Vec<String>,
    pub(super) is_active: bool,
    pub(super) created_at: String,
    pub(super) expires_at: String,
    pub(super) last_used_at: Option<String>,
    pub(super) created_by: String,
    pub(super) tenant_id: u32,
    pub(super) rate_limit: Option<u32>,
}

/// A key that was issued just now.
#[derive(Deserialize)]
pub(super) struct IssuedView {
    pub(super) key: String,
    #[serde(flatten)]
    pub(super) view: KeyView,
}

pub(super) fn fields(key: &KeyView) -> String {
    let table = Table::default()
        .row(["id", &key.id])
        .row(["label", &key.label])
        .row(["scopes", &key.scopes.join(", ")])
        .row(["active", yes_or_no(key.is_active)])
        .row(["created", &key.created_at])
        .row(["created by", &key.created_by])
        .row(["expires", &key.expires_at])
        .row(["last used", key.last_used_at.as_deref().unwrap_or("never")])
        .row(["tenant", &key.tenant_id.to_string()]);
    match key.rate_limit {
        Some(limit) => table.row(["limit", &format!("{limit} requests a minute")]).to_string(),
        None => table.to_string(),
    }
}

/// The key on a line of its own, so that it can be marked with one click.
pub(super) fn shown_once(key: &str) -> String {
    format!("The key, shown this once:\n\n{}", clean(key))
}

pub(in crate::command) fn yes_or_no(is: bool) -> &'static str {
    if is { "yes" } else { "no" }
}
