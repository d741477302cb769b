//! The facts about one request, for a line of the access log.

use crate::snapshot::Proven;
use crate::upstream::Upstream;
use http::{HeaderValue, Method};
use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};
use titan_token::{KeyId, TenantId, UserId};

/// One request. It contains no credential, path or query, because these can contain secrets of the caller.
pub struct Record {
    /// When it arrived, on the monotonic clock.
    pub began: Instant,
    /// `None`: the method is neither a standard one nor in the route.
    pub method: Option<Method>,
    /// The pattern of the route that the policy found.
    pub route: Option<Arc<str>>,
    /// `None`: the client disconnected before there was an answer.
    pub status: Option<u16>,
    /// The code of an error, or the verdict of `/auth/verify`.
    pub code: Option<&'static str>,
    /// Whose credential the answer is about, if it is ours.
    pub holder: Option<Holder>,
    /// The upstream that got the request.
    pub upstream: Option<Arc<Upstream>>,
    /// The time until the upstream started to answer, or failed.
    pub upstream_time: Option<Duration>,
    /// The time until the last byte of the answer was passed to the connection, or until the answer broke off.
    pub total_time: Duration,
    /// How many bytes of the request's body were read.
    pub bytes_in: u64,
    /// How many bytes of the answer's body were sent.
    pub bytes_out: u64,
    /// The value of `X-Request-Id`.
    pub request_id: RequestId,
    /// The address of the client: the peer, or the client behind a trusted proxy.
    pub client: IpAddr,
    /// Which side broke off the exchange. It starts as the client: if nothing else is noted, the client has disconnected.
    pub aborted: Option<Abort>,
}

/// Who holds a credential, and of which tenant.
#[derive(Clone, Copy, Debug)]
pub enum Holder {
    /// Whoever has the key.
    Key(KeyId, TenantId),
    /// A user, who has signed in.
    User(UserId, TenantId),
}

impl Holder {
    pub(super) fn of(proven: &Proven) -> Self {
        match proven {
            // The key that answers for it.
            Proven::Client(token) => Self::Key(token.claims.parent, token.claims.tenant),
            Proven::Key(key) => Self::Key(key.claims().id, key.claims().tenant),
            Proven::Opaque(key) => Self::Key(key.status.id, key.status.tenant),
            Proven::Jwt(proven) => Self::User(proven.claims().subject, proven.claims().tenant),
        }
    }

    /// The key, if it is one.
    pub fn key(self) -> Option<KeyId> {
        match self {
            Self::Key(id, _) => Some(id),
            Self::User(..) => None,
        }
    }

    /// The user, if it is one.
    pub fn user(self) -> Option<UserId> {
        match self {
            Self::Key(..) => None,
            Self::User(id, _) => Some(id),
        }
    }

    /// The tenant.
    pub fn tenant(self) -> TenantId {
        let (Self::Key(_, tenant) | Self::User(_, tenant)) = self;
        tenant
    }
}

/// The side that broke off an exchange.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Abort {
    /// The connection to the client ended.
    Client,
    /// Titan ended it, because the credential was not accepted any more.
    Titan,
    /// The upstream broke off its answer.
    Upstream,
}

impl Abort {
    /// Its text in the log.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Client => "client",
            Self::Titan => "titan",
            Self::Upstream => "upstream",
        }
    }
}

impl Record {
    pub(super) fn new(began: Instant, method: &Method, client: IpAddr, request_id: RequestId) -> Self {
        Self {
            began,
            method: is_standard(method).then(|| method.clone()),
            route: None,
            status: None,
            code: None,
            holder: None,
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

    pub(super) fn asks_about(&mut self, method: &Method) {
        self.method = is_standard(method).then(|| method.clone());
    }
}

/// Whether it is a method of RFC 9110, section 9.3, or `PATCH`. Other methods can be any text from a client.
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

/// Ids up to this length need no allocation. Titan's own ids and UUIDs are shorter.
const SHORT_ID: usize = 47;

/// The id of a request. It is a copy, because the header's value would keep all headers of its request in memory.
pub struct RequestId(Text);

enum Text {
    Long(Box<[u8]>),
    Short { length: u8, bytes: [u8; SHORT_ID] },
}

impl RequestId {
    /// Copies the value of a header.
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

    /// The id as text. It is empty if it is not UTF-8.
    pub fn as_str(&self) -> &str {
        let bytes = match &self.0 {
            Text::Long(bytes) => bytes,
            Text::Short { length, bytes } => &bytes[..usize::from(*length)],
        };
        str::from_utf8(bytes).unwrap_or_default()
    }
}
