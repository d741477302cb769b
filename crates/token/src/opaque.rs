//! Keys that say nothing: found by their SHA-256.

use crate::Malformed;
use aws_lc_rs::digest::{SHA256, digest};
use core::fmt;

/// What is stored of an opaque or legacy key: SHA-256 of its whole text.
///
/// A plain hash is enough, as both kinds have 128 or more random bits.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct HashedKey([u8; 32]);

impl HashedKey {
    fn of(text: &str) -> Self {
        let mut bytes = [0; 32];
        bytes.copy_from_slice(digest(&SHA256, text.as_bytes()).as_ref());
        Self(bytes)
    }

    /// The 32 bytes.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Debug for HashedKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("HashedKey")
    }
}

/// `whm_` and 32 lower-case hex digits.
pub struct OpaqueKey(HashedKey);

/// `titan_` and 64 lower-case hex digits: imported from elsewhere, never issued.
pub struct LegacyKey(HashedKey);

impl OpaqueKey {
    pub(crate) const PREFIX: &'static str = "whm_";

    pub(crate) fn parse(whole: &str, hex: &str) -> Result<Self, Malformed> {
        check_hex(hex, 32).map(|()| Self(HashedKey::of(whole)))
    }

    /// The name under which it is stored.
    pub fn hashed(&self) -> HashedKey {
        self.0
    }
}

impl LegacyKey {
    pub(crate) const DIGITS: usize = 64;

    pub(crate) fn parse(whole: &str, hex: &str) -> Result<Self, Malformed> {
        check_hex(hex, Self::DIGITS).map(|()| Self(HashedKey::of(whole)))
    }

    /// The name under which it is stored.
    pub fn hashed(&self) -> HashedKey {
        self.0
    }
}

fn check_hex(hex: &str, digits: usize) -> Result<(), Malformed> {
    if hex.len() != digits {
        return Err(Malformed::Length);
    }
    let is_hex = |c: u8| c.is_ascii_digit() || (b'a'..=b'f').contains(&c);
    if hex.bytes().all(is_hex) { Ok(()) } else { Err(Malformed::Alphabet) }
}
