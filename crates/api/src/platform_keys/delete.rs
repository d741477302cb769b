//! Revoke a key for good.

use crate::ControlPlane;
use crate::caller::{Authorize, SignedInCaller};
use crate::error::Answer;
use crate::extract::{Id, Query};
use crate::reply::{PlatformErrorBody, Reply};
use crate::wait::Waiting;
use axum::extract::State;
use titan_token::KeyId;

#[utoipa::path(
    delete, path = "/api/v1/api-keys/{id}", tag = "platform: keys",
    summary = "Revoke a key for good: one's own, or as an admin or owner that of another member",
    params(("id" = String, Path, description = "key_…"), Waiting),
    security(("jwt" = [])),
    responses(
        (status = 202, description = "It is committed, but perhaps not in force everywhere yet (wait=none)"),
        (status = 204, description = "No instance accepts it any more"),
        (status = 400, description = "A parameter is wrong", body = PlatformErrorBody),
        (status = 401, description = "The JWT is missing or bad", body = PlatformErrorBody),
        (status = 403, description = "An API key is not enough", body = PlatformErrorBody),
        (status = 404, description = "No such key, or it is another user's", body = PlatformErrorBody),
    )
)]
pub(crate) async fn platform(
    State(state): State<ControlPlane>,
    caller: SignedInCaller,
    Id(id): Id<KeyId>,
    Query(waiting): Query<Waiting>,
) -> Answer<Reply> {
    let receipt = state.keys.delete_own(&caller.permit(None)?, id, waiting.wait.into()).await?;
    Ok(Reply::empty().receipt(Some(receipt)))
}
