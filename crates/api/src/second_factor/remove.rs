//! Remove one's second factor.

use crate::ControlPlane;
use crate::caller::{Authorize, SignedInCaller};
use crate::error::Answer;
use crate::extract::Json;
use crate::reply::{PlatformErrorBody, Reply};
use axum::extract::State;
use serde::Deserialize;
use titan_core::user::PlainPassword;
use titan_core::wire::required;
use utoipa::ToSchema;

/// The proof of who asks.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = RemoveSecondFactor)]
pub(crate) struct Body {
    /// One's password.
    #[schema(required, nullable = false)]
    password: Option<String>,
    /// Of the app, or a recovery code.
    code: Option<String>,
}

#[utoipa::path(
    delete, path = "/api/v1/auth/second-factor", tag = "platform: second factor",
    summary = "Remove one's second factor", request_body = Body,
    security(("jwt" = [])),
    responses(
        (status = 204, description = "It is removed, with its recovery codes"),
        (status = 400, description = "A field is wrong: the password, or the code", body = PlatformErrorBody),
        (status = 401, description = "The JWT is missing or bad", body = PlatformErrorBody),
        (status = 403, description = "An API key is not enough", body = PlatformErrorBody),
        (status = 404, description = "There is none", body = PlatformErrorBody),
        (status = 413, description = "The body is over 64 KiB", body = PlatformErrorBody),
        (status = 415, description = "The body is not JSON", body = PlatformErrorBody),
        (status = 429, description = "Too many failures: try again after Retry-After", body = PlatformErrorBody),
    )
)]
pub(crate) async fn platform(
    State(state): State<ControlPlane>,
    caller: SignedInCaller,
    Json(body): Json<Body>,
) -> Answer<Reply> {
    let password = PlainPassword::new(required("password", body.password)?)?;
    state.sessions.remove_factor(&caller.permit(None)?, password, body.code.as_deref()).await?;
    Ok(Reply::empty())
}
