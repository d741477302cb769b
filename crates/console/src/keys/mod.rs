//! Keys: their list, one of them, and what can be done with it.

mod create;
mod list;
mod one;
mod revoke;
mod rotate;
mod shown;
mod switch;
mod view;

use crate::Shared;
use axum::Router;
use axum::routing::{get, post};
pub(crate) use create::{ScopeGroup, form_name, groups, named_request};
pub(crate) use list::{cursor, next};
pub(crate) use rotate::OVERLAPS;
pub(crate) use shown::curl;
pub(crate) use view::KeyView;

pub(crate) fn routes() -> Router<Shared> {
    Router::new()
        .route("/keys", get(list::show).post(create::create))
        .route("/keys/new", get(create::show))
        .route("/keys/{id}", get(one::show))
        .route("/keys/{id}/rotate", get(rotate::show).post(rotate::rotate))
        .route("/keys/{id}/revoke", get(revoke::show).post(revoke::revoke))
        .route("/keys/{id}/edit", get(switch::show).post(switch::edit))
        .route("/keys/{id}/disable", post(switch::disable))
        .route("/keys/{id}/enable", post(switch::enable))
}

/// The id in a path. Another text is no page.
fn id(text: &str) -> Result<titan_token::KeyId, titan_core::Error> {
    text.parse().map_err(|_| titan_core::Error::not_found("key"))
}
