//! See the signing keys.

use super::view::SigningKeyView;
use crate::ControlPlane;
use crate::caller::{Admin, Authorize};
use crate::error::Answer;
use crate::reply::{ErrorBody, List, Reply};
use axum::extract::State;
use http::StatusCode;

#[utoipa::path(
    get, path = "/admin/signing-keys", tag = "admin: signing keys", summary = "See the signing keys",
    security(("masterKey" = [])),
    responses(
        (status = 200, description = "Signing keys; the youngest that is not retired signs", body = List<SigningKeyView>),
        (status = 401, description = "No master key", body = ErrorBody),
        (status = 403, description = "An API key is not enough", body = ErrorBody),
    )
)]
pub(crate) async fn admin(State(state): State<ControlPlane>, caller: Admin) -> Answer<Reply> {
    let keys = state.signing_keys.list(&caller.permit(None)?).await?;
    let data = keys.iter().map(SigningKeyView::from).collect();
    Ok(Reply::body(StatusCode::OK, &List { data, next_cursor: None }))
}
