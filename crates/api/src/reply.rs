//! Answers: `{"data": …}`, never kept by a cache.

use axum::response::{IntoResponse, Response};
use http::header::CACHE_CONTROL;
use http::{HeaderName, HeaderValue, StatusCode};
use serde::Serialize;
use titan_core::access::{KeyPrincipal, Retirement};
use titan_core::revision::Receipt;
use utoipa::ToSchema;

/// `{"data": …}`
#[derive(Serialize, ToSchema)]
pub(crate) struct Data<T> {
    pub(crate) data: T,
}

/// `{"data": […], "nextCursor": …}`
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct List<T> {
    pub(crate) data: Vec<T>,
    /// There is more: ask again with `?cursor=`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) next_cursor: Option<String>,
}

/// Every error.
#[derive(Serialize, ToSchema)]
pub(crate) struct ErrorBody {
    /// For people: what is wrong, and what would be right.
    error: String,
    /// For programs: see docs/status-codes.md.
    code: String,
}

/// `{"success": true, "data": …}`: the platform's answers.
#[derive(Serialize, ToSchema)]
pub(crate) struct Success<T> {
    success: bool,
    data: T,
}

/// `{"success": true, "data": […], "next_cursor": …}`
#[derive(Serialize, ToSchema)]
pub(crate) struct PlatformList<T> {
    success: bool,
    data: Vec<T>,
    /// There is more: ask again with `?cursor=`.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
}

/// Every error of the platform.
#[derive(Serialize, ToSchema)]
pub(crate) struct PlatformErrorBody {
    /// Always false.
    success: bool,
    /// What is wrong.
    error: PlatformErrorCause,
}

/// What is wrong.
#[derive(Serialize, ToSchema)]
pub(crate) struct PlatformErrorCause {
    /// For programs: `UNAUTHORIZED`, `FORBIDDEN`, …
    code: String,
    /// For people.
    message: String,
}

/// Every error of `/oauth2` (RFC 6749, 5.2).
#[derive(Serialize, ToSchema)]
pub(crate) struct OAuthErrorBody {
    /// For programs: `invalid_request`, `invalid_token`, …
    error: String,
    /// For people.
    error_description: String,
}

/// `{"status": "success", "data": …}`: the answers about opaque keys.
#[derive(Serialize, ToSchema)]
pub(crate) struct WhatomateSuccess<T> {
    status: &'static str,
    data: T,
}

/// Every error about opaque keys.
#[derive(Serialize, ToSchema)]
pub(crate) struct WhatomateErrorBody {
    /// Always `error`.
    status: String,
    /// What is wrong.
    message: String,
    /// Always null.
    data: Option<bool>,
}

/// An answer that is put together.
pub(crate) struct Reply(Response);

impl Reply {
    pub(crate) fn data(status: StatusCode, data: impl Serialize) -> Self {
        Self::body(status, &Data { data })
    }

    /// The platform's 200.
    pub(crate) fn success(data: impl Serialize) -> Self {
        Self::success_with(StatusCode::OK, data)
    }

    /// The platform's success of another status.
    pub(crate) fn success_with(status: StatusCode, data: impl Serialize) -> Self {
        Self::body(status, &Success { success: true, data })
    }

    /// The platform's 200 with a part of a list.
    pub(crate) fn success_list<T: Serialize>(data: Vec<T>, next_cursor: Option<String>) -> Self {
        Self::body(StatusCode::OK, &PlatformList { success: true, data, next_cursor })
    }

    pub(crate) fn body(status: StatusCode, body: &impl Serialize) -> Self {
        let mut response = (status, axum::Json(body)).into_response();
        response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        Self(response)
    }

    /// The answer about opaque keys: 200, whatever was done.
    pub(crate) fn whatomate(data: impl Serialize) -> Self {
        Self::body(StatusCode::OK, &WhatomateSuccess { status: "success", data })
    }

    /// The proof alone, where the status is always 200.
    pub(crate) fn proof(self, receipt: &Receipt) -> Self {
        self.header("titan-revocation", &receipt.to_string())
    }

    /// 200 without a body.
    pub(crate) fn ok() -> Self {
        let mut response = StatusCode::OK.into_response();
        response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        Self(response)
    }

    /// 204
    pub(crate) fn empty() -> Self {
        Self(StatusCode::NO_CONTENT.into_response())
    }

    /// The proof that the change is in force everywhere. Without one, it is only accepted (202).
    pub(crate) fn receipt(mut self, receipt: Option<Receipt>) -> Self {
        let Some(receipt) = receipt else { return self };
        if receipt.proof.is_none() {
            *self.0.status_mut() = StatusCode::ACCEPTED;
        }
        self.header("titan-revocation", &receipt.to_string())
    }

    /// What a rotated key that lives on for a while must say (RFC 9745, RFC 8594).
    pub(crate) fn with_deprecation(self, key: &KeyPrincipal) -> Self {
        match key.retirement() {
            Some(Retirement { since, until }) => {
                self.header("deprecation", &format!("@{}", since.secs())).header("sunset", &until.http_date())
            }
            None => self,
        }
    }

    fn header(mut self, name: &'static str, value: &str) -> Self {
        if let Ok(value) = HeaderValue::from_str(value) {
            self.0.headers_mut().insert(HeaderName::from_static(name), value);
        }
        self
    }
}

impl IntoResponse for Reply {
    fn into_response(self) -> Response {
        self.0
    }
}
