//! Settings that an operator changes while Titan runs.

mod change;
mod debug;
mod show;

use crate::Shared;
use axum::Router;
use axum::response::Response;
use axum::routing::{get, post};
use titan_core::revision::Receipt;

pub(crate) fn routes() -> Router<Shared> {
    Router::new()
        .route("/settings", get(show::show).post(change::change))
        .route("/settings/debug", post(debug::set))
}

/// To the page of the settings, where the receipt comes in.
fn to_settings(console: &Shared, receipt: Receipt) -> Response {
    crate::receipt::follow_at(console, "/console/settings", &receipt)
}
