//! Confirm a second factor with a code of the app.

use crate::ControlPlane;
use crate::caller::{Authorize, SignedInCaller};
use crate::error::Answer;
use crate::extract::Json;
use crate::reply::{PlatformErrorBody, Reply, Success};
use axum::extract::State;
use serde::{Deserialize, Serialize};
use titan_core::wire::required;
use utoipa::ToSchema;

/// The code.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = ConfirmSecondFactor)]
pub(crate) struct Body {
    /// Six digits.
    #[schema(required, nullable = false)]
    code: Option<String>,
}

/// For who loses the app.
#[derive(Serialize, ToSchema)]
pub(crate) struct RecoveryView {
    /// Each is good once, in place of a code of the app.
    recovery_codes: Vec<String>,
}

#[utoipa::path(
    post, path = "/api/v1/auth/second-factor/confirm", tag = "platform: second factor",
    summary = "Confirm a second factor. From now on, a sign-in needs a code", request_body = Body,
    security(("jwt" = [])),
    responses(
        (status = 200, description = "Ten recovery codes, shown this once", body = Success<RecoveryView>),
        (status = 400, description = "A field is wrong, or the code is", body = PlatformErrorBody),
        (status = 401, description = "The JWT is missing or bad", body = PlatformErrorBody),
        (status = 403, description = "An API key is not enough", body = PlatformErrorBody),
        (status = 409, description = "There is none to confirm", body = PlatformErrorBody),
        (status = 413, description = "The body is over 64 KiB", body = PlatformErrorBody),
        (status = 415, description = "The body is not JSON", body = PlatformErrorBody),
    )
)]
pub(crate) async fn platform(
    State(state): State<ControlPlane>,
    caller: SignedInCaller,
    Json(body): Json<Body>,
) -> Answer<Reply> {
    let code = required("code", body.code)?;
    let codes = state.sessions.confirm_factor(&caller.permit(None)?, &code).await?;
    let recovery_codes = codes.iter().map(|code| code.expose().to_string()).collect();
    Ok(Reply::success(RecoveryView { recovery_codes }))
}
