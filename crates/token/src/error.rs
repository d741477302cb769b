//! Why a text is no credential.

use core::fmt;

/// What is wrong with the shape of a presented text.
///
/// It names the rule, never the text, so that it can be logged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Malformed {
    /// A character outside the alphabet, padding, or bits set behind the last byte.
    Alphabet,
    /// Not the one header that our JWTs have.
    Header,
    /// Too short or too long for its prefix.
    Length,
    /// Not three parts with dots between them, as a JWT has (RFC 7515, 3.1).
    Parts,
    /// No prefix of ours.
    Prefix,
    /// A format version that this program does not know.
    Version,
}

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Alphabet => "not canonical base64url or hex",
            Self::Header => "not a header of a session token",
            Self::Length => "wrong length",
            Self::Parts => "not three parts",
            Self::Prefix => "unknown prefix",
            Self::Version => "unknown format version",
        })
    }
}

impl core::error::Error for Malformed {}
