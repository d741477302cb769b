//! Filters of templates.

#![expect(
    unreachable_pub,
    clippy::inline_always,
    clippy::unnecessary_wraps,
    clippy::unused_self,
    reason = "the code that the macro writes around a filter"
)]

use askama::{Result, Values};

/// The beginning and the end of an id: enough to tell one from another.
#[askama::filter_fn]
pub(super) fn short(id: impl std::fmt::Display, _: &dyn Values) -> Result<String> {
    let id = id.to_string();
    Ok(match (id.get(..10), id.len().checked_sub(4).and_then(|end| id.get(end..))) {
        (Some(begin), Some(end)) if id.len() > 16 => format!("{begin}…{end}"),
        _ => id,
    })
}
