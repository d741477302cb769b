//! End a credential by showing it (RFC 7009).

use super::form::{Token, TokenForm};
use crate::ControlPlane;
use crate::caller::Visitor;
use crate::error::Answer;
use crate::reply::{OAuthErrorBody, Reply};
use axum::extract::State;
use titan_core::Error;

#[utoipa::path(
    post, path = "/oauth2/revoke", tag = "oauth2",
    summary = "End a credential by showing it (RFC 7009)",
    description = "An API key or an opaque key is revoked; of a JWT or a refresh token, the session is ended. Nothing else \
        is needed than the credential itself. What is no living credential is answered with 200, too. When it is answered, \
        no instance accepts the credential.",
    request_body(content = TokenForm, content_type = "application/x-www-form-urlencoded"),
    responses(
        (status = 200, description = "It is not accepted anywhere"),
        (status = 400, description = "There is no token, or it is a master key", body = OAuthErrorBody),
        (status = 413, description = "The body is over 64 KiB", body = OAuthErrorBody),
        (status = 415, description = "The body is no form", body = OAuthErrorBody),
    )
)]
pub(crate) async fn oauth2(
    State(state): State<ControlPlane>,
    visitor: Visitor,
    Token(token): Token,
) -> Answer<Reply> {
    if state.master.contains(&token) {
        return Err(Error::invalid("token: a master key is changed in the configuration").into());
    }
    match state.gate.held(&token).await? {
        Some(held) => Ok(Reply::ok().proof(&state.holders.end(&held, &visitor.origin).await?)),
        None => Ok(Reply::ok()),
    }
}
