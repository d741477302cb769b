//! `/api/client-tokens` and `/api/sessions/{session}/client-rules`

mod mint;
mod names;
mod revoke;
mod rules;
mod view;

use crate::ControlPlane;
use crate::error::ApiError;
use axum::extract::FromRequestParts;
use http::request::Parts;
use titan_core::Error;
use titan_token::SessionName;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// The name of a session in a path.
struct Session(SessionName);

impl<S: Send + Sync> FromRequestParts<S> for Session {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let path = axum::extract::Path::<String>::from_request_parts(parts, state).await;
        let name = path.map(|axum::extract::Path(text)| text).unwrap_or_default();
        Ok(Self(session_name(&name)?))
    }
}

fn session_name(text: &str) -> Result<SessionName, Error> {
    const RULE: &str =
        "session: must begin with a letter or a digit, and have at most 64 letters, digits, dots, _ and -";
    SessionName::new(text).ok_or_else(|| Error::invalid(RULE))
}

pub(crate) fn routes() -> OpenApiRouter<ControlPlane> {
    OpenApiRouter::new()
        .routes(routes!(rules::put, rules::lookup, rules::delete))
        .routes(routes!(mint::account))
        .routes(routes!(revoke::account))
}
