//! New tokens for a refresh token.

use super::view::Tokens;
use crate::ControlPlane;
use crate::caller::Visitor;
use crate::error::Answer;
use crate::extract::Json;
use crate::reply::{PlatformErrorBody, Reply, Success};
use axum::extract::State;
use serde::Deserialize;
use titan_core::Error;
use titan_core::error::Code;
use titan_core::wire::required;
use titan_token::UntrustedRefresh;
use utoipa::ToSchema;

/// The token.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Refresh)]
pub(crate) struct Body {
    /// Of the last answer to login or refresh. It is good once: using it again ends the session.
    #[schema(required, nullable = false)]
    refresh_token: Option<String>,
}

#[utoipa::path(
    post, path = "/api/v1/auth/refresh", tag = "platform: sessions", summary = "Get new tokens",
    request_body = Body,
    responses(
        (status = 200, description = "New tokens of the same session", body = Success<Tokens>),
        (status = 400, description = "A field is wrong", body = PlatformErrorBody),
        (status = 401, description = "The token is bad or used, or the session has ended", body = PlatformErrorBody),
        (status = 413, description = "The body is over 64 KiB", body = PlatformErrorBody),
        (status = 415, description = "The body is not JSON", body = PlatformErrorBody),
    )
)]
pub(crate) async fn platform(
    State(state): State<ControlPlane>,
    visitor: Visitor,
    Json(body): Json<Body>,
) -> Answer<Reply> {
    let token = required("refresh_token", body.refresh_token)?;
    let token = UntrustedRefresh::parse(&token).ok().filter(|token| state.gate.knows_refresh(token));
    let token = token.ok_or_else(|| Error::new(Code::InvalidToken, "invalid refresh token"))?;
    let signed_in = state.sessions.refresh(&token, &visitor.origin).await?;
    Ok(Reply::success(Tokens::new(&state, &signed_in)))
}
