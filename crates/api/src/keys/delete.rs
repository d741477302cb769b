//! Revoke a key for good.

use super::update::Reaching;
use crate::ControlPlane;
use crate::caller::{Account, Admin, Authorize};
use crate::error::Answer;
use crate::extract::{Id, Query};
use crate::reply::{ErrorBody, Reply};
use axum::extract::State;
use titan_token::KeyId;

#[utoipa::path(
    delete, path = "/admin/keys/{id}", tag = "admin: keys", summary = "Revoke a key for good",
    params(("id" = String, Path, description = "key_…"), Reaching),
    security(("masterKey" = [])),
    responses(
        (status = 202, description = "It is committed, but perhaps not in force everywhere yet (wait=none)"),
        (status = 204, description = "No instance accepts it any more"),
        (status = 400, description = "A parameter is wrong", body = ErrorBody),
        (status = 401, description = "No master key", body = ErrorBody),
        (status = 403, description = "An API key is not enough", body = ErrorBody),
        (status = 404, description = "No such key", body = ErrorBody),
    )
)]
pub(crate) async fn admin(
    State(state): State<ControlPlane>,
    caller: Admin,
    Id(id): Id<KeyId>,
    Query(reaching): Query<Reaching>,
) -> Answer<Reply> {
    delete(&state, &caller, id, &reaching).await
}

#[utoipa::path(
    delete, path = "/api/account/keys/{id}", tag = "account: keys", summary = "Revoke a key of the tenant for good",
    params(("id" = String, Path, description = "key_…"), Reaching),
    security(("apiKey" = ["keys:manage"]), ("apiKeyHeader" = ["keys:manage"])),
    responses(
        (status = 202, description = "It is committed, but perhaps not in force everywhere yet (wait=none)"),
        (status = 204, description = "No instance accepts it any more"),
        (status = 400, description = "A parameter is wrong", body = ErrorBody),
        (status = 401, description = "The API key is missing or bad", body = ErrorBody),
        (status = 403, description = "keys:manage is lacking", body = ErrorBody),
        (status = 404, description = "No such key in this tenant", body = ErrorBody),
    )
)]
pub(crate) async fn account(
    State(state): State<ControlPlane>,
    caller: Account,
    Id(id): Id<KeyId>,
    Query(reaching): Query<Reaching>,
) -> Answer<Reply> {
    Ok(delete(&state, &caller, id, &reaching).await?.with_deprecation(caller.key()))
}

async fn delete(
    state: &ControlPlane,
    caller: &impl Authorize,
    id: KeyId,
    reaching: &Reaching,
) -> Answer<Reply> {
    let (permit, wait) = (caller.permit(Some(id))?, reaching.wait.into());
    let receipt = state.keys.delete(&permit, id, reaching.descendants, wait).await?;
    Ok(Reply::empty().receipt(Some(receipt)))
}
