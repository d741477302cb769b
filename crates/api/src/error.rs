//! Errors as HTTP: the one place where a code becomes an answer.

use axum::response::{IntoResponse, Response};
use http::header::{CACHE_CONTROL, CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderValue, StatusCode};
use std::sync::Arc;
use titan_core::access::Denial;
use titan_core::error::{Code, Error};
use titan_core::policy::Style;

/// An error on its way out. Its cause goes to the log by way of the extensions, never to the caller.
#[derive(Debug)]
pub struct ApiError(Error);

impl<E: Into<Error>> From<E> for ApiError {
    fn from(error: E) -> Self {
        Self(error.into())
    }
}

/// The error behind an answer, so that it can be said again in other words ([`crate::style`]).
#[derive(Clone)]
pub(crate) struct Refused(pub(crate) Arc<Error>);

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let mut response = answer(&self.0, Style::Titan);
        response.extensions_mut().insert(Refused(Arc::new(self.0)));
        response
    }
}

/// An error in the words of a surface.
pub(crate) fn answer(error: &Error, style: Style) -> Response {
    let status = StatusCode::from_u16(error.code().status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = (status, error.to_body(style)).into_response();
    if let Some(failure) = error.failure() {
        response.extensions_mut().insert(failure);
    }
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if let Some(seconds) = error.retry_after() {
        headers.insert(RETRY_AFTER, HeaderValue::from(seconds));
    }
    let challenge = error.www_authenticate().and_then(|text| HeaderValue::try_from(text).ok());
    if let Some(challenge) = challenge {
        headers.insert(WWW_AUTHENTICATE, challenge);
    }
    response
}

/// What a handler gives.
pub(crate) type Answer<T> = Result<T, ApiError>;

/// A credential that is missing or bad where the master key is needed.
pub(crate) fn master_key_needed(denial: &Denial) -> Error {
    match denial {
        Denial::Missing => Error::new(Code::MissingMasterKey, "missing master key"),
        _ => Error::new(Code::InvalidMasterKey, "invalid master key"),
    }
}

pub(crate) async fn no_such_page() -> ApiError {
    Error::not_found("page").into()
}

pub(crate) async fn no_such_method() -> ApiError {
    Error::new(Code::MethodNotAllowed, "method not allowed").into()
}
