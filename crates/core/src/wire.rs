//! What all surfaces say alike: how a body is read, and how an error is worded.

use crate::error::{Code, Error};
use crate::policy::Style;
use crate::suggest::explain;
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::error::Error as StdError;
use std::fmt;

/// The largest body on the control plane: 64 KiB.
pub const MAX_BODY: usize = 64 * 1024;

/// Why a body ended early: nothing more of it came for too long.
#[derive(Clone, Copy, Debug)]
pub struct BodyTimeout;

impl BodyTimeout {
    /// Whether it is behind this error.
    pub fn is_behind(error: &(dyn StdError + 'static)) -> bool {
        std::iter::successors(Some(error), |&error| error.source()).any(<dyn StdError>::is::<Self>)
    }
}

impl fmt::Display for BodyTimeout {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the body stopped coming")
    }
}

impl StdError for BodyTimeout {}

impl From<BodyTimeout> for Error {
    fn from(_: BodyTimeout) -> Self {
        Self::new(Code::RequestTimeout, "body: nothing more came in time")
    }
}

/// The answer to a body that cannot be read to its end.
pub fn unreadable(error: &(dyn StdError + 'static)) -> Error {
    if BodyTimeout::is_behind(error) { BodyTimeout.into() } else { Error::invalid("body: broke off") }
}

/// Whether a `Content-Type` says JSON (RFC 8259; parameters do not count).
pub fn is_json(content_type: &[u8]) -> bool {
    let essence = content_type.split(|c| *c == b';').next().unwrap_or_default();
    essence.trim_ascii().eq_ignore_ascii_case(b"application/json")
}

/// Reads a JSON object. An unknown, repeated or ill-typed field is 400, and named.
pub fn from_json<T: DeserializeOwned>(body: &[u8]) -> Result<T, Error> {
    // Serde would also fill a struct from an array, by position.
    if body.trim_ascii_start().first() != Some(&b'{') {
        return Err(Error::invalid("body: must be a JSON object"));
    }
    // Only a wrong body is read a second time, to name the field.
    serde_json::from_slice(body).or_else(|_| read_with_path(body))
}

fn read_with_path<T: DeserializeOwned>(body: &[u8]) -> Result<T, Error> {
    let mut reader = serde_json::Deserializer::from_slice(body);
    let value = serde_path_to_error::deserialize(&mut reader).map_err(|error| {
        let path = error.path().to_string();
        let cause = explain(&without_place(&error.into_inner().to_string()));
        if path == "." || path == "?" {
            Error::invalid(format!("body: {cause}"))
        } else {
            Error::invalid(format!("{path}: {cause}"))
        }
    })?;
    reader.end().map_err(|_| Error::invalid("body: must contain only one JSON object"))?;
    Ok(value)
}

/// A required field that may be missing.
pub fn required<T>(field: &str, value: Option<T>) -> Result<T, Error> {
    value.ok_or_else(|| Error::invalid(format!("missing required field: {field}")))
}

/// `serde_json` ends its texts with `at line 1 column 2`, which says nothing about a body of one line.
fn without_place(text: &str) -> String {
    text.rsplit_once(" at line ").map_or(text, |(cause, _)| cause).to_owned()
}

impl Error {
    /// The body of this error, in the words of a surface.
    pub fn to_body(&self, style: Style) -> String {
        let (message, code) = (self.message(), self.code());
        let body = match style {
            Style::OAuth => {
                serde_json::to_string(&OAuthError { error: oauth_error(code), error_description: message })
            }
            Style::Titan => serde_json::to_string(&TitanError { error: message, code: code.slug() }),
            Style::Platform => {
                let error = PlatformCause { code: platform_code(code), message };
                serde_json::to_string(&PlatformError { success: false, error })
            }
            Style::Whatomate => serde_json::to_string(&WhatomateError { status: "error", message, data: () }),
        };
        // Texts alone always serialise.
        body.unwrap_or_default()
    }
}

/// RFC 6749, 5.2, and for bearer tokens RFC 6750, 3.1.
fn oauth_error(code: Code) -> &'static str {
    match code.status() {
        401 => "invalid_token",
        403 => "insufficient_scope",
        503 => "temporarily_unavailable",
        500.. => "server_error",
        _ => "invalid_request",
    }
}

