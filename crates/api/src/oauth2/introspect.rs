//! What a credential is (RFC 7662).

use super::form::{Token, TokenForm};
use crate::ControlPlane;
use crate::caller::{Authorize, KeyOrMaster};
use crate::error::Answer;
use crate::reply::{OAuthErrorBody, Reply};
use axum::extract::State;
use http::StatusCode;
use serde::Serialize;
use titan_core::access::{Catalogue, Denial, Permit, Principal, VerifyKeys};
use titan_core::time::Timestamp;
use titan_token::KeyId;
use utoipa::ToSchema;

/// What is told of a credential (RFC 7662, 2.2). Of one that is not good, or not of the caller's tenant: only `active`.
#[derive(Default, Serialize, ToSchema)]
#[schema(as = Introspection)]
pub(crate) struct View {
    /// Whether it is good now.
    active: bool,
    /// Its scopes, with spaces between.
    #[serde(skip_serializing_if = "Option::is_none")]
    scope: Option<String>,
    /// Of a key: its id.
    #[serde(skip_serializing_if = "Option::is_none")]
    client_id: Option<String>,
    /// Always `Bearer`.
    #[serde(skip_serializing_if = "Option::is_none")]
    token_type: Option<&'static str>,
    /// When it expires: seconds since 1970. Without it: never.
    #[serde(skip_serializing_if = "Option::is_none")]
    exp: Option<i64>,
    /// When it was issued: seconds since 1970.
    #[serde(skip_serializing_if = "Option::is_none")]
    iat: Option<i64>,
    /// Who acts with it: the id of the user; of an API key, its own id.
    #[serde(skip_serializing_if = "Option::is_none")]
    sub: Option<String>,
    /// Of a JWT: for whom it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    aud: Option<String>,
    /// Of a JWT: who issued it.
    #[serde(skip_serializing_if = "Option::is_none")]
    iss: Option<String>,
    /// Its id.
    #[serde(skip_serializing_if = "Option::is_none")]
    jti: Option<String>,
    /// The number of its tenant.
    #[serde(skip_serializing_if = "Option::is_none")]
    tenant: Option<u32>,
    /// Of a JWT: the session.
    #[serde(skip_serializing_if = "Option::is_none")]
    sid: Option<String>,
}

#[utoipa::path(
    post, path = "/oauth2/introspect", tag = "oauth2", summary = "Ask what a credential is (RFC 7662)",
    request_body(content = TokenForm, content_type = "application/x-www-form-urlencoded"),
    security(("masterKey" = []), ("apiKey" = ["keys:verify"]), ("apiKeyHeader" = ["keys:verify"])),
    responses(
        (status = 200, description = "What it is, or that it is not good", body = View),
        (status = 400, description = "There is no token", body = OAuthErrorBody),
        (status = 401, description = "The caller's credential is missing or bad", body = OAuthErrorBody),
        (status = 403, description = "The API key lacks keys:verify", body = OAuthErrorBody),
        (status = 413, description = "The body is over 64 KiB", body = OAuthErrorBody),
        (status = 415, description = "The body is no form", body = OAuthErrorBody),
    )
)]
pub(crate) async fn oauth2(
    State(state): State<ControlPlane>,
    caller: KeyOrMaster,
    Token(token): Token,
) -> Answer<Reply> {
    let permit: Permit<VerifyKeys> = caller.permit(None)?;
    let view = match state.gate.authenticate(&token).await {
        Ok(principal) if permit.reach().includes_tenant(principal.tenant()) => {
            View::of(&principal, &state.catalogue)
        }
        Err(denial @ Denial::Unknown) => return Err(denial.into()),
        // A client token too: what it may do depends on the whole request.
        Ok(_) | Err(_) => View::default(),
    };
    Ok(Reply::body(StatusCode::OK, &view))
}

impl View {
    fn of(principal: &Principal, catalogue: &Catalogue) -> Self {
        let names: Vec<String> = principal.scopes().iter().map(|bit| catalogue.name(bit)).collect();
        let view = Self {
            active: true,
            scope: Some(names.join(" ")),
            token_type: Some("Bearer"),
            tenant: Some(principal.tenant().0),
            ..Self::default()
        };
        match principal {
            Principal::Client(_) => Self::default(),
            Principal::Key(key) => Self {
                sub: Some(key.id().to_string()),
                exp: Some(key.expires_at().secs()),
                ..view.of_key(key.id())
            },
            Principal::Opaque(key) => Self {
                sub: Some(key.owner().to_string()),
                exp: key.proof().status.expires_at.map(Timestamp::secs),
                ..view.of_key(key.id())
            },
            Principal::User(user) => {
                let claims = user.proof().claims();
                Self {
                    sub: Some(user.id().to_string()),
                    aud: Some(claims.audience.to_string()),
                    iss: Some(claims.issuer.to_string()),
                    exp: Some(claims.expires_at.into()),
                    iat: Some(claims.issued_at.into()),
                    jti: Some(claims.id.to_string()),
                    sid: Some(user.session().to_string()),
                    ..view
                }
            }
        }
    }

    fn of_key(self, id: KeyId) -> Self {
        let issued = i64::try_from(id.uuid().unix_ms() / 1000).ok();
        Self { client_id: Some(id.to_string()), jti: Some(id.to_string()), iat: issued, ..self }
    }
}
