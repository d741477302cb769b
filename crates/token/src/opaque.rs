//! Keys that say nothing: found by their SHA-256.

use crate::presented::is_for_elsewhere;
use crate::{Malformed, PlainKey};
use alloc::string::String;
use aws_lc_rs::digest::{SHA256, digest};
use core::fmt;

/// What is stored of an opaque or legacy key: SHA-256 of its whole text.
///
/// A plain hash is enough, as both kinds have 128 or more random bits.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct HashedKey([u8; 32]);

/// Shorter texts are no keys that anybody should import, and longer ones are none that anybody sends.
const FOREIGN: core::ops::RangeInclusive<usize> = 16..=256;

impl HashedKey {
    /// Of the whole text of a key.
    pub fn of(text: &str) -> Self {
        Self(sha256(text))
    }

    /// Whether another system may have issued this key: 16 to 256 visible ASCII characters that do not begin like a credential of
    /// ours for another place.
    pub fn is_foreign(text: &str) -> bool {
        FOREIGN.contains(&text.len()) && text.bytes().all(|c| c.is_ascii_graphic()) && !is_for_elsewhere(text)
    }

    /// Takes over the bytes that were stored.
    pub const fn from_bytes(bytes: [u8; 32]) -> Self {
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

/// SHA-256 (FIPS 180-4) of a text.
pub(crate) fn sha256(text: &str) -> [u8; 32] {
    let mut bytes = [0; 32];
    bytes.copy_from_slice(digest(&SHA256, text.as_bytes()).as_ref());
    bytes
}

/// `whm_` and 32 lower-case hex digits.
pub struct OpaqueKey {
    hashed: HashedKey,
    lead: [u8; LEAD],
}

/// `titan_` and 64 lower-case hex digits: imported from elsewhere, never issued.
pub struct LegacyKey(HashedKey);

/// How many digits a list of keys shows: 32 of the 128 bits.
const LEAD: usize = 8;

impl OpaqueKey {
    pub(crate) const PREFIX: &'static str = "whm_";
    const DIGITS: usize = 32;

    /// A new key from 128 random bits: its text, which is shown once, and what is kept of it.
    pub fn from_random(random: [u8; 16]) -> (PlainKey, Self) {
        let mut text = String::with_capacity(Self::PREFIX.len() + Self::DIGITS);
        text.push_str(Self::PREFIX);
        text.extend(random.into_iter().flat_map(hex_digits));
        let key = Self::new(&text);
        (PlainKey::new(text), key)
    }

    pub(crate) fn parse(whole: &str, hex: &str) -> Result<Self, Malformed> {
        check_hex(hex, Self::DIGITS).map(|()| Self::new(whole))
    }

    fn new(whole: &str) -> Self {
        let digits = whole.as_bytes().get(Self::PREFIX.len()..).and_then(|digits| digits.first_chunk());
        Self { hashed: HashedKey::of(whole), lead: digits.copied().unwrap_or_default() }
    }

    /// The name under which it is stored.
    pub fn hashed(&self) -> HashedKey {
        self.hashed
    }

    /// Its first 8 digits, without `whm_`: by them its owner tells it from others in a list.
    pub fn lead(&self) -> &str {
        str::from_utf8(&self.lead).unwrap_or_default()
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

fn hex_digits(byte: u8) -> [char; 2] {
    [byte >> 4, byte & 15].map(|nibble| char::from(b"0123456789abcdef"[usize::from(nibble)]))
}

fn check_hex(hex: &str, digits: usize) -> Result<(), Malformed> {
    if hex.len() != digits {
        return Err(Malformed::Length);
    }
    let is_hex = |c: u8| c.is_ascii_digit() || (b'a'..=b'f').contains(&c);
    if hex.bytes().all(is_hex) { Ok(()) } else { Err(Malformed::Alphabet) }
}
