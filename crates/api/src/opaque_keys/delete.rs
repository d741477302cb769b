//! Delete a key for good.

use super::id::UuidId;
use crate::ControlPlane;
use crate::caller::{Authorize, PeopleCaller};
use crate::error::Answer;
use crate::extract::Query;
use crate::reply::{Reply, WhatomateErrorBody, WhatomateSuccess};
use crate::wait::Waiting;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

/// What was done.
#[derive(Serialize, ToSchema)]
pub(crate) struct DeletedView {
    message: &'static str,
}

#[utoipa::path(
    delete, path = "/api/api-keys/{id}", tag = "whatomate: keys", summary = "Delete a key for good",
    params(("id" = String, Path, description = "A UUID"), Waiting),
    security(("apiKeyHeader" = []), ("jwt" = [])),
    responses(
        (status = 200, description = "No instance accepts it any more (without wait=none)", body = WhatomateSuccess<DeletedView>),
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
    Query(waiting): Query<Waiting>,
) -> Answer<Reply> {
    let receipt = state.opaque_keys.delete(&caller.permit(None)?, id, waiting.wait.into()).await?;
    Ok(Reply::whatomate(DeletedView { message: "API key deleted successfully" }).proof(&receipt))
}
