//! Why a credential is refused.

use crate::error::{Code, Error};

/// The reason for a refusal. Every surface uses these reasons.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Denial {
    /// Two credentials that differ, or one header twice.
    Conflicting,
    /// The key, its tenant, or the key's switch is off.
    Disabled,
    /// Past its expiry.
    Expired,
    /// The key lacks the named scope.
    InsufficientScope(String),
    /// The MAC is wrong, or the key is unknown.
    Invalid,
    /// Not the shape of a key.
    Malformed,
    /// No credential.
    Missing,
    /// Rotated, deleted, or issued before the not-before of its tenant or signing key.
    Revoked,
    /// The session of a JWT was ended.
    SessionEnded,
    /// A client token that was revoked, or whose parent is not good any more.
    TokenRevoked,
    /// A JWT past its expiry, or from before a change of the role.
    TokenExpired,
    /// A JWT that is not ours, or for somebody else.
    TokenInvalid,
    /// The lease of this instance has ended, and the database cannot be asked: the key may have been revoked.
    Unknown,
    /// A good credential on the wrong surface; the text says which one is needed.
    WrongCredential(&'static str),
}

impl From<Denial> for Error {
    fn from(denial: Denial) -> Self {
        match denial {
            Denial::Conflicting => Self::new(Code::ConflictingCredentials, "conflicting credentials"),
            Denial::Disabled => Self::new(Code::ApiKeyDisabled, "api key disabled"),
            Denial::Expired => Self::new(Code::ApiKeyExpired, "api key expired"),
            Denial::InsufficientScope(scope) => Self::insufficient_scope(&scope),
            Denial::Invalid => Self::new(Code::InvalidApiKey, "invalid api key"),
            Denial::Malformed => Self::new(Code::MalformedApiKey, "malformed api key"),
            Denial::Missing => Self::new(Code::MissingApiKey, "missing api key"),
            Denial::Revoked => Self::new(Code::ApiKeyRevoked, "api key revoked"),
            Denial::SessionEnded => Self::new(Code::SessionEnded, "session ended"),
            Denial::TokenExpired => Self::new(Code::TokenExpired, "token expired"),
            Denial::TokenInvalid => Self::new(Code::InvalidToken, "invalid token"),
            Denial::TokenRevoked => Self::new(Code::TokenRevoked, "token revoked"),
            Denial::Unknown => Self::new(Code::RevocationUnknown, "revocation state unknown"),
            Denial::WrongCredential(needed) => Self::new(Code::WrongCredential, needed),
        }
    }
}
