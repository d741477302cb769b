//! The verdicts of `/auth/verify`.

use serde::Serialize;
use titan_core::access::Denial;
use titan_core::error::Code;
use titan_core::usage::Outcome;
use utoipa::ToSchema;

/// The result of a verification.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum VerifyCode {
    /// Switched off.
    Disabled,
    /// Past its expiry.
    Expired,
    /// Good, but not for this.
    InsufficientScope,
    /// No key of ours, or none that the caller may ask about.
    #[default]
    Invalid,
    /// Not the shape of a key.
    Malformed,
    /// Over its limit.
    RateLimited,
    /// Killed.
    Revoked,
    /// Good.
    Valid,
}

impl VerifyCode {
    /// As it is written in the answer.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Disabled => "DISABLED",
            Self::Expired => "EXPIRED",
            Self::InsufficientScope => "INSUFFICIENT_SCOPE",
            Self::Invalid => "INVALID",
            Self::Malformed => "MALFORMED",
            Self::RateLimited => "RATE_LIMITED",
            Self::Revoked => "REVOKED",
            Self::Valid => "VALID",
        }
    }

    /// As it is counted: what a gateway would have answered.
    pub(crate) const fn outcome(self) -> &'static str {
        match self {
            Self::Disabled => Code::ApiKeyDisabled.slug(),
            Self::Expired => Code::ApiKeyExpired.slug(),
            Self::InsufficientScope => Code::InsufficientScope.slug(),
            Self::Invalid => Code::InvalidApiKey.slug(),
            Self::Malformed => Code::MalformedApiKey.slug(),
            Self::RateLimited => Code::RateLimitExceeded.slug(),
            Self::Revoked => Code::ApiKeyRevoked.slug(),
            Self::Valid => Outcome::ALLOWED,
        }
    }
}

impl From<&Denial> for VerifyCode {
    fn from(denial: &Denial) -> Self {
        match denial {
            Denial::Disabled => Self::Disabled,
            Denial::Expired => Self::Expired,
            Denial::InsufficientScope(_) | Denial::WrongCredential(_) => Self::InsufficientScope,
            // A verification that cannot decide is answered 503 instead of with a code.
            Denial::Conflicting | Denial::Invalid | Denial::Unknown => Self::Invalid,
            Denial::Malformed
            | Denial::Missing
            | Denial::SessionEnded
            | Denial::TokenExpired
            | Denial::TokenInvalid
            | Denial::TokenRevoked => Self::Malformed,
            Denial::Revoked => Self::Revoked,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::VerifyCode::{
        Disabled, Expired, InsufficientScope, Invalid, Malformed, RateLimited, Revoked, Valid,
    };

    #[test]
    fn a_code_has_one_name() {
        for code in [Disabled, Expired, InsufficientScope, Invalid, Malformed, RateLimited, Revoked, Valid] {
            assert_eq!(serde_json::to_value(code).unwrap(), code.name());
        }
    }
}
