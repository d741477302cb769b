//! What is known of one request when it has ended.

use crate::gateway::Upstream;
use http::{HeaderValue, Method};
use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};
use titan_token::{KeyId, TenantId};

/// One request. It holds no credential, no path and no query: those are the caller's words.
pub struct Record {
    /// When it came, on the monotonic clock.
    pub began: Instant,
    /// `None`: a method that no standard and no route names.
    pub method: Option<Method>,
    /// The pattern of the route that the policy found.
    pub route: Option<Arc<str>>,
    /// `None`: the client was gone before there was an answer.
    pub status: Option<u16>,
    /// Of an error, or the verdict of `/auth/verify`.
    pub code: Option<&'static str>,
    /// The key that the answer is about, once its MAC held.
    pub key: Option<(KeyId, TenantId)>,
    /// The upstream that was asked.
    pub upstream: Option<Arc<Upstream>>,
    /// Until the upstream's answer began, or failed.
    pub upstream_time: Option<Duration>,
    /// Until the last byte of the answer was handed to the connection, or it broke off.
    pub total_time: Duration,
    /// Of the request's body, as far as it was read.
    pub bytes_in: u64,
    /// Of the answer's body.
    pub bytes_out: u64,
    /// `X-Request-Id`
    pub request_id: RequestId,
    /// Who asked: the peer, or the client behind a trusted proxy.
    pub client: IpAddr,
    /// Who broke the exchange off. A new record says the client: if nothing more is noted, it is gone.
    pub aborted: Option<Abort>,
}

/// Who broke an exchange off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Abort {
    /// The connection to the client ended.
    Client,
    /// The upstream's answer broke off.
    Upstream,
}

impl Abort {
    /// As it is logged.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Client => "client",
            Self::Upstream => "upstream",
        }
    }
}

impl Record {
    pub(super) fn new(method: &Method, client: IpAddr, request_id: RequestId) -> Self {
        Self {
            began: Instant::now(),
            method: is_standard(method).then(|| method.clone()),
            route: None,
            status: None,
            code: None,
            key: None,
            upstream: None,
            upstream_time: None,
            total_time: Duration::ZERO,
            bytes_in: 0,
            bytes_out: 0,
            request_id,
            client,
            aborted: Some(Abort::Client),
        }
    }
}

/// A method of RFC 9110, 9.3, or `PATCH`. Others are any word that a client chose.
fn is_standard(method: &Method) -> bool {
    matches!(
        *method,
        Method::CONNECT
            | Method::DELETE
            | Method::GET
            | Method::HEAD
            | Method::OPTIONS
            | Method::PATCH
            | Method::POST
            | Method::PUT
            | Method::TRACE
    )
}

/// Ids of this length need no allocation: Titan's own, and UUIDs.
const SHORT_ID: usize = 47;

/// A request's id. A copy: the header's value would keep all headers of its request in memory until it is written.
pub struct RequestId(Text);

enum Text {
    Long(Box<[u8]>),
    Short { length: u8, bytes: [u8; SHORT_ID] },
}

impl RequestId {
    /// Copies a header's value.
    pub fn new(value: &HeaderValue) -> Self {
        let value = value.as_bytes();
        let mut bytes = [0; SHORT_ID];
        match (bytes.get_mut(..value.len()), u8::try_from(value.len())) {
            (Some(place), Ok(length)) => {
                place.copy_from_slice(value);
                Self(Text::Short { length, bytes })
            }
            _ => Self(Text::Long(value.into())),
        }
    }

    /// Its text; empty, if it is none.
    pub fn as_str(&self) -> &str {
        let bytes = match &self.0 {
            Text::Long(bytes) => bytes,
            Text::Short { length, bytes } => &bytes[..usize::from(*length)],
        };
        str::from_utf8(bytes).unwrap_or_default()
    }
}
