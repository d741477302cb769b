//! Policies: which request needs which scope, and what happens to one that somebody names.

mod decision;
mod line;
mod list;
mod page;

use crate::Shared;
use axum::Router;
use axum::routing::get;

pub(crate) fn routes() -> Router<Shared> {
    Router::new().route("/policies", get(page::show))
}
