//! Bodies, queries and ids, read strictly.

use crate::error::ApiError;
use axum::extract::{FromRequest, FromRequestParts, Request};
use http::header::CONTENT_TYPE;
use http::request::Parts;
use http::{HeaderMap, StatusCode};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::error::Error as StdError;
use std::str::FromStr;
use titan_core::error::{Code, Error};
use titan_core::idempotency::RequestName;
use titan_core::wire::{MAX_BODY, from_json, is_json, unreadable};

/// A JSON body.
pub(crate) struct Json<T>(pub(crate) T);

/// A JSON body, or none at all.
pub(crate) struct OptionalJson<T>(pub(crate) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Json<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, _: &S) -> Result<Self, ApiError> {
        check_type(request.headers())?;
        Ok(Self(from_json(&whole(request).await?)?))
    }
}

impl<T: DeserializeOwned + Default, S: Send + Sync> FromRequest<S> for OptionalJson<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, _: &S) -> Result<Self, ApiError> {
        let type_error = check_type(request.headers()).err();
        let body = whole(request).await?;
        match type_error {
            _ if body.is_empty() => Ok(Self(T::default())),
            Some(error) => Err(error.into()),
            None => Ok(Self(from_json(&body)?)),
        }
    }
}

fn check_type(headers: &HeaderMap) -> Result<(), Error> {
    if headers.get(CONTENT_TYPE).is_some_and(|value| is_json(value.as_bytes())) {
        return Ok(());
    }
    Err(Error::new(Code::UnsupportedMediaType, "Content-Type: must be application/json"))
}

/// A body of at most 64 KiB.
pub(crate) async fn whole(request: Request) -> Result<axum::body::Bytes, Error> {
    let body = Limited::new(request.into_body(), MAX_BODY).collect().await;
    body.map(http_body_util::Collected::to_bytes).map_err(|error| {
        if is_too_long(&*error) {
            Error::new(Code::PayloadTooLarge, format!("body: must be at most {MAX_BODY} bytes"))
        } else {
            unreadable(&*error)
        }
    })
}

fn is_too_long(error: &(dyn StdError + 'static)) -> bool {
    std::iter::successors(Some(error), |&error| error.source()).any(<dyn StdError>::is::<LengthLimitError>)
}

/// A query string, of which every parameter is known.
pub(crate) struct Query<T>(pub(crate) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Query<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let query = axum::extract::Query::<T>::from_request_parts(parts, state).await;
        query.map(|axum::extract::Query(query)| Self(query)).map_err(|error| {
            debug_assert_eq!(error.status(), StatusCode::BAD_REQUEST);
            let text = error.body_text();
            let cause = text.rsplit_once("query string: ").map_or(text.as_str(), |(_, cause)| cause);
            Error::invalid(format!("query: {cause}")).into()
        })
    }
}

/// An id in a path. What is no id does not exist.
pub(crate) struct Id<T>(pub(crate) T);

impl<T: FromStr, S: Send + Sync> FromRequestParts<S> for Id<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let path = axum::extract::Path::<String>::from_request_parts(parts, state).await;
        let id = path.ok().and_then(|axum::extract::Path(text)| text.parse().ok());
        id.map(Self).ok_or_else(|| Error::not_found(noun(parts.uri.path())).into())
    }
}

/// Two ids in a path.
pub(crate) struct Ids<A, B>(pub(crate) A, pub(crate) B);

impl<A: FromStr, B: FromStr, S: Send + Sync> FromRequestParts<S> for Ids<A, B> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let path = axum::extract::Path::<(String, String)>::from_request_parts(parts, state).await;
        let ids = path.ok().and_then(|axum::extract::Path((a, b))| Some((a.parse().ok()?, b.parse().ok()?)));
        ids.map(|(a, b)| Self(a, b)).ok_or_else(|| Error::not_found(noun(parts.uri.path())).into())
    }
}

/// What the last id of a path stands for.
fn noun(path: &str) -> &'static str {
    match path {
        path if path.starts_with("/api/v1/auth/sessions") => "session",
        path if path.starts_with("/admin/users") => "user",
        path if path.starts_with("/api/client-tokens") => "client token",
        path if path.contains("/invitations/") => "invitation",
        path if path.contains("/members/") => "member",
        path if path.starts_with("/admin/tenants") => "tenant",
        path if path.starts_with("/admin/revisions") => "revision",
        path if path.starts_with("/admin/signing-keys") => "signing key",
        _ => "key",
    }
}

/// The caller's name for this request, from `Idempotency-Key`. `route` and `body` are what the request says.
pub(crate) fn request_name(
    headers: &HeaderMap,
    route: &str,
    body: &impl Serialize,
) -> Result<Option<RequestName>, Error> {
    let mut values = headers.get_all("idempotency-key").iter();
    let Some(value) = values.next() else { return Ok(None) };
    if values.next().is_some() {
        return Err(Error::invalid("Idempotency-Key: must be sent only once"));
    }
    let name = value.to_str().map_err(|_| Error::invalid("Idempotency-Key: must be visible ASCII"))?;
    let body = serde_json::to_string(body).map_err(Error::internal)?;
    RequestName::new(name, &format!("{route}\n{body}")).map(Some)
}
