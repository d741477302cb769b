//! One's own account: sessions, password, second factor. For a user who has signed in.

mod factor;
mod factor_off;
mod page;
mod password;
mod sessions;

use crate::Shared;
use crate::layout::Section;
use axum::Router;
use axum::routing::{get, post};

pub(crate) fn routes() -> Router<Shared> {
    Router::new()
        .route("/account", get(page::show))
        .route("/account/password", post(password::set))
        .route("/account/sessions/end-others", post(sessions::end_others))
        .route("/account/sessions/{id}/end", post(sessions::end))
        .route("/account/second-factor", get(factor::show).post(factor::begin))
        .route("/account/second-factor/confirm", get(factor::show_confirm).post(factor::confirm))
        .route("/account/second-factor/remove", get(factor_off::show).post(factor_off::remove))
}

/// Its first page.
const PATH: &str = Section::Account.path();
