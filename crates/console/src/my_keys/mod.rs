//! My keys: those that work for a user who has signed in.

mod create;
mod delete;
mod list;
mod rotate;
mod shown;

use crate::Shared;
use crate::layout::Section;
use axum::Router;
use axum::routing::get;
use titan_core::Error;
use titan_token::KeyId;

pub(crate) fn routes() -> Router<Shared> {
    Router::new()
        .route("/my-keys", get(list::show).post(create::create))
        .route("/my-keys/new", get(create::show))
        .route("/my-keys/{id}/rotate", get(rotate::show).post(rotate::rotate))
        .route("/my-keys/{id}/delete", get(delete::show).post(delete::delete))
}

/// Where they are listed.
const PATH: &str = Section::MyKeys.path();

/// The id in a path. Another text is no page.
fn id(text: &str) -> Result<KeyId, Error> {
    text.parse().map_err(|_| Error::not_found("key"))
}
