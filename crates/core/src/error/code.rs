//! The codes of errors.

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
    pub(super) const fn retry_after(self) -> Option<u32> {
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
