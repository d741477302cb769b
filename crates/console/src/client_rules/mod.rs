//! Client rules: what the client tokens of a session may do.

mod delete;
mod edit;
mod fields;
mod place;

use crate::Shared;
use axum::Router;
use axum::routing::get;

pub(crate) fn routes() -> Router<Shared> {
    Router::new()
        .route("/client-rules", get(edit::show).post(edit::save))
        .route("/client-rules/delete", get(delete::show).post(delete::delete))
}
