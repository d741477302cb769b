//! Seal with the current key from now on.

use crate::ControlPlane;
use crate::caller::{Admin, Authorize};
use crate::error::Answer;
use crate::reply::{Data, ErrorBody, Reply};
use axum::extract::State;
use http::StatusCode;
use serde::Serialize;
use titan_core::seal::Resealed;
use utoipa::ToSchema;

/// What was sealed anew. Nothing is left under the previous key.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct ResealedView {
    /// Signing keys
    signing_keys: u64,
    /// Second factors of users
    second_factors: u64,
}

impl From<Resealed> for ResealedView {
    fn from(resealed: Resealed) -> Self {
        Self { signing_keys: resealed.signing_keys, second_factors: resealed.second_factors }
    }
}

#[utoipa::path(
    post, path = "/admin/seal-key/rotate", tag = "admin: seal key",
    summary = "Seal with the current seal key from now on, and seal anew what the previous one sealed",
    security(("masterKey" = [])),
    responses(
        (status = 200, description = "The previous key is not needed any more", body = Data<ResealedView>),
        (status = 401, description = "No master key", body = ErrorBody),
        (status = 403, description = "An API key is not enough", body = ErrorBody),
        (status = 409, description = "There is no previous key, or an instance does not know the new one", body = ErrorBody),
    )
)]
pub(crate) async fn admin(State(state): State<ControlPlane>, caller: Admin) -> Answer<Reply> {
    let resealed = state.seal_key.rotate(&caller.permit(None)?).await?;
    Ok(Reply::data(StatusCode::OK, ResealedView::from(resealed)))
}
