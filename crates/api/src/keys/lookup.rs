//! See one key.

use super::view::KeyView;
use crate::ControlPlane;
use crate::caller::{Account, Admin, Authorize};
use crate::error::Answer;
use crate::extract::Id;
use crate::reply::{Data, ErrorBody, Reply};
use axum::extract::State;
use http::StatusCode;
use titan_token::KeyId;

#[utoipa::path(
    get, path = "/admin/keys/{id}", tag = "admin: keys", summary = "See a key",
    params(("id" = String, Path, description = "key_…")),
    security(("masterKey" = [])),
    responses(
        (status = 200, description = "The key", body = Data<KeyView>),
        (status = 401, description = "No master key", body = ErrorBody),
        (status = 403, description = "An API key is not enough", body = ErrorBody),
        (status = 404, description = "No such key", body = ErrorBody),
    )
)]
pub(crate) async fn admin(
    State(state): State<ControlPlane>,
    caller: Admin,
    Id(id): Id<KeyId>,
) -> Answer<Reply> {
    lookup(&state, &caller, id).await
}

#[utoipa::path(
    get, path = "/api/account/keys/{id}", tag = "account: keys", summary = "See a key: itself, or any of the tenant",
    params(("id" = String, Path, description = "key_…")),
    security(("apiKey" = []), ("apiKeyHeader" = [])),
    responses(
        (status = 200, description = "The key", body = Data<KeyView>),
        (status = 401, description = "The API key is missing or bad", body = ErrorBody),
        (status = 403, description = "Another key, and keys:manage is lacking", body = ErrorBody),
        (status = 404, description = "No such key in this tenant", body = ErrorBody),
    )
)]
pub(crate) async fn account(
    State(state): State<ControlPlane>,
    caller: Account,
    Id(id): Id<KeyId>,
) -> Answer<Reply> {
    Ok(lookup(&state, &caller, id).await?.with_deprecation(caller.key()))
}

async fn lookup(state: &ControlPlane, caller: &impl Authorize, id: KeyId) -> Answer<Reply> {
    let key = state.keys.lookup(&caller.permit(Some(id))?, id).await?;
    Ok(Reply::data(StatusCode::OK, KeyView::new(&state.keys, &key)))
}
