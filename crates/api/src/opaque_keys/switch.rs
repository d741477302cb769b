//! Switch a key on or off.

use super::id::UuidId;
use super::view::OpaqueKeyView;
use crate::ControlPlane;
use crate::caller::{Authorize, PeopleCaller};
use crate::error::Answer;
use crate::extract::{Json, Query};
use crate::reply::{Reply, WhatomateErrorBody, WhatomateSuccess};
use crate::wait::Waiting;
use axum::extract::State;
use serde::Deserialize;
use utoipa::ToSchema;

/// What shall change.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = SwitchOpaqueKey)]
pub(crate) struct Body {
    /// The switch. Left out, nothing changes.
    is_active: Option<bool>,
}

#[utoipa::path(
    put, path = "/api/api-keys/{id}", tag = "whatomate: keys", summary = "Switch a key on or off",
    params(("id" = String, Path, description = "A UUID"), Waiting), request_body = Body,
    security(("apiKeyHeader" = []), ("jwt" = [])),
    responses(
        (status = 200, description = "The key as it is now, on every instance (without wait=none)", body = WhatomateSuccess<OpaqueKeyView>),
        (status = 400, description = "The id is no UUID, or a field is wrong", body = WhatomateErrorBody),
        (status = 401, description = "The credential is missing or bad", body = WhatomateErrorBody),
        (status = 403, description = "Another kind of credential, or the role is neither admin nor owner", body = WhatomateErrorBody),
        (status = 404, description = "No such key in this tenant", body = WhatomateErrorBody),
        (status = 413, description = "The body is over 64 KiB", body = WhatomateErrorBody),
        (status = 415, description = "The body is not JSON", body = WhatomateErrorBody),
    )
)]
pub(crate) async fn whatomate(
    State(state): State<ControlPlane>,
    caller: PeopleCaller,
    UuidId(id): UuidId,
    Query(waiting): Query<Waiting>,
    Json(body): Json<Body>,
) -> Answer<Reply> {
    let (permit, wait) = (caller.permit(None)?, waiting.wait.into());
    let (key, receipt) = state.opaque_keys.switch(&permit, id, body.is_active, wait).await?;
    Ok(Reply::whatomate(OpaqueKeyView::from(&key)).proof(&receipt))
}
