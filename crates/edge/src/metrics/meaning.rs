//! Which value of a label stands for what the edge knows.

use super::{Credential, Limit, Reason, Status};
use crate::limits::Kind;
use crate::snapshot::Proven;
use crate::verify::VerifyCode;
use http::StatusCode;
use titan_core::access::Denial;
use titan_core::error::Code;

impl Credential {
    /// By how the text begins: whatever is behind it, there is one answer.
    pub(crate) fn of(text: &str) -> Self {
        if text.starts_with("titan_sk_") {
            Self::PlatformKey
        } else if text.starts_with("titan_ct_") {
            Self::ClientToken
        } else if text.starts_with("titan_") {
            Self::ApiKey
        } else if text.starts_with("whm_") {
            Self::Opaque
        } else if text.starts_with("eyJ") {
            Self::Jwt
        } else {
            Self::Unknown
        }
    }
}

impl Credential {
    /// The same of a text that was looked at.
    pub(crate) fn proven(text: &str, proven: Option<&Proven>) -> Self {
        match proven {
            Some(Proven::Key(key)) if key.is_imported() => Self::Imported,
            _ => Self::of(text),
        }
    }

    /// Where no text was found that could be one.
    pub(crate) fn without(denial: &Denial) -> Self {
        if *denial == Denial::Missing { Self::None } else { Self::Unknown }
    }
}

impl Reason {
    /// `None`: the error is not about the credential.
    pub(crate) const fn of(code: Code) -> Option<Self> {
        Some(match code {
            Code::ActionNotAllowed => Self::ActionNotAllowed,
            Code::ApiKeyDisabled => Self::Disabled,
            Code::ApiKeyExpired | Code::TokenExpired => Self::Expired,
            Code::ApiKeyRevoked | Code::TokenRevoked => Self::Revoked,
            Code::ClientTokensDisabled => Self::ClientTokensDisabled,
            Code::ConflictingCredentials => Self::Conflicting,
            Code::InsufficientScope => Self::InsufficientScope,
            Code::InvalidApiKey | Code::InvalidToken => Self::Invalid,
            Code::LicenseExpired => Self::LicenseExpired,
            Code::MalformedApiKey => Self::Malformed,
            Code::MissingApiKey => Self::Missing,
            Code::NotReady => Self::Unavailable,
            Code::OriginNotAllowed => Self::OriginNotAllowed,
            Code::RateLimitExceeded => Self::RateLimited,
            Code::RecipientNotAllowed => Self::RecipientNotAllowed,
            Code::RevocationUnknown => Self::Stale,
            Code::RouteNotAllowed => Self::RouteNotAllowed,
            Code::SessionEnded => Self::SessionEnded,
            Code::SessionNotAllowed => Self::SessionNotAllowed,
            Code::WrongCredential => Self::WrongCredential,
            // Named one by one, so that a new code must say what it is.
            Code::Conflict
            | Code::Internal
            | Code::InvalidCredentials
            | Code::InvalidMasterKey
            | Code::InvalidRequest
            | Code::MethodNotAllowed
            | Code::MissingMasterKey
            | Code::NotFound
            | Code::PayloadTooLarge
            | Code::RequestTimeout
            | Code::SecondFactorRequired
            | Code::SessionLimitReached
            | Code::UnsupportedMediaType
            | Code::UpstreamTimeout
            | Code::UpstreamUnreachable => return None,
        })
    }
}

impl From<VerifyCode> for Reason {
    fn from(code: VerifyCode) -> Self {
        match code {
            VerifyCode::Disabled => Self::Disabled,
            VerifyCode::Expired => Self::Expired,
            VerifyCode::InsufficientScope => Self::InsufficientScope,
            VerifyCode::Invalid => Self::Invalid,
            VerifyCode::Malformed => Self::Malformed,
            VerifyCode::RateLimited => Self::RateLimited,
            VerifyCode::Revoked => Self::Revoked,
            VerifyCode::Valid => Self::Valid,
        }
    }
}

impl From<Kind> for Limit {
    fn from(kind: Kind) -> Self {
        match kind {
            Kind::Client => Self::Client,
            Kind::Global => Self::Global,
            Kind::Key => Self::Key,
            Kind::Message => Self::Message,
        }
    }
}

impl From<StatusCode> for Status {
    fn from(status: StatusCode) -> Self {
        match status.as_u16() / 100 {
            1 => Self::Informational,
            2 => Self::Success,
            3 => Self::Redirection,
            4 => Self::ClientError,
            _ => Self::ServerError,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A credential that nobody accepts must not be able to name a series.
    #[test]
    fn any_text_is_one_of_the_kinds() {
        for (text, kind) in [
            ("titan_sk_live_x", Credential::PlatformKey),
            ("titan_ct_x", Credential::ClientToken),
            ("titan_x", Credential::ApiKey),
            ("whm_x", Credential::Opaque),
            ("eyJhbGciOiJub25lIn0.e30.", Credential::Jwt),
            ("", Credential::Unknown),
            ("Titan_x", Credential::Unknown),
            ("\"}\n# HELP x", Credential::Unknown),
        ] {
            assert_eq!(Credential::of(text), kind, "{text}");
        }
    }

    #[test]
    fn what_is_no_status_of_http_is_an_error_of_the_server() {
        let class = |code: u16| Status::from(StatusCode::from_u16(code).unwrap());
        assert_eq!(
            [101, 204, 304, 429, 503, 999].map(class).map(Status::name),
            ["1xx", "2xx", "3xx", "4xx", "5xx", "5xx"]
        );
    }
}
