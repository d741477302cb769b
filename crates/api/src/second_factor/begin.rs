//! Begin a second factor: get the secret for an authenticator app.

use crate::ControlPlane;
use crate::caller::{Authorize, SignedInCaller};
use crate::error::Answer;
use crate::extract::Json;
use crate::reply::{PlatformErrorBody, Reply, Success};
use axum::extract::State;
use serde::{Deserialize, Serialize};
use titan_core::user::PlainPassword;
use titan_core::wire::required;
use utoipa::ToSchema;

/// The proof of who asks.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = BeginSecondFactor)]
pub(crate) struct Body {
    /// One's password.
    #[schema(required, nullable = false)]
    password: Option<String>,
}

/// What an authenticator app needs.
#[derive(Serialize, ToSchema)]
pub(crate) struct EnrolmentView {
    /// In base32, to be typed.
    secret: String,
    /// `otpauth://totp/…`, for a QR code.
    uri: String,
}

#[utoipa::path(
    post, path = "/api/v1/auth/second-factor", tag = "platform: second factor",
    summary = "Begin a second factor. It counts once it is confirmed", request_body = Body,
    security(("jwt" = [])),
    responses(
        (status = 200, description = "For an authenticator app, shown this once", body = Success<EnrolmentView>),
        (status = 400, description = "A field is wrong, or the password is", body = PlatformErrorBody),
        (status = 401, description = "The JWT is missing or bad", body = PlatformErrorBody),
        (status = 403, description = "An API key is not enough", body = PlatformErrorBody),
        (status = 409, description = "There is one already", body = PlatformErrorBody),
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
    let enrolment = state.sessions.begin_factor(&caller.permit(None)?, password).await?;
    let (secret, uri) = (enrolment.secret.to_string(), enrolment.uri.to_string());
    Ok(Reply::success(EnrolmentView { secret, uri }))
}
