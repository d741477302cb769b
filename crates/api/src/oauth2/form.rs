//! The form that both endpoints take.

use crate::error::ApiError;
use crate::extract::whole;
use axum::extract::{FromRequest, Request};
use http::header::CONTENT_TYPE;
use serde::Deserialize;
use titan_core::Error;
use titan_core::error::Code;
use titan_core::wire::required;
use utoipa::ToSchema;

const FORM: &str = "application/x-www-form-urlencoded";

/// `token=…`; other parameters are ignored (RFC 6749, 3.2), `token_type_hint` among them: the text says what it is.
#[derive(Deserialize, ToSchema)]
pub(crate) struct TokenForm {
    /// The credential.
    #[schema(required, nullable = false)]
    token: Option<String>,
    /// What it is. Titan sees that by itself.
    #[expect(dead_code, reason = "for the document: it is allowed, and says nothing")]
    token_type_hint: Option<String>,
}

/// The credential that a request is about.
pub(crate) struct Token(pub(crate) String);

impl<S: Send + Sync> FromRequest<S> for Token {
    type Rejection = ApiError;

    async fn from_request(request: Request, _: &S) -> Result<Self, ApiError> {
        let is_form = request.headers().get(CONTENT_TYPE).is_some_and(|value| is_form(value.as_bytes()));
        if !is_form {
            return Err(
                Error::new(Code::UnsupportedMediaType, format!("Content-Type: must be {FORM}")).into()
            );
        }
        let body = whole(request).await?;
        let form: TokenForm =
            serde_urlencoded::from_bytes(&body).map_err(|error| Error::invalid(format!("body: {error}")))?;
        // A parameter without a value counts as none (RFC 6749, 3.2).
        Ok(Self(required("token", form.token.filter(|token| !token.is_empty()))?))
    }
}

/// Parameters behind the type do not matter.
fn is_form(value: &[u8]) -> bool {
    let kind = value.split(|byte| *byte == b';').next().unwrap_or_default();
    kind.trim_ascii().eq_ignore_ascii_case(FORM.as_bytes())
}
