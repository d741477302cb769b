//! Mint a token for a page.

use super::session_name;
use crate::ControlPlane;
use crate::caller::{Account, Authorize};
use crate::error::Answer;
use crate::extract::Json;
use crate::reply::{Data, ErrorBody, Reply};
use axum::extract::State;
use http::StatusCode;
use serde::{Deserialize, Serialize};
use titan_core::client_token::NewClientToken;
use titan_core::wire::required;
use utoipa::ToSchema;

/// For whom, and for how long.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[schema(as = MintClientToken)]
pub(super) struct Body {
    /// The only session that the token reaches.
    #[schema(required, nullable = false)]
    session: Option<String>,
    /// The person, under a name of yours: 1 to 128 visible ASCII characters. Limits count by it.
    #[schema(required, nullable = false)]
    ephemeral_id: Option<String>,
    /// With whom the person talks; required if `recipientMode` is `conversation`.
    chat_id: Option<String>,
    /// How long it lives, in seconds: 60 to 3,600; 900 if it is not given.
    #[schema(value_type = Option<i64>, minimum = 60, maximum = 3600)]
    ttl_seconds: Option<u32>,
}

/// The token, shown this once.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ClientToken)]
pub(super) struct MintedView {
    /// Its text: for the page alone.
    token: String,
    /// When it expires. It cannot be refreshed: mint another one.
    expires_at: String,
    /// Its id, with which it can be revoked.
    id: String,
}

#[utoipa::path(
    post, path = "/api/client-tokens", tag = "client tokens",
    summary = "Mint a token for a page in a browser. It carries no authority: the rules of its session decide",
    request_body = Body,
    security(("apiKey" = ["sessions:manage"]), ("apiKeyHeader" = ["sessions:manage"])),
    responses(
        (status = 201, description = "The token, shown this once", body = Data<MintedView>),
        (status = 400, description = "A field is wrong", body = ErrorBody),
        (status = 401, description = "The API key is missing or bad", body = ErrorBody),
        (status = 403, description = "The API key lacks sessions:manage", body = ErrorBody),
        (status = 404, description = "The session has no rules in this tenant", body = ErrorBody),
        (status = 413, description = "The body is over 64 KiB", body = ErrorBody),
        (status = 415, description = "The body is not JSON", body = ErrorBody),
    )
)]
pub(super) async fn account(
    State(state): State<ControlPlane>,
    caller: Account,
    Json(body): Json<Body>,
) -> Answer<Reply> {
    let permit = caller.permit(None)?;
    let new = NewClientToken {
        session: session_name(&required("session", body.session)?)?,
        ephemeral_id: required("ephemeralId", body.ephemeral_id)?,
        chat_id: body.chat_id,
        ttl_seconds: body.ttl_seconds,
    };
    let minted = state.client_tokens.mint(&permit, new).await?;
    let view = MintedView {
        token: minted.token.expose().to_owned(),
        expires_at: minted.expires_at.to_string(),
        id: minted.id.to_string(),
    };
    Ok(Reply::data(StatusCode::CREATED, view).with_deprecation(caller.key()))
}
