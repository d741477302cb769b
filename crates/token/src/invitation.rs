//! The secret of an invitation: a link that is good once.

use crate::base64;
use crate::opaque::sha256;
use crate::{Malformed, PlainToken};
use alloc::string::String;
use core::fmt;

/// What is stored of an invitation's secret: SHA-256 of its whole text.
///
/// A type of its own, so that an invitation is not looked for among keys. A plain hash is enough for 256
/// random bits.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct HashedInvitation([u8; 32]);

impl HashedInvitation {
    /// The 32 bytes.
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Debug for HashedInvitation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("HashedInvitation")
    }
}

/// `titan_inv_` and 43 base64url characters: 256 random bits.
pub struct InvitationToken(HashedInvitation);

impl InvitationToken {
    pub(crate) const PREFIX: &'static str = "titan_inv_";
    const RANDOM: usize = 32;

    /// A new one from 256 random bits: its text, which is sent once, and what is kept of it.
    pub fn from_random(random: [u8; Self::RANDOM]) -> (PlainToken, Self) {
        let mut text = String::with_capacity(Self::PREFIX.len() + base64::length(Self::RANDOM));
        text.push_str(Self::PREFIX);
        base64::append(&random, &mut text);
        let token = Self::new(&text);
        (PlainToken::new(text), token)
    }

    /// Reads a text as it was presented, as strictly as a key.
    ///
    /// # Errors
    ///
    /// Another prefix, another length, another alphabet, padding, or spare bits that are set.
    pub fn parse(text: &str) -> Result<Self, Malformed> {
        let random = text.strip_prefix(Self::PREFIX).ok_or(Malformed::Prefix)?;
        base64::decode::<{ Self::RANDOM }>(random).map(|_| Self::new(text))
    }

    fn new(whole: &str) -> Self {
        Self(HashedInvitation(sha256(whole)))
    }

    /// The name under which it is stored.
    pub fn hashed(&self) -> HashedInvitation {
        self.0
    }
}
