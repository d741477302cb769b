//! See one key.

use super::view::PlatformKeyView;
use crate::ControlPlane;
use crate::caller::{Authorize, SignedInCaller};
use crate::error::Answer;
use crate::extract::Id;
use crate::reply::{PlatformErrorBody, Reply, Success};
use axum::extract::State;
use titan_token::KeyId;

#[utoipa::path(
    get, path = "/api/v1/api-keys/{id}", tag = "platform: keys", summary = "See one key",
    params(("id" = String, Path, description = "key_…")),
    security(("jwt" = [])),
    responses(
        (status = 200, description = "The key", body = Success<PlatformKeyView>),
        (status = 401, description = "The JWT is missing or bad", body = PlatformErrorBody),
        (status = 403, description = "An API key is not enough", body = PlatformErrorBody),
        (status = 404, description = "No such key, or it is another user's", body = PlatformErrorBody),
    )
)]
pub(crate) async fn platform(
    State(state): State<ControlPlane>,
    caller: SignedInCaller,
    Id(id): Id<KeyId>,
) -> Answer<Reply> {
    let key = state.keys.lookup_own(&caller.permit(None)?, id).await?;
    Ok(Reply::success(PlatformKeyView::new(&state.keys, &key)))
}
