//! Signing keys: the 16 slots, a new key, and the end of one.

mod list;
mod retire;
mod rotate;

use crate::Shared;
use axum::Router;
use axum::response::Response;
use axum::routing::get;
use titan_core::revision::Receipt;

pub(crate) fn routes() -> Router<Shared> {
    Router::new()
        .route("/signing-keys", get(list::show))
        .route("/signing-keys/rotate", get(rotate::show).post(rotate::rotate))
        .route("/signing-keys/{slot}/retire", get(retire::show).post(retire::retire))
}

/// To the page of the slots, where the receipt comes in.
fn to_list(console: &Shared, receipt: Receipt) -> Response {
    crate::receipt::follow_at(console, "/console/signing-keys", &receipt)
}
