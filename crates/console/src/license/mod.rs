//! The license, and the sessions that it counts.

mod facts;
mod release;
mod show;

use crate::Shared;
use axum::Router;
use axum::routing::{get, post};

pub(crate) fn routes() -> Router<Shared> {
    Router::new().route("/license", get(show::show)).route("/license/release", post(release::release))
}
