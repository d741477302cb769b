//! People: who may sign in, and as what. For the holder of the master key.

mod change;
mod create;
mod list;
mod one;
mod password;
mod remove;

use crate::Shared;
use axum::Router;
use axum::routing::{get, post};
use titan_core::Error;
use titan_token::{TenantId, UserId};

pub(crate) fn routes() -> Router<Shared> {
    Router::new()
        .route("/people", get(list::show).post(create::create))
        .route("/people/new", get(create::show))
        .route("/people/{id}", get(one::show))
        .route("/people/{id}/disable", post(change::disable))
        .route("/people/{id}/enable", post(change::enable))
        .route("/people/{id}/password", get(password::show).post(password::set))
        .route("/people/{id}/members", post(change::add))
        .route("/people/{id}/members/{tenant}", post(change::set_role))
        .route("/people/{id}/members/{tenant}/remove", get(remove::show).post(remove::remove))
}

/// The id in a path. Another text is no page.
fn id(text: &str) -> Result<UserId, Error> {
    text.parse().map_err(|_| Error::not_found("user"))
}

fn path(id: UserId) -> String {
    format!("/console/people/{id}")
}

/// The number of a tenant in a path.
fn tenant(text: &str) -> Result<TenantId, Error> {
    text.parse().map(TenantId).map_err(|_| Error::not_found("tenant"))
}
