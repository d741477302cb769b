//! Replace a key by a new one.

use super::view::PlatformKeyView;
use crate::ControlPlane;
use crate::caller::{Authorize, SignedInCaller};
use crate::error::Answer;
use crate::extract::{Id, OptionalJson, Query, request_name};
use crate::reply::{PlatformErrorBody, Reply, Success};
use crate::wait::Waiting;
use axum::extract::State;
use http::HeaderMap;
use serde::{Deserialize, Serialize};
use titan_core::key::Rotation;
use titan_token::KeyId;
use utoipa::ToSchema;

/// How to rotate. May be left out.
#[derive(Default, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = RotatePlatformKey)]
pub(crate) struct Body {
    /// For how long the old key lives on: 0, if it is not given, to 604800 (7 days).
    #[serde(default)]
    #[schema(maximum = 604_800)]
    overlap_seconds: u32,
}

#[utoipa::path(
    post, path = "/api/v1/api-keys/{id}/rotate", tag = "platform: keys",
    summary = "Replace a key of one's own by a new one",
    params(
        ("id" = String, Path, description = "key_…"),
        ("Idempotency-Key" = Option<String>, Header, description = "The same answer for 24 hours"),
        Waiting,
    ),
    request_body = Option<Body>,
    security(("jwt" = [])),
    responses(
        (status = 200, description = "The new key, shown this once", body = Success<PlatformKeyView>),
        (status = 202, description = "The same; the old key is perhaps not refused everywhere yet (wait=none)", body = Success<PlatformKeyView>),
        (status = 400, description = "A field is wrong", body = PlatformErrorBody),
        (status = 401, description = "The JWT is missing or bad", body = PlatformErrorBody),
        (status = 403, description = "An API key is not enough, or the role lacks one of its scopes", body = PlatformErrorBody),
        (status = 404, description = "No such key, or it is another user's", body = PlatformErrorBody),
        (status = 409, description = "It was rotated or revoked already", body = PlatformErrorBody),
        (status = 413, description = "The body is over 64 KiB", body = PlatformErrorBody),
        (status = 415, description = "The body is not JSON", body = PlatformErrorBody),
    )
)]
pub(crate) async fn platform(
    State(state): State<ControlPlane>,
    caller: SignedInCaller,
    Id(id): Id<KeyId>,
    Query(waiting): Query<Waiting>,
    headers: HeaderMap,
    OptionalJson(body): OptionalJson<Body>,
) -> Answer<Reply> {
    let request = request_name(&headers, &format!("POST /api/v1/api-keys {id} rotate"), &body)?;
    let rotation = Rotation { overlap_secs: body.overlap_seconds };
    let permit = caller.permit(None)?;
    let issued = state.keys.rotate_own(&permit, id, rotation, request, waiting.wait.into()).await?;
    let view = PlatformKeyView::issued(&state.keys, &issued.key, &issued.plain);
    Ok(Reply::success(view).receipt(issued.receipt))
}
