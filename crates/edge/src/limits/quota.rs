//! What a client is told of its limits.

use http::{HeaderMap, HeaderName, HeaderValue};
use titan_core::Error;
use titan_core::limit::{Subject, WINDOW};

const LIMIT: HeaderName = HeaderName::from_static("x-ratelimit-limit");
const REMAINING: HeaderName = HeaderName::from_static("x-ratelimit-remaining");
const RESET: HeaderName = HeaderName::from_static("x-ratelimit-reset");
/// draft-ietf-httpapi-ratelimit-headers-10
const RATE_LIMIT: HeaderName = HeaderName::from_static("ratelimit");
const POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");

/// Which limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// `rateLimit` of the rules for client tokens.
    Client,
    /// `rateLimit` of the settings.
    Global,
    /// `rateLimit` of a key.
    Key,
    /// `msgRateLimit` of the settings.
    Message,
}

/// What is left of a limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quota {
    /// What is limited.
    pub kind: Kind,
    /// Requests in any 60 seconds.
    pub limit: u32,
    /// How many of them are left. What other instances have borrowed and not spent does not count as left.
    pub remaining: u32,
    /// In how many seconds some of what is spent is there again.
    pub resets_in_secs: u32,
}

/// Why a request is not let through.
#[derive(Debug)]
pub struct Refusal {
    /// 429, or 503 if the database does not answer.
    pub error: Error,
    /// The limit that is used up.
    pub quota: Option<Quota>,
}

impl Kind {
    fn name(self) -> &'static str {
        match self {
            Self::Client => "client",
            Self::Global => "global",
            Self::Key => "key",
            Self::Message => "message",
        }
    }
}

impl From<Subject> for Kind {
    fn from(subject: Subject) -> Self {
        match subject {
            Subject::Client(_) => Self::Client,
            Subject::Global => Self::Global,
            Subject::Key(_) => Self::Key,
            Subject::Message => Self::Message,
        }
    }
}

impl Quota {
    /// The one of which less is left.
    pub(super) fn tighter(self, other: Self) -> Self {
        if other.remaining < self.remaining { other } else { self }
    }

    /// Tells it to the client.
    pub(crate) fn write(&self, headers: &mut HeaderMap) {
        let Self { limit, remaining, resets_in_secs, .. } = self;
        let name = self.kind.name();
        // What the upstream says of a limit of its own would not go with ours.
        headers.remove(RESET);
        headers.insert(LIMIT, HeaderValue::from(*limit));
        headers.insert(REMAINING, HeaderValue::from(*remaining));
        let state = format!("\"{name}\";r={remaining};t={resets_in_secs}");
        let policy = format!("\"{name}\";q={limit};w={}", WINDOW.as_secs());
        for (header, text) in [(RATE_LIMIT, state), (POLICY, policy)] {
            if let Ok(value) = HeaderValue::try_from(text) {
                headers.insert(header, value);
            }
        }
    }
}
