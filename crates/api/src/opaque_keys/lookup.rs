//! See one key.

use super::id::UuidId;
use super::view::OpaqueKeyView;
use crate::ControlPlane;
use crate::caller::{Authorize, PeopleCaller};
use crate::error::Answer;
use crate::reply::{Reply, WhatomateErrorBody, WhatomateSuccess};
use axum::extract::State;

#[utoipa::path(
    get, path = "/api/api-keys/{id}", tag = "whatomate: keys", summary = "See one key",
    params(("id" = String, Path, description = "A UUID")),
    security(("apiKeyHeader" = []), ("jwt" = [])),
    responses(
        (status = 200, description = "The key", body = WhatomateSuccess<OpaqueKeyView>),
        (status = 400, description = "The id is no UUID", body = WhatomateErrorBody),
        (status = 401, description = "The credential is missing or bad", body = WhatomateErrorBody),
        (status = 403, description = "Another kind of credential, or the role is neither admin nor owner", body = WhatomateErrorBody),
        (status = 404, description = "No such key in this tenant", body = WhatomateErrorBody),
    )
)]
pub(crate) async fn whatomate(
    State(state): State<ControlPlane>,
    caller: PeopleCaller,
    UuidId(id): UuidId,
) -> Answer<Reply> {
    let key = state.opaque_keys.lookup(&caller.permit(None)?, id).await?;
    Ok(Reply::whatomate(OpaqueKeyView::from(&key)))
}