// Structs, so that the fields stand in the order in which the pages print them.

#[derive(Serialize)]
struct TitanError<'a> {
    error: &'a str,
    code: &'a str,
}

#[derive(Serialize)]
struct OAuthError<'a> {
    error: &'a str,
    error_description: &'a str,
}

#[derive(Serialize)]
struct PlatformError<'a> {
    success: bool,
    error: PlatformCause<'a>,
}

#[derive(Serialize)]
struct PlatformCause<'a> {
    code: &'a str,
    message: &'a str,
}

#[derive(Serialize)]
struct WhatomateError<'a> {
    status: &'a str,
    message: &'a str,
    data: (),
}

/// The platform's clients branch on the status and these words.
fn platform_code(code: Code) -> &'static str {
    match code.status() {
        400 | 413 | 415 => "BAD_REQUEST",
        401 => "UNAUTHORIZED",
        402 => "PAYMENT_REQUIRED",
        403 => "FORBIDDEN",
        404 => "NOT_FOUND",
        405 => "METHOD_NOT_ALLOWED",
        408 => "REQUEST_TIMEOUT",
        409 => "CONFLICT",
        429 => "TOO_MANY_REQUESTS",
        502 => "BAD_GATEWAY",
        503 => "SERVICE_UNAVAILABLE",
        504 => "GATEWAY_TIMEOUT",
        _ => "INTERNAL_SERVER_ERROR",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde::Deserialize;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    #[expect(dead_code, reason = "only its shape counts")]
    struct Body {
        label: Option<String>,
        days: Option<i64>,
    }

    fn error(body: &str) -> String {
        from_json::<Body>(body.as_bytes()).unwrap_err().to_string()
    }

    #[test]
    fn bad_bodies_name_the_field() {
        assert_eq!(error(r#"{"label":1}"#), "label: invalid type: integer `1`, expected a string");
        assert!(error(r#"{"lable":"x"}"#).contains("unknown field `lable`; did you mean label?"));
        assert!(error(r#"{"color":"x"}"#).contains("unknown field `color`, expected `label` or `days`"));
        assert!(error(r#"{"label":"x","label":"y"}"#).contains("duplicate field `label`"));
        assert!(error(r#"{"days":99999999999999999999}"#).starts_with("days: "));
        assert!(error(r#"{"days":1.5}"#).starts_with("days: "));
        assert!(error("{").starts_with("body: "));
        assert!(error(r#"["x",1]"#).starts_with("body: "));
        assert!(error("{} {}").contains("only one JSON object"));
        assert!(error(&format!("{}{}", "[".repeat(500), "]".repeat(500))).starts_with("body: "));
        assert!(from_json::<Body>(b"{\"label\":\"\xff\"}").is_err());
    }

    #[test]
    fn content_types() {
        assert!(is_json(b"application/json"));
        assert!(is_json(b"Application/JSON; charset=utf-8"));
        assert!(!is_json(b"application/jsonp"));
        assert!(!is_json(b"text/plain"));
    }

    #[test]
    fn only_a_failure_of_the_server_says_so_on_the_platform() {
        for code in Code::ALL {
            let is_failure = platform_code(code) == "INTERNAL_SERVER_ERROR";
            assert_eq!(is_failure, code.status() == 500, "{code:?}");
        }
    }

    #[test]
    fn one_error_in_three_styles() {
        let error = Error::new(Code::ApiKeyExpired, "api key expired");
        assert_eq!(error.to_body(Style::Titan), r#"{"error":"api key expired","code":"api_key_expired"}"#);
        assert_eq!(
            error.to_body(Style::Platform),
            r#"{"success":false,"error":{"code":"UNAUTHORIZED","message":"api key expired"}}"#
        );
        assert_eq!(
            error.to_body(Style::Whatomate),
            r#"{"status":"error","message":"api key expired","data":null}"#
        );
    }
}
