//! The one error that a caller can meet.

mod code;

pub use code::Code;

use crate::store_error::StoreError;
use std::borrow::Cow;
use std::error::Error as StdError;
use std::fmt;

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
