//! Sign in.

use super::view::Tokens;
use crate::ControlPlane;
use crate::caller::Visitor;
use crate::error::Answer;
use crate::extract::Json;
use crate::reply::{PlatformErrorBody, Reply, Success};
use axum::extract::State;
use serde::Deserialize;
use titan_core::session::{SESSION_SECS, SignIn};
use titan_core::user::PlainPassword;
use titan_core::wire::required;
use titan_token::TenantId;
use utoipa::ToSchema;

/// Who signs in.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Login)]
pub(crate) struct Body {
    /// The address.
    #[schema(required, nullable = false)]
    email: Option<String>,
    /// The password.
    #[schema(required, nullable = false)]
    password: Option<String>,
    /// Of the second factor, if there is one: from the authenticator app, or a recovery code.
    code: Option<String>,
    /// Where: required of members of several tenants.
    #[schema(value_type = Option<i64>, minimum = 0, maximum = 4_294_967_295_i64)]
    tenant_id: Option<u32>,
}

#[utoipa::path(
    post, path = "/api/v1/auth/login", tag = "platform: sessions", summary = "Sign in", request_body = Body,
    responses(
        (status = 200, description = "A session", body = Success<Tokens>),
        (status = 400, description = "A field is wrong", body = PlatformErrorBody),
        (status = 401, description = "The address, the password or the code is wrong, or a code is needed", body = PlatformErrorBody),
        (status = 413, description = "The body is over 64 KiB", body = PlatformErrorBody),
        (status = 415, description = "The body is not JSON", body = PlatformErrorBody),
        (status = 429, description = "Too many failures: try again after Retry-After", body = PlatformErrorBody),
    )
)]
pub(crate) async fn platform(
    State(state): State<ControlPlane>,
    visitor: Visitor,
    Json(body): Json<Body>,
) -> Answer<Reply> {
    let request = SignIn {
        email: required("email", body.email)?,
        password: PlainPassword::new(required("password", body.password)?)?,
        code: body.code,
        tenant: body.tenant_id.map(TenantId),
        lasts_secs: SESSION_SECS,
        origin: visitor.origin,
        user_agent: visitor.user_agent,
    };
    let signed_in = state.sessions.sign_in(request).await?;
    Ok(Reply::success(Tokens::new(&state, &signed_in)))
}
