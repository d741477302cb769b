//! Sign with a new key from now on.

use super::view::SigningKeyView;
use crate::ControlPlane;
use crate::caller::{Admin, Authorize};
use crate::error::Answer;
use crate::extract::Query;
use crate::reply::{Data, ErrorBody, Reply};
use crate::wait::Waiting;
use axum::extract::State;
use http::StatusCode;

#[utoipa::path(
    post, path = "/admin/signing-keys", tag = "admin: signing keys",
    summary = "Sign with a new key from now on; the older ones go on verifying",
    params(Waiting),
    security(("masterKey" = [])),
    responses(
        (status = 201, description = "The new signing key", body = Data<SigningKeyView>),
        (status = 202, description = "The same, perhaps not in force everywhere yet (wait=none)", body = Data<SigningKeyView>),
        (status = 400, description = "A parameter is wrong", body = ErrorBody),
        (status = 401, description = "No master key", body = ErrorBody),
        (status = 403, description = "An API key is not enough", body = ErrorBody),
        (status = 409, description = "All 16 slots are in use", body = ErrorBody),
    )
)]
pub(crate) async fn admin(
    State(state): State<ControlPlane>,
    caller: Admin,
    Query(waiting): Query<Waiting>,
) -> Answer<Reply> {
    let (key, receipt) = state.signing_keys.rotate(&caller.permit(None)?, waiting.wait.into()).await?;
    Ok(Reply::data(StatusCode::CREATED, SigningKeyView::from(&key)).receipt(Some(receipt)))
}
