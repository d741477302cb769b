//! Request paths that have one meaning.
//!
//! A policy is worthless if a path has a spelling that Titan reads as one route and the upstream as another. So
//! Titan percent-decodes a path once, and refuses every spelling that some server reads differently.

use std::borrow::Cow;
use std::fmt;

/// Why a path is refused (400).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PathError {
    /// `\`, plain or encoded: some servers read it as a slash.
    Backslash,
    /// A control character, NUL included, plain or encoded.
    Control,
    /// `.` or `..` as a segment, plain or encoded.
    DotSegment,
    /// Escapes that would still be escapes after decoding.
    DoubleEncoding,
    /// `//`
    EmptySegment,
    /// `%2F`: one segment here, two elsewhere.
    EncodedSlash,
    /// `%` without two hexadecimal digits after it.
    Escape,
    /// Not `/…`.
    NotAbsolute,
    /// Bytes that are not UTF-8.
    NotUtf8,
    /// `;`, plain or encoded: some servers remove it and the text after it.
    Semicolon,
}

impl fmt::Display for PathError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Backslash => "path: must not contain a backslash",
            Self::Control => "path: must not contain control characters",
            Self::DotSegment => "path: must not contain . or .. segments",
            Self::DoubleEncoding => "path: must not be encoded twice",
            Self::EmptySegment => "path: must not contain empty segments",
            Self::EncodedSlash => "path: must not contain an encoded slash",
            Self::Escape => "path: has an incomplete percent escape",
            Self::NotAbsolute => "path: must begin with a slash",
            Self::NotUtf8 => "path: must be UTF-8",
            Self::Semicolon => "path: must not contain a semicolon",
        })
    }
}

impl std::error::Error for PathError {}

/// A decoded path with one meaning. A slash at its end does not count.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestPath<'a> {
    decoded: Cow<'a, str>,
    /// The form that the gateway forwards. It has no unnecessary escapes (RFC 3986, 6.2.2.2), so that an upstream
    /// that matches without decoding reads the same route.
    normal: Cow<'a, str>,
}

impl<'a> RequestPath<'a> {
    /// Reads the path of a request target, without its query.
    pub fn parse(raw: &'a str) -> Result<Self, PathError> {
        if !raw.starts_with('/') {
            return Err(PathError::NotAbsolute);
        }
        let path = decode(raw)?;
        check(&path.decoded)?;
        Ok(path)
    }

    /// The decoded path.
    pub fn as_str(&self) -> &str {
        &self.decoded
    }

    /// The path to forward.
    pub fn normal(&self) -> &str {
        &self.normal
    }

    /// The decoded path after the first slash, without a slash at its end.
    pub(super) fn inner(&self) -> &str {
        let path = self.decoded.strip_prefix('/').unwrap_or(&self.decoded);
        path.strip_suffix('/').unwrap_or(path)
    }
}

fn decode(raw: &str) -> Result<RequestPath<'_>, PathError> {
    if !raw.contains('%') {
        return Ok(RequestPath { decoded: Cow::Borrowed(raw), normal: Cow::Borrowed(raw) });
    }
    let (mut bytes, mut normal) = (Vec::with_capacity(raw.len()), Vec::with_capacity(raw.len()));
    let mut rest = raw.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'%' {
            bytes.push(byte);
            normal.push(byte);
            continue;
        }
        let (high, low) = rest.next().zip(rest.next()).ok_or(PathError::Escape)?;
        let decoded = hex(high).zip(hex(low)).map(|(high, low)| high << 4 | low).ok_or(PathError::Escape)?;
        if decoded == b'/' {
            return Err(PathError::EncodedSlash);
        }
        bytes.push(decoded);
        if decoded.is_ascii_alphanumeric() || matches!(decoded, b'-' | b'.' | b'_' | b'~') {
            normal.push(decoded);
        } else {
            normal.extend([b'%', high, low]);
        }
    }
    let decoded = String::from_utf8(bytes).map_err(|_| PathError::NotUtf8)?;
    let normal = String::from_utf8(normal).map_err(|_| PathError::NotUtf8)?;
    if has_escape(&decoded) {
        return Err(PathError::DoubleEncoding);
    }
    Ok(RequestPath { decoded: Cow::Owned(decoded), normal: Cow::Owned(normal) })
}

