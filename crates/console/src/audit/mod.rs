//! The audit log: who changed what, and whether the log is whole.

mod actions;
mod filter;
mod head;
mod list;
mod verify;

use crate::Shared;
use axum::Router;
use axum::routing::get;

pub(crate) fn routes() -> Router<Shared> {
    Router::new()
        .route("/audit", get(list::show))
        .route("/audit/verify", get(verify::show).post(verify::verify))
}
