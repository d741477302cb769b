//! Revoke a token before it expires.

use crate::ControlPlane;
use crate::caller::{Account, Authorize};
use crate::error::Answer;
use crate::extract::{Id, Query};
use crate::reply::{ErrorBody, Reply};
use crate::wait::Waiting;
use axum::extract::State;

#[utoipa::path(
    delete, path = "/api/client-tokens/{jti}", tag = "client tokens",
    summary = "Revoke a client token of this tenant before it expires",
    params(("jti" = String, Path, description = "The id of the token: `id` of the answer that had it"), Waiting),
    security(("apiKey" = ["sessions:manage"]), ("apiKeyHeader" = ["sessions:manage"])),
    responses(
        (status = 204, description = "No instance accepts it any more"),
        (status = 202, description = "The same, perhaps not in force everywhere yet (wait=none)"),
        (status = 400, description = "The query is wrong", body = ErrorBody),
        (status = 401, description = "The API key is missing or bad", body = ErrorBody),
        (status = 403, description = "The API key lacks sessions:manage", body = ErrorBody),
        (status = 404, description = "No id of a token, or of one that expired long ago", body = ErrorBody),
    )
)]
pub(super) async fn account(
    State(state): State<ControlPlane>,
    caller: Account,
    Id(id): Id<titan_token::ClientTokenId>,
    Query(query): Query<Waiting>,
) -> Answer<Reply> {
    let receipt = state.client_tokens.revoke(&caller.permit(None)?, id, query.wait.into()).await?;
    Ok(Reply::empty().receipt(Some(receipt)).with_deprecation(caller.key()))
}
