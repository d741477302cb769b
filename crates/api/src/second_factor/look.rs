//! See whether one has a second factor.

use crate::ControlPlane;
use crate::caller::{Authorize, SignedInCaller};
use crate::error::Answer;
use crate::reply::{PlatformErrorBody, Reply, Success};
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

/// The second factor of a user.
#[derive(Serialize, ToSchema)]
pub(crate) struct SecondFactorView {
    /// Whether a sign-in needs a code.
    is_on: bool,
}

#[utoipa::path(
    get, path = "/api/v1/auth/second-factor", tag = "platform: second factor",
    summary = "See whether one has a second factor",
    security(("jwt" = [])),
    responses(
        (status = 200, description = "Whether a sign-in needs a code", body = Success<SecondFactorView>),
        (status = 401, description = "The JWT is missing or bad", body = PlatformErrorBody),
        (status = 403, description = "An API key is not enough", body = PlatformErrorBody),
    )
)]
pub(crate) async fn platform(State(state): State<ControlPlane>, caller: SignedInCaller) -> Answer<Reply> {
    let is_on = state.sessions.has_factor(&caller.permit(None)?).await?;
    Ok(Reply::success(SecondFactorView { is_on }))
}
