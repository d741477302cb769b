//! Replace a key by a new one.

use super::view::KeyView;
use crate::ControlPlane;
use crate::caller::{Account, Admin, Authorize};
use crate::error::Answer;
use crate::extract::{Id, OptionalJson, Query, request_name};
use crate::reply::{Data, ErrorBody, Reply};
use crate::wait::Waiting;
use axum::extract::State;
use http::{HeaderMap, StatusCode};
use serde::{Deserialize, Serialize};
use titan_core::key::Rotation;
use titan_token::KeyId;
use utoipa::ToSchema;

/// How to rotate. May be left out.
#[derive(Default, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[schema(as = RotateKey)]
pub(crate) struct Body {
    /// For how long the old key lives on: 0, if it is not given, to 604800 (7 days).
    #[serde(default)]
    #[schema(maximum = 604_800)]
    overlap_seconds: u32,
}

#[utoipa::path(
    post, path = "/admin/keys/{id}/rotate", tag = "admin: keys", summary = "Replace a key by a new one",
    params(
        ("id" = String, Path, description = "key_…"),
        ("Idempotency-Key" = Option<String>, Header, description = "The same answer for 24 hours"),
        Waiting,
    ),
    request_body = Option<Body>,
    security(("masterKey" = [])),
    responses(
        (status = 200, description = "The new key, shown this once", body = Data<KeyView>),
        (status = 202, description = "The same; the old key is perhaps not refused everywhere yet (wait=none)", body = Data<KeyView>),
        (status = 400, description = "A field is wrong", body = ErrorBody),
        (status = 401, description = "No master key", body = ErrorBody),
        (status = 403, description = "An API key is not enough", body = ErrorBody),
        (status = 404, description = "No such key", body = ErrorBody),
        (status = 409, description = "It was rotated or deleted already", body = ErrorBody),
        (status = 413, description = "The body is over 64 KiB", body = ErrorBody),
        (status = 415, description = "The body is not JSON", body = ErrorBody),
    )
)]
pub(crate) async fn admin(
    State(state): State<ControlPlane>,
    caller: Admin,
    Id(id): Id<KeyId>,
    Query(waiting): Query<Waiting>,
    headers: HeaderMap,
    OptionalJson(body): OptionalJson<Body>,
) -> Answer<Reply> {
    rotate(&state, &caller, ("admin", id), &headers, &body, &waiting).await
}

#[utoipa::path(
    post, path = "/api/account/keys/{id}/rotate", tag = "account: keys",
    summary = "Replace a key by a new one: itself, or any of the tenant",
    params(
        ("id" = String, Path, description = "key_…"),
        ("Idempotency-Key" = Option<String>, Header, description = "The same answer for 24 hours"),
        Waiting,
    ),
    request_body = Option<Body>,
    security(("apiKey" = []), ("apiKeyHeader" = [])),
    responses(
        (status = 200, description = "The new key, shown this once", body = Data<KeyView>),
        (status = 202, description = "The same; the old key is perhaps not refused everywhere yet (wait=none)", body = Data<KeyView>),
        (status = 400, description = "A field is wrong", body = ErrorBody),
        (status = 401, description = "The API key is missing or bad", body = ErrorBody),
        (status = 403, description = "Another key, and keys:manage or one of its scopes is lacking", body = ErrorBody),
        (status = 404, description = "No such key in this tenant", body = ErrorBody),
        (status = 409, description = "It was rotated or deleted already", body = ErrorBody),
        (status = 413, description = "The body is over 64 KiB", body = ErrorBody),
        (status = 415, description = "The body is not JSON", body = ErrorBody),
    )
)]
pub(crate) async fn account(
    State(state): State<ControlPlane>,
    caller: Account,
    Id(id): Id<KeyId>,
    Query(waiting): Query<Waiting>,
    headers: HeaderMap,
    OptionalJson(body): OptionalJson<Body>,
) -> Answer<Reply> {
    Ok(rotate(&state, &caller, ("account", id), &headers, &body, &waiting)
        .await?
        .with_deprecation(caller.key()))
}

async fn rotate(
    state: &ControlPlane,
    caller: &impl Authorize,
    (surface, id): (&str, KeyId),
    headers: &HeaderMap,
    body: &Body,
    waiting: &Waiting,
) -> Answer<Reply> {
    let request = request_name(headers, &format!("POST {surface} {id} rotate"), body)?;
    let rotation = Rotation { overlap_secs: body.overlap_seconds };
    let (permit, wait) = (caller.permit(Some(id))?, waiting.wait.into());
    let issued = state.keys.rotate(permit, id, rotation, request, wait).await?;
    let view = KeyView::issued(&state.keys, &issued.key, &issued.plain);
    Ok(Reply::data(StatusCode::OK, view).receipt(issued.receipt))
}
