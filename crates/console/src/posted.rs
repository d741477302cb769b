//! A form that somebody has sent. The guard has read it, and has checked where it comes from.

use crate::answer::Fault;
use crate::form::Form;
use crate::signed::Signed;
use crate::{Shared, csrf};
use axum::body::{Body, to_bytes};
use axum::extract::FromRequestParts;
use axum::response::{IntoResponse, Response};
use http::header::CONTENT_TYPE;
use http::request::Parts;
use titan_core::{Code, Error};

const FORM: &str = "application/x-www-form-urlencoded";

/// A form of somebody who has signed in.
pub(crate) struct Posted {
    pub(crate) signed: Signed,
    pub(crate) form: Form,
}

impl FromRequestParts<Shared> for Posted {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, console: &Shared) -> Result<Self, Response> {
        let form = parts.extensions.get::<Form>().cloned().unwrap_or_default();
        let signed = Signed::find(console, parts).await;
        signed.map(|signed| Self { signed, form }).map_err(|error| Fault::from(error).into_response())
    }
}

/// The form of a request that the browser says to be of a page of ours.
pub(crate) async fn read(parts: &Parts, body: Body, most: usize) -> Result<Form, Fault> {
    if !csrf::is_from_here(&parts.headers, authority(parts)) {
        return Err(foreign());
    }
    let kind = parts.headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    if kind.split(';').next().is_none_or(|kind| !kind.trim().eq_ignore_ascii_case(FORM)) {
        return Err(Error::new(Code::UnsupportedMediaType, "a form is needed here").into());
    }
    let bytes = to_bytes(body, most).await;
    let bytes = bytes.map_err(|_| Error::new(Code::PayloadTooLarge, "the form is too long, or broke off"))?;
    Ok(Form::parse(&bytes)?)
}

/// `:authority` of HTTP/2.
pub(crate) fn authority(parts: &Parts) -> Option<&str> {
    parts.uri.authority().map(http::uri::Authority::as_str)
}

/// The form of another site, or of a session that is another one now.
pub(crate) fn foreign() -> Fault {
    Error::new(Code::WrongCredential, "the form is not of a page of this session: open the page again").into()
}
