//! The one error that a caller can meet.

use crate::store_error::StoreError;
use std::borrow::Cow;
use std::error::Error as StdError;
use std::fmt;

/// What went wrong, as a program reads it. `docs/status-codes.md` lists them all.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Code {
    /// The rules of the session do not allow client tokens this action.
    ActionNotAllowed,
    /// The key is switched off, or its tenant is.
    ApiKeyDisabled,
    /// Past its `expiresAt`.
    ApiKeyExpired,
    /// Rotated or deleted, or revoked together with its signing key or with its tenant's earlier keys.
    ApiKeyRevoked,
    /// The session has no rules for client tokens, or they are switched off.
    ClientTokensDisabled,
    /// The change contradicts the current state.
    Conflict,
    /// Two credentials in one request that are not the same.
    ConflictingCredentials,
    /// The key lacks a scope.
    InsufficientScope,
    /// Our fault. The body is constant, the cause is in the log.
    Internal,
    /// This Titan did not issue the key: its MAC is wrong, or the key is unknown.
    InvalidApiKey,
    /// The e-mail address, the password or the second factor is wrong.
    InvalidCredentials,
    /// Not the master key.
    InvalidMasterKey,
    /// A field, parameter or path is wrong.
    InvalidRequest,
    /// A JWT or refresh token that this Titan did not issue, or that is for somebody else.
    InvalidToken,
    /// The license of this Titan is over.
    LicenseExpired,
    /// Not the shape of a key.
    MalformedApiKey,
    /// The path exists, the method does not.
    MethodNotAllowed,
    /// No credential where one is needed.
    MissingApiKey,
    /// No credential on the admin surface.
    MissingMasterKey,
    /// Unknown, or not visible to the caller: both have the same answer.
    NotFound,
    /// Titan has not started yet, or cannot reach its database.
    NotReady,
    /// The page that asks is of an origin that the rules do not name.
    OriginNotAllowed,
    /// The body is over the limit.
    PayloadTooLarge,
    /// Too many requests, or too many failures.
    RateLimitExceeded,
    /// The rules do not allow this recipient.
    RecipientNotAllowed,
    /// The body stopped coming.
    RequestTimeout,
    /// This instance cannot know now whether the key was revoked.
    RevocationUnknown,
    /// No route of the policy names this request.
    RouteNotAllowed,
    /// The password is right, and a code of the second factor is needed.
    SecondFactorRequired,
    /// The session was ended, or its user was disabled or removed.
    SessionEnded,
    /// As many sessions are open as the license allows.
    SessionLimitReached,
    /// A client token reaches only its own session.
    SessionNotAllowed,
    /// A JWT past its `exp`, or one from before a change of the role: refresh it.
    TokenExpired,
    /// A client token that was revoked, or whose parent key is not good any more.
    TokenRevoked,
    /// The body is not JSON.
    UnsupportedMediaType,
    /// The upstream took too long.
    UpstreamTimeout,
    /// The upstream cannot be reached, or it closed the connection.
    UpstreamUnreachable,
    /// A good credential of the wrong kind for this surface.
    WrongCredential,
}

impl Code {
    /// All of them, so that documents and tests can walk them.
    pub const ALL: [Self; 38] = [
        Self::ActionNotAllowed,
        Self::ApiKeyDisabled,
        Self::ApiKeyExpired,
        Self::ApiKeyRevoked,
        Self::ClientTokensDisabled,
        Self::Conflict,
        Self::ConflictingCredentials,
        Self::InsufficientScope,
        Self::Internal,
        Self::InvalidApiKey,
        Self::InvalidCredentials,
        Self::InvalidMasterKey,
        Self::InvalidRequest,
        Self::InvalidToken,
        Self::LicenseExpired,
        Self::MalformedApiKey,
        Self::MethodNotAllowed,
        Self::MissingApiKey,
        Self::MissingMasterKey,
        Self::NotFound,
        Self::NotReady,
        Self::OriginNotAllowed,
        Self::PayloadTooLarge,
        Self::RateLimitExceeded,
        Self::RecipientNotAllowed,
        Self::RequestTimeout,
        Self::RevocationUnknown,
        Self::RouteNotAllowed,
        Self::SecondFactorRequired,
        Self::SessionEnded,
        Self::SessionLimitReached,
        Self::SessionNotAllowed,
        Self::TokenExpired,
        Self::TokenRevoked,
        Self::UnsupportedMediaType,
        Self::UpstreamTimeout,
        Self::UpstreamUnreachable,
        Self::WrongCredential,
    ];

