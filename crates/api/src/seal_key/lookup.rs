//! See which seal key seals.

use crate::ControlPlane;
use crate::caller::{Admin, Authorize};
use crate::error::Answer;
use crate::reply::{Data, ErrorBody, Reply};
use axum::extract::State;
use http::StatusCode;
use serde::Serialize;
use titan_core::seal::{SealKeyName, SealKeyStatus};
use utoipa::ToSchema;

/// The seal keys, by their places in the configuration of the instance that answers.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct SealKeyView {
    /// Which key seals: `current` (`seal_key`) or `previous` (`seal_key_previous`)
    sealing_key: &'static str,
    /// Whether this instance has a previous key
    has_previous: bool,
    /// Whether a rotation must go on: secrets may be left under the key that sealed before
    is_unfinished: bool,
    /// Signing keys and second factors that the current key sealed
    sealed_by_current: u64,
    /// Those that the previous key sealed
    sealed_by_previous: u64,
}

impl From<SealKeyStatus> for SealKeyView {
    fn from(SealKeyStatus { state, sealed }: SealKeyStatus) -> Self {
        Self {
            sealing_key: match state.by {
                SealKeyName::Current => "current",
                SealKeyName::Previous => "previous",
            },
            has_previous: state.has_previous,
            is_unfinished: state.is_unfinished,
            sealed_by_current: sealed.current,
            sealed_by_previous: sealed.previous,
        }
    }
}

#[utoipa::path(
    get, path = "/admin/seal-key", tag = "admin: seal key", summary = "See which seal key seals",
    security(("masterKey" = [])),
    responses(
        (status = 200, description = "Which key seals, and how many secrets each one sealed", body = Data<SealKeyView>),
        (status = 401, description = "No master key", body = ErrorBody),
        (status = 403, description = "An API key is not enough", body = ErrorBody),
    )
)]
pub(crate) async fn admin(State(state): State<ControlPlane>, caller: Admin) -> Answer<Reply> {
    let status = state.seal_key.status(&caller.permit(None)?).await?;
    Ok(Reply::data(StatusCode::OK, SealKeyView::from(status)))
}
