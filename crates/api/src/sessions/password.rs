//! Set one's own password.

use crate::ControlPlane;
use crate::caller::{Authorize, SignedInCaller};
use crate::error::Answer;
use crate::extract::{Json, Query};
use crate::reply::{PlatformErrorBody, Reply};
use crate::wait::Waiting;
use axum::extract::State;
use serde::Deserialize;
use titan_core::session::NewPassword;
use titan_core::user::PlainPassword;
use titan_core::wire::required;
use utoipa::ToSchema;

/// The new password, and the proof of who sets it.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = SetOwnPassword)]
pub(crate) struct Body {
    /// The password until now.
    #[schema(required, nullable = false)]
    current_password: Option<String>,
    /// The new one: at least 15 characters, or 8 with a second factor.
    #[schema(required, nullable = false)]
    new_password: Option<String>,
    /// Of the second factor, if there is one.
    code: Option<String>,
}

#[utoipa::path(
    post, path = "/api/v1/auth/password", tag = "platform: sessions", summary = "Set one's own password",
    params(Waiting), request_body = Body,
    security(("jwt" = [])),
    responses(
        (status = 202, description = "It is committed, but perhaps not in force everywhere yet (wait=none)"),
        (status = 204, description = "All sessions have ended, this one too: sign in again"),
        (status = 400, description = "A field is wrong: the current password, the new one, or the code", body = PlatformErrorBody),
        (status = 401, description = "The JWT is missing or bad", body = PlatformErrorBody),
        (status = 403, description = "An API key is not enough", body = PlatformErrorBody),
        (status = 413, description = "The body is over 64 KiB", body = PlatformErrorBody),
        (status = 415, description = "The body is not JSON", body = PlatformErrorBody),
        (status = 429, description = "Too many failures: try again after Retry-After", body = PlatformErrorBody),
    )
)]
pub(crate) async fn platform(
    State(state): State<ControlPlane>,
    caller: SignedInCaller,
    Query(waiting): Query<Waiting>,
    Json(body): Json<Body>,
) -> Answer<Reply> {
    let password = NewPassword {
        current: PlainPassword::new(required("current_password", body.current_password)?)?,
        new: PlainPassword::new(required("new_password", body.new_password)?)?,
        code: body.code,
    };
    let permit = caller.permit(None)?;
    let receipt = state.sessions.set_own_password(&permit, password, waiting.wait.into()).await?;
    Ok(Reply::empty().receipt(Some(receipt)))
}