/// The text with one spelling for every letter, as an upstream that ignores case might compare it. Lower case
/// is not sufficient: it would keep `ſ`, `ς` and `ß` different from `s`, `σ` and `ss`.
pub fn fold(text: &str) -> Cow<'_, str> {
    if text.is_ascii() {
        let is_folded = !text.bytes().any(|c| c.is_ascii_uppercase());
        return if is_folded { Cow::Borrowed(text) } else { Cow::Owned(text.to_ascii_lowercase()) };
    }
    let lower = text.chars().flat_map(char::to_lowercase);
    Cow::Owned(lower.flat_map(char::to_uppercase).flat_map(char::to_lowercase).collect())
}

fn hex(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).and_then(|value| u8::try_from(value).ok())
}

fn has_escape(path: &str) -> bool {
    path.as_bytes().windows(3).any(|w| w[0] == b'%' && hex(w[1]).is_some() && hex(w[2]).is_some())
}

fn check(path: &str) -> Result<(), PathError> {
    for c in path.chars() {
        match c {
            '\\' => return Err(PathError::Backslash),
            ';' => return Err(PathError::Semicolon),
            c if c.is_control() => return Err(PathError::Control),
            _ => {}
        }
    }
    let mut segments = path.split('/').skip(1).peekable();
    while let Some(segment) = segments.next() {
        match segment {
            "." | ".." => return Err(PathError::DotSegment),
            "" if segments.peek().is_some() => return Err(PathError::EmptySegment),
            _ => {}
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn spellings_with_two_meanings_are_refused() {
        for (raw, error) in [
            ("/a//b", PathError::EmptySegment),
            ("//a", PathError::EmptySegment),
            ("/a/./b", PathError::DotSegment),
            ("/a/..", PathError::DotSegment),
            ("/a/%2e%2e/b", PathError::DotSegment),
            ("/a/%2E./b", PathError::DotSegment),
            ("/a%2Fb", PathError::EncodedSlash),
            ("/a%2fb", PathError::EncodedSlash),
            ("/a%00", PathError::Control),
            ("/a%0d%0ab", PathError::Control),
            ("/a;b", PathError::Semicolon),
            ("/a%3bb", PathError::Semicolon),
            ("/a\\b", PathError::Backslash),
            ("/a%5c..", PathError::Backslash),
            ("/a%252e%252e", PathError::DoubleEncoding),
            ("/a%25%32%65", PathError::DoubleEncoding),
            ("/a%", PathError::Escape),
            ("/a%zz", PathError::Escape),
            ("/a%ff", PathError::NotUtf8),
            ("/a%c0%ae", PathError::NotUtf8),
            ("*", PathError::NotAbsolute),
            ("", PathError::NotAbsolute),
        ] {
            assert_eq!(RequestPath::parse(raw), Err(error), "{raw}");
        }
    }

    #[test]
    fn plain_paths_are_decoded_once() {
        for (raw, inner) in [
            ("/", ""),
            ("/api/sessions", "api/sessions"),
            ("/api/sessions/", "api/sessions"),
            ("/a%40b", "a@b"),
            ("/100%25", "100%"),
            ("/%D1%8F", "я"),
            ("/a/...", "a/..."),
        ] {
            assert_eq!(RequestPath::parse(raw).unwrap().inner(), inner, "{raw}");
        }
    }

    #[test]
    fn what_need_not_be_escaped_is_passed_on_plain() {
        for (raw, normal) in
            [("/%73e%2Dx/%40/%d1%8f?", "/se-x/%40/%d1%8f?"), ("/a b", "/a b"), ("/%7e", "/~")]
        {
            assert_eq!(RequestPath::parse(raw).unwrap().normal(), normal, "{raw}");
        }
    }

    proptest! {
        #[test]
        fn what_is_accepted_has_no_second_reading(raw in "/[a-c./;%\\\\0-9]{0,12}") {
            if let Ok(path) = RequestPath::parse(&raw) {
                prop_assert!(!path.inner().split('/').any(|s| s == "." || s == ".."));
                prop_assert!(!path.inner().contains(['\\', ';', '\0']));
                prop_assert_eq!(path.inner().split('/').count(), raw.trim_matches('/').split('/').count());
            }
        }
    }
}
