//! See one user.

use super::view::PersonView;
use crate::ControlPlane;
use crate::caller::{Admin, Authorize};
use crate::error::Answer;
use crate::extract::Id;
use crate::reply::{Data, ErrorBody, Reply};
use axum::extract::State;
use http::StatusCode;
use titan_token::UserId;

#[utoipa::path(
    get, path = "/admin/users/{id}", tag = "admin: users", summary = "See a user and its roles",
    params(("id" = String, Path, description = "usr_…")),
    security(("masterKey" = [])),
    responses(
        (status = 200, description = "The user", body = Data<PersonView>),
        (status = 401, description = "No master key", body = ErrorBody),
        (status = 403, description = "An API key is not enough", body = ErrorBody),
        (status = 404, description = "No such user", body = ErrorBody),
    )
)]
pub(crate) async fn admin(
    State(state): State<ControlPlane>,
    caller: Admin,
    Id(id): Id<UserId>,
) -> Answer<Reply> {
    let person = state.users.lookup(&caller.permit(None)?, id).await?;
    Ok(Reply::data(StatusCode::OK, PersonView::from(&person)))
}
