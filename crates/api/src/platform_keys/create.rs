//! Make a key.

use super::view::PlatformKeyView;
use crate::ControlPlane;
use crate::caller::{Authorize, SignedInCaller};
use crate::error::Answer;
use crate::extract::{Json, request_name};
use crate::reply::{PlatformErrorBody, Reply};
use axum::extract::State;
use http::{HeaderMap, StatusCode};
use serde::{Deserialize, Serialize};
use titan_core::Error;
use titan_core::key::{Environment, NewOwnKey};
use titan_core::wire::required;
use utoipa::ToSchema;

/// What the new key shall be.
#[derive(Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = CreatePlatformKey)]
pub(crate) struct Body {
    /// 1 to 100 characters.
    #[schema(required, nullable = false)]
    name: Option<String>,
    /// Names of the catalogue, at least one; only such as the user's role holds.
    #[schema(required, nullable = false)]
    scopes: Option<Vec<String>>,
    /// 1 to the configured maximum, which it is if it is not given.
    #[schema(minimum = 1)]
    expires_in_days: Option<i64>,
    /// `live`, if it is not given, or `test`: the key's prefix says it.
    #[schema(pattern = "^(live|test)$")]
    environment: Option<String>,
}

#[utoipa::path(
    post, path = "/api/v1/api-keys", tag = "platform: keys", summary = "Make a key", request_body = Body,
    params(("Idempotency-Key" = Option<String>, Header, description = "The same answer for 24 hours")),
    security(("jwt" = [])),
    responses(
        (status = 201, description = "The key, shown this once", body = PlatformKeyView),
        (status = 400, description = "A field is wrong", body = PlatformErrorBody),
        (status = 401, description = "The JWT is missing or bad", body = PlatformErrorBody),
        (status = 403, description = "An API key is not enough, or the role lacks a scope", body = PlatformErrorBody),
        (status = 409, description = "The Idempotency-Key was used for another request, or there are too many keys", body = PlatformErrorBody),
        (status = 413, description = "The body is over 64 KiB", body = PlatformErrorBody),
        (status = 415, description = "The body is not JSON", body = PlatformErrorBody),
    )
)]
pub(crate) async fn platform(
    State(state): State<ControlPlane>,
    caller: SignedInCaller,
    headers: HeaderMap,
    Json(body): Json<Body>,
) -> Answer<Reply> {
    let request = request_name(&headers, "POST /api/v1/api-keys", &body)?;
    let new = NewOwnKey {
        name: required("name", body.name)?,
        scopes: required("scopes", body.scopes)?,
        lifetime_days: body.expires_in_days,
        environment: environment(body.environment.as_deref())?,
    };
    let issued = state.keys.create_own(&caller.permit(None)?, new, request).await?;
    // The page prints it without an envelope.
    let view = PlatformKeyView::issued(&state.keys, &issued.key, &issued.plain);
    Ok(Reply::body(StatusCode::CREATED, &view))
}

fn environment(text: Option<&str>) -> Result<Environment, Error> {
    match text {
        None | Some("live") => Ok(Environment::Live),
        Some("test") => Ok(Environment::Test),
        Some(_) => Err(Error::invalid("environment: must be live or test")),
    }
}
