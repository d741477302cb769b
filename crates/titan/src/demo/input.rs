//! Bodies in.

use super::output::Failure;
use axum::Json;
use axum::extract::{FromRequest, Request};
use serde_json::Value;

/// A JSON body, read field by field: the real API knows many more fields, and the demo ignores them.
pub(super) struct Input(Value);

impl<S: Send + Sync> FromRequest<S> for Input {
    type Rejection = Failure;

    async fn from_request(request: Request, state: &S) -> Result<Self, Failure> {
        let Json(body) = Json::<Value>::from_request(request, state).await?;
        Ok(Self(body))
    }
}

impl Input {
    pub(super) fn text(&self, field: &str) -> Result<Option<&str>, Failure> {
        match self.0.get(field) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(Failure::bad(format!("{field} must be a string"))),
        }
    }

    pub(super) fn required(&self, field: &str) -> Result<&str, Failure> {
        let text = self.text(field)?.filter(|text| !text.is_empty());
        text.ok_or_else(|| Failure::bad(format!("missing required field: {field}")))
    }

    pub(super) fn flag(&self, field: &str) -> Result<bool, Failure> {
        match self.0.get(field) {
            None | Some(Value::Null) => Ok(false),
            Some(Value::Bool(flag)) => Ok(*flag),
            Some(_) => Err(Failure::bad(format!("{field} must be true or false"))),
        }
    }
}
