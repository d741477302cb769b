//! Permanently revoke all keys that a key created.

use crate::ControlPlane;
use crate::caller::{Account, Admin, Authorize};
use crate::error::Answer;
use crate::extract::Query;
use crate::reply::{Data, ErrorBody, Reply};
use crate::wait::WaitUntil;
use axum::extract::State;
use http::StatusCode;
use serde::{Deserialize, Serialize};
use titan_core::Error;
use titan_core::access::{DeleteKey, Permit};
use titan_token::KeyId;
use utoipa::{IntoParams, ToSchema};

/// The creator of the keys.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[into_params(parameter_in = Query)]
pub(crate) struct MadeBy {
    /// The key that created the keys. It does not change itself.
    #[param(required, nullable = false, pattern = "^key_[0-7][0-9a-hjkmnp-tv-z]{25}$")]
    created_by: Option<String>,
    /// Also the descendants of these keys, as in a deletion with `descendants`.
    #[serde(default)]
    descendants: bool,
    /// Until when the answer waits.
    #[serde(default)]
    #[param(inline)]
    wait: WaitUntil,
}

/// The result.
#[derive(Serialize, ToSchema)]
pub(crate) struct RevokedView {
    /// The number of keys that were revoked.
    revoked: usize,
}

#[utoipa::path(
    delete, path = "/admin/keys", tag = "admin: keys", summary = "Permanently revoke all keys that a key created",
    params(MadeBy),
    security(("masterKey" = [])),
    responses(
        (status = 200, description = "No instance accepts them any more", body = Data<RevokedView>),
        (status = 202, description = "The same, perhaps not in force everywhere yet (wait=none)", body = Data<RevokedView>),
        (status = 400, description = "A parameter is wrong, or createdBy is missing", body = ErrorBody),
        (status = 401, description = "No master key", body = ErrorBody),
        (status = 403, description = "An API key is not enough", body = ErrorBody),
    )
)]
pub(crate) async fn admin(
    State(state): State<ControlPlane>,
    caller: Admin,
    Query(made_by): Query<MadeBy>,
) -> Answer<Reply> {
    delete(&state, &caller.permit(None)?, &made_by).await
}

#[utoipa::path(
    delete, path = "/api/account/keys", tag = "account: keys",
    summary = "Permanently revoke all keys of the tenant that a key created", params(MadeBy),
    security(("apiKey" = ["keys:manage"]), ("apiKeyHeader" = ["keys:manage"])),
    responses(
        (status = 200, description = "No instance accepts them any more", body = Data<RevokedView>),
        (status = 202, description = "The same, perhaps not in force everywhere yet (wait=none)", body = Data<RevokedView>),
        (status = 400, description = "A parameter is wrong, or createdBy is missing", body = ErrorBody),
        (status = 401, description = "The API key is missing or bad", body = ErrorBody),
        (status = 403, description = "The API key lacks keys:manage", body = ErrorBody),
    )
)]
pub(crate) async fn account(
    State(state): State<ControlPlane>,
    caller: Account,
    Query(made_by): Query<MadeBy>,
) -> Answer<Reply> {
    Ok(delete(&state, &caller.permit(None)?, &made_by).await?.with_deprecation(caller.key()))
}

async fn delete(state: &ControlPlane, permit: &Permit<DeleteKey>, made_by: &MadeBy) -> Answer<Reply> {
    let revoked = state
        .keys
        .delete_made_by(permit, made_by.creator()?, made_by.descendants, made_by.wait.into())
        .await?;
    let reply = Reply::data(StatusCode::OK, RevokedView { revoked: revoked.count });
    Ok(reply.receipt(Some(revoked.receipt)))
}

impl MadeBy {
    /// A request without a creator must never mean all keys.
    fn creator(&self) -> Result<KeyId, Error> {
        let id = self.created_by.as_deref().and_then(|text| text.parse().ok());
        id.ok_or_else(|| Error::invalid("createdBy: must be the id of a key (key_…)"))
    }
}
