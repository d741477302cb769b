//! The edge's own answers.

use crate::Body;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, LINK, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderMap, HeaderValue, Response, StatusCode};
use titan_core::Error;
use titan_core::access::KeyPrincipal;
use titan_core::policy::Style;

/// An error in the style of a surface. Its cause reaches the log through the extensions.
pub fn error_response(error: &Error, style: Style) -> Response<Body> {
    let status = StatusCode::from_u16(error.code().status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = json(status, error.to_body(style));
    if let Some(failure) = error.failure() {
        response.extensions_mut().insert(failure);
    }
    if let Some(seconds) = error.retry_after() {
        response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
    }
    let challenge = error.www_authenticate().and_then(|text| HeaderValue::try_from(text).ok());
    if let Some(challenge) = challenge {
        response.headers_mut().insert(WWW_AUTHENTICATE, challenge);
    }
    response
}

/// A key that was rotated and lives on for a while, or that is of another system, says so: RFC 9745 and RFC 8594. `link` is for
/// the latter.
pub(crate) fn note_retirement(headers: &mut HeaderMap, key: &KeyPrincipal, link: Option<&HeaderValue>) {
    let Some(retirement) = key.retirement() else { return };
    let (since, until) = (format!("@{}", retirement.since.secs()), retirement.until.http_date());
    for (name, text) in [("deprecation", since), ("sunset", until)] {
        if let Ok(value) = HeaderValue::try_from(text) {
            headers.insert(name, value);
        }
    }
    if let Some(link) = link.filter(|_| key.key().is_imported()) {
        // The upstream may have links of its own.
        headers.append(LINK, link.clone());
    }
}

/// A JSON answer that no cache may store.
pub(crate) fn json(status: StatusCode, body: impl Into<bytes::Bytes>) -> Response<Body> {
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
