//! Answers: pages, redirects, and errors as pages.

use crate::csrf;
use crate::kept::{Kept, KeptPage};
use askama::Template;
use axum::response::{IntoResponse, Response};
use http::header::{CONTENT_TYPE, LOCATION, RETRY_AFTER, SET_COOKIE};
use http::{HeaderName, HeaderValue, StatusCode};
use std::sync::Arc;
use titan_core::error::{Code, Error};

const HTML: [(HeaderName, HeaderValue); 1] =
    [(CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"))];

/// What a handler gives.
pub(crate) type Answer = Result<Response, Fault>;

/// An error that has no form to stand in.
#[derive(Clone)]
pub(crate) struct Fault(Arc<Error>);

impl<E: Into<Error>> From<E> for Fault {
    fn from(error: E) -> Self {
        Self(Arc::new(error.into()))
    }
}

#[derive(Template)]
#[template(path = "error.html")]
struct ErrorPage {
    title: &'static str,
    text: String,
    advice: &'static str,
}

impl Fault {
    /// The same, with the form that it was about: to send it again.
    pub(crate) fn with_form(&self, kept: Kept, cookie: &str) -> Response {
        let (title, advice) = words(self.0.code());
        let text = format!("{advice} What you typed is kept. Send it again?");
        refused(&self.0, &KeptPage::new(title, &text, kept, csrf::token(cookie)))
    }
}

impl IntoResponse for Fault {
    fn into_response(self) -> Response {
        let (title, advice) = words(self.0.code());
        let text = self.0.message().to_owned();
        let mut response = refused(&self.0, &ErrorPage { title, text, advice });
        response.extensions_mut().insert(self);
        response
    }
}

/// A page that says an error, with its status; what the operator must know of it goes to the log.
pub(crate) fn refused(error: &Error, template: &impl Template) -> Response {
    let mut response = page(error.code().status(), template);
    if let Some(failure) = error.failure() {
        response.extensions_mut().insert(failure);
    }
    if let Some(seconds) = error.retry_after() {
        response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
    }
    response
}

/// What an error is called, and what to do.
const fn words(code: Code) -> (&'static str, &'static str) {
    match code {
        Code::NotFound => ("There is no such page", "It may have been deleted, or the address is wrong."),
        Code::NotReady | Code::RevocationUnknown => {
            ("Titan is not ready", "The database does not answer, or has not for a moment. Try again.")
        }
        Code::Internal => {
            ("Something went wrong", "The log of the server has the cause, under this request's id.")
        }
        Code::WrongCredential => ("This page is not for you", "You have not the right for it."),
        Code::RateLimitExceeded => ("Too many failures", "Wait a while, then try again."),
        _ => ("That did not work", "Go back, change it, and try again."),
    }
}

/// A page with this status. One that cannot be written is a fault of Titan, whatever it was to say.
pub(crate) fn page(status: u16, template: &impl Template) -> Response {
    let Ok(html) = template.render() else {
        return (StatusCode::INTERNAL_SERVER_ERROR, "the page could not be written").into_response();
    };
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    (status, HTML, html).into_response()
}

/// A page as usual.
pub(crate) fn ok(template: &impl Template) -> Answer {
    let html = template.render().map_err(|error| Error::internal(error.to_string()))?;
    Ok((HTML, html).into_response())
}

/// To another page (RFC 9110, 15.4.4). `path` begins with that of the console.
pub(crate) fn redirect(path: &str) -> Response {
    let location = HeaderValue::try_from(path).unwrap_or(HeaderValue::from_static(crate::PATH));
    (StatusCode::SEE_OTHER, [(LOCATION, location)]).into_response()
}

/// With one more cookie.
pub(crate) fn with_cookie(mut response: Response, cookie: HeaderValue) -> Response {
    response.headers_mut().append(SET_COOKIE, cookie);
    response
}

pub(crate) async fn no_such_page() -> Fault {
    Error::not_found("page").into()
}

pub(crate) async fn no_such_method() -> Fault {
    Error::new(Code::MethodNotAllowed, "method not allowed").into()
}