    /// The slug in `code`.
    pub const fn slug(self) -> &'static str {
        match self {
            Self::ActionNotAllowed => "action_not_allowed",
            Self::ApiKeyDisabled => "api_key_disabled",
            Self::ApiKeyExpired => "api_key_expired",
            Self::ApiKeyRevoked => "api_key_revoked",
            Self::ClientTokensDisabled => "client_tokens_disabled",
            Self::Conflict => "conflict",
            Self::ConflictingCredentials => "conflicting_credentials",
            Self::InsufficientScope => "insufficient_scope",
            Self::Internal => "internal_error",
            Self::InvalidApiKey => "invalid_api_key",
            Self::InvalidCredentials => "invalid_credentials",
            Self::InvalidMasterKey => "invalid_master_key",
            Self::InvalidRequest => "invalid_request",
            Self::InvalidToken => "invalid_token",
            Self::LicenseExpired => "license_expired",
            Self::MalformedApiKey => "malformed_api_key",
            Self::MethodNotAllowed => "method_not_allowed",
            Self::MissingApiKey => "missing_api_key",
            Self::MissingMasterKey => "missing_master_key",
            Self::NotFound => "not_found",
            Self::NotReady => "not_ready",
            Self::OriginNotAllowed => "origin_not_allowed",
            Self::PayloadTooLarge => "payload_too_large",
            Self::RateLimitExceeded => "rate_limit_exceeded",
            Self::RecipientNotAllowed => "recipient_not_allowed",
            Self::RequestTimeout => "request_timeout",
            Self::RevocationUnknown => "revocation_state_unknown",
            Self::RouteNotAllowed => "route_not_allowed",
            Self::SecondFactorRequired => "second_factor_required",
            Self::SessionEnded => "session_ended",
            Self::SessionLimitReached => "session_limit_reached",
            Self::SessionNotAllowed => "session_not_allowed",
            Self::TokenExpired => "token_expired",
            Self::TokenRevoked => "token_revoked",
            Self::UnsupportedMediaType => "unsupported_media_type",
            Self::UpstreamTimeout => "upstream_timeout",
            Self::UpstreamUnreachable => "upstream_unreachable",
            Self::WrongCredential => "wrong_credential",
        }
    }

    /// After how many seconds the same request may succeed, if the error itself does not say it.
    const fn retry_after(self) -> Option<u32> {
        match self {
            Self::NotReady | Self::RevocationUnknown => Some(1),
            _ => None,
        }
    }

    /// The HTTP status (RFC 9110, 15).
    pub const fn status(self) -> u16 {
        match self {
            Self::InvalidRequest => 400,
            Self::ApiKeyDisabled
            | Self::ApiKeyExpired
            | Self::ApiKeyRevoked
            | Self::ConflictingCredentials
            | Self::InvalidApiKey
            | Self::InvalidCredentials
            | Self::InvalidMasterKey
            | Self::InvalidToken
            | Self::MalformedApiKey
            | Self::MissingApiKey
            | Self::MissingMasterKey
            | Self::SecondFactorRequired
            | Self::SessionEnded
            | Self::TokenExpired
            | Self::TokenRevoked => 401,
            Self::LicenseExpired => 402,
            Self::ActionNotAllowed
            | Self::ClientTokensDisabled
            | Self::InsufficientScope
            | Self::OriginNotAllowed
            | Self::RecipientNotAllowed
            | Self::RouteNotAllowed
            | Self::SessionLimitReached
            | Self::SessionNotAllowed
            | Self::WrongCredential => 403,
            Self::NotFound => 404,
            Self::MethodNotAllowed => 405,
            Self::RequestTimeout => 408,
            Self::Conflict => 409,
            Self::PayloadTooLarge => 413,
            Self::UnsupportedMediaType => 415,
            Self::RateLimitExceeded => 429,
            Self::Internal => 500,
            Self::UpstreamUnreachable => 502,
            Self::NotReady | Self::RevocationUnknown => 503,
            Self::UpstreamTimeout => 504,
        }
    }
}

/// An error: a code and a text for the caller, and a cause that only the log gets.
#[derive(Debug)]
pub struct Error {
    code: Code,
    message: Cow<'static, str>,
    missing_scope: Option<String>,
    retry_after: Option<u32>,
    cause: Option<Box<dyn StdError + Send + Sync>>,
}

impl Error {
    /// An error with a text for the caller.
    pub fn new(code: Code, message: impl Into<Cow<'static, str>>) -> Self {
        Self { code, message: message.into(), missing_scope: None, retry_after: None, cause: None }
    }

    /// 400, naming the field or parameter.
    pub fn invalid(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(Code::InvalidRequest, message)
    }

    /// 404: the same whether the object does not exist or belongs to another caller.
    pub fn not_found(what: &str) -> Self {
        Self::new(Code::NotFound, format!("{what} not found"))
    }

    /// 409.
    pub fn conflict(message: impl Into<Cow<'static, str>>) -> Self {
        Self::new(Code::Conflict, message)
    }

    /// 403 with the name of the missing scope.
    pub fn insufficient_scope(scope: &str) -> Self {
        Self {
            missing_scope: Some(scope.to_owned()),
            ..Self::new(Code::InsufficientScope, format!("insufficient scope: {scope} required"))
        }
    }

    /// 429: after so many seconds it may succeed.
    pub fn throttled(message: &'static str, retry_after: u32) -> Self {
        Self { retry_after: Some(retry_after), ..Self::new(Code::RateLimitExceeded, message) }
    }

