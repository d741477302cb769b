//! Members: the people of the tenant in which a user has signed in, and who is invited to it.

mod change;
mod invite;
mod list;
mod remove;
mod withdraw;

use crate::Shared;
use crate::layout::Section;
use axum::Router;
use axum::routing::{get, post};
use titan_core::Error;
use titan_token::UserId;

pub(crate) fn routes() -> Router<Shared> {
    Router::new()
        .route("/members", get(list::show))
        .route("/members/invitations", post(invite::invite))
        .route("/members/invitations/{id}/withdraw", post(withdraw::withdraw))
        .route("/members/{user}", post(change::set_role))
        .route("/members/{user}/remove", get(remove::show).post(remove::remove))
}

/// Where they are listed.
const PATH: &str = Section::Members.path();

/// The id in a path. Another text is no page.
fn id(text: &str) -> Result<UserId, Error> {
    text.parse().map_err(|_| Error::not_found("member"))
}