    /// 503 with the cause for the log.
    pub fn not_ready(cause: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        Self::new(Code::NotReady, "not ready, try again").caused_by(cause)
    }

    /// 500 with the cause for the log.
    pub fn internal(cause: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        Self::new(Code::Internal, "internal error").caused_by(cause)
    }

    /// The same, with a cause for the log.
    #[must_use]
    pub fn caused_by(mut self, cause: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        self.cause = Some(cause.into());
        self
    }

    /// The code.
    pub fn code(&self) -> Code {
        self.code
    }

    /// After how many seconds the same request may succeed: `Retry-After` (RFC 9110, 10.2.3).
    pub fn retry_after(&self) -> Option<u32> {
        self.retry_after.or(self.code.retry_after())
    }

    /// The text for the caller.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// The cause. Only the log may contain it.
    pub fn cause(&self) -> Option<&(dyn StdError + Send + Sync)> {
        self.cause.as_deref()
    }

    /// Whether the database aborted the transaction, so that it may be tried again at once.
    pub(crate) fn is_aborted(&self) -> bool {
        let cause = self.cause.as_ref().and_then(|cause| cause.downcast_ref());
        matches!(cause, Some(StoreError::Aborted(_)))
    }

    /// The challenge of a 401 or 403 (RFC 6750, 3): without `error` where no credential was sent.
    pub fn www_authenticate(&self) -> Option<String> {
        const REALM: &str = r#"Bearer realm="titan""#;
        match (self.code.status(), self.code) {
            (_, Code::MissingApiKey | Code::MissingMasterKey) => Some(REALM.to_owned()),
            (401, _) => {
                Some(format!(r#"{REALM}, error="invalid_token", error_description="{}""#, self.message))
            }
            (403, _) => Some(match &self.missing_scope {
                Some(scope) => format!(r#"{REALM}, error="insufficient_scope", scope="{scope}""#),
                None => format!(r#"{REALM}, error="insufficient_scope""#),
            }),
            _ => None,
        }
    }
}

/// The cause of a failed answer, for the log. The code that writes the error puts it into the extensions of the
/// answer. The code that knows the request id logs it.
#[derive(Clone, Debug)]
pub struct Failure {
    /// The error's code.
    pub code: Code,
    /// Its cause, with the causes of that.
    pub cause: String,
}

impl Error {
    /// The failure to log. `None` if the caller's text already says everything.
    pub fn failure(&self) -> Option<Failure> {
        let chain = std::iter::successors(Some(self.source()?), |&error| error.source());
        let cause = chain.map(ToString::to_string).collect::<Vec<_>>().join(": ");
        Some(Failure { code: self.code, cause })
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.cause.as_deref().map(|cause| {
            let cause: &(dyn StdError + 'static) = cause;
            cause
        })
    }
}

/// What the caller can do about a question that is too large.
const TOO_SLOW: &str = "from: this takes too long: ask for a shorter time, or for a longer step";

impl From<StoreError> for Error {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Aborted(_) | StoreError::Unavailable(_) => Self::not_ready(error),
            StoreError::TooSlow(_) => Self::invalid(TOO_SLOW).caused_by(error),
            StoreError::Corrupt { .. } | StoreError::Failed(_) => Self::internal(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn codes_are_distinct_and_server_errors_tell_nothing() {
        let slugs: HashSet<_> = Code::ALL.iter().map(|code| code.slug()).collect();
        assert_eq!(slugs.len(), Code::ALL.len());
        let error = Error::internal("disk on fire");
        assert_eq!(error.message(), "internal error");
        assert!(!Error::not_ready("10.0.0.7 refused").message().contains("10."));
    }

    #[test]
    fn the_page_of_status_codes_has_one_row_for_each_code() {
        let page = include_str!("../../../docs/status-codes.md");
        let (errors, _) = page.split_once("\nTexts of `conflict`:").unwrap();
        let row = |line: &'static str| {
            let (code, rest) = line.strip_prefix("| `")?.split_once("` | ")?;
            Some((code, rest.split_once(" | ")?.0.to_owned()))
        };
        let mut rows: Vec<_> = errors.lines().filter_map(row).collect();
        let mut codes = Code::ALL.map(|code| (code.slug(), code.status().to_string()));
        rows.sort_unstable();
        codes.sort_unstable();
        assert_eq!(rows, codes);
    }

    #[test]
    fn challenges_follow_rfc_6750() {
        let challenge = |error: Error| error.www_authenticate();
        assert_eq!(
            challenge(Error::new(Code::MissingApiKey, "x")).as_deref(),
            Some(r#"Bearer realm="titan""#)
        );
        assert_eq!(
            challenge(Error::insufficient_scope("a:b")).as_deref(),
            Some(r#"Bearer realm="titan", error="insufficient_scope", scope="a:b""#)
        );
        assert_eq!(challenge(Error::invalid("label")), None);
    }
}
