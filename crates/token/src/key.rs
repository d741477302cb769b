//! The self-contained key: what it carries, how it is read, minted and verified.

use crate::base64;
use crate::cursor::Cursor;
use crate::mac::{Mac, Message};
use crate::{BadMac, KeyId, Malformed, PlainKey, ScopeSet, SigningKey, Uuid};
use alloc::string::String;
use core::fmt;

const CLAIMS: usize = 41;
const PAYLOAD: usize = CLAIMS + size_of::<Mac>();
/// 98 characters.
const TEXT: usize = base64::length(PAYLOAD);

/// On which surface a key was issued. It is under the MAC, so a key cannot be moved to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Prefix {
    /// `titan_sk_live_`
    Live,
    /// `titan_`
    Standard,
    /// `titan_sk_test_`
    Test,
}

impl Prefix {
    /// All, longest first: the order in which a text must be compared with them.
    pub const ALL: [Self; 3] = [Self::Live, Self::Test, Self::Standard];

    const LIVE: [u8; 14] = *b"titan_sk_live_";
    const STANDARD: [u8; 6] = *b"titan_";
    const TEST: [u8; 14] = *b"titan_sk_test_";

    /// As it stands before the payload.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Live => const { text(&Self::LIVE) },
            Self::Standard => const { text(&Self::STANDARD) },
            Self::Test => const { text(&Self::TEST) },
        }
    }

    /// What the MAC is computed over: the prefix and the claims. Each has its own length, known here, so that
    /// nothing is left to count when a key is verified.
    #[inline]
    fn message(self, claims: &[u8; CLAIMS]) -> Message {
        match self {
            Self::Live => Message::new(&Self::LIVE, claims),
            Self::Standard => Message::new(&Self::STANDARD, claims),
            Self::Test => Message::new(&Self::TEST, claims),
        }
    }
}

const fn text(ascii: &'static [u8]) -> &'static str {
    match core::str::from_utf8(ascii) {
        Ok(text) => text,
        Err(_) => unreachable!(),
    }
}

/// Which of the 16 signing keys signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Slot(u8);

impl Slot {
    /// Slot 0.
    pub const FIRST: Self = Self(0);

    /// The slot `number`, or `None` above 15.
    pub const fn new(number: u8) -> Option<Self> {
        if number < 16 { Some(Self(number)) } else { None }
    }

    /// Its number, 0 to 15.
    pub const fn number(self) -> u8 {
        self.0
    }

    /// Its place in an array of 16.
    pub fn index(self) -> usize {
        usize::from(self.0)
    }
}

/// The number of a tenant.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TenantId(pub u32);

impl fmt::Display for TenantId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

impl fmt::Debug for TenantId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "tenant {}", self.0)
    }
}

/// What a key says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Claims {
    /// The signing key that signed it.
    pub slot: Slot,
    /// Its id; its first 48 bits are the issue time.
    pub id: KeyId,
    /// To whom it belongs.
    pub tenant: TenantId,
    /// What was granted, before implications.
    pub scopes: ScopeSet,
    /// Seconds since 1970; the key is expired from this second on.
    pub expires_at: u32,
}

impl Claims {
    #[inline]
    fn to_bytes(self) -> [u8; CLAIMS] {
        let mut bytes = [0; CLAIMS];
        bytes[0] = self.slot.0;
        bytes[1..17].copy_from_slice(&self.id.uuid().bits().to_be_bytes());
        bytes[17..21].copy_from_slice(&self.tenant.0.to_be_bytes());
        bytes[21..37].copy_from_slice(&self.scopes.bits().to_be_bytes());
        bytes[37..].copy_from_slice(&self.expires_at.to_be_bytes());
        bytes
    }

    #[inline]
    fn from_bytes(bytes: &[u8; CLAIMS]) -> Option<Self> {
        let mut fields = Cursor::new(bytes);
        let [head] = fields.take()?;
        let claims = Self {
            slot: Slot::new(head)?,
            id: KeyId::new(Uuid::from_bits(u128::from_be_bytes(fields.take()?))),
            tenant: TenantId(u32::from_be_bytes(fields.take()?)),
            scopes: ScopeSet::from_bits(u128::from_be_bytes(fields.take()?)),
            expires_at: u32::from_be_bytes(fields.take()?),
        };
        fields.finish()?;
        Some(claims)
    }

    /// Signs these claims: the text of the key.
    ///
    /// The same claims give the same text, so an answer that was lost can be given again from its row.
    pub fn sign(self, prefix: Prefix, key: &SigningKey) -> PlainKey {
        let claims = self.to_bytes();
        let mac = key.sign(&prefix.message(&claims));
        let mut payload = [0; PAYLOAD];
        payload[..CLAIMS].copy_from_slice(&claims);
        payload[CLAIMS..].copy_from_slice(&mac);
        let mut text = String::with_capacity(prefix.as_str().len() + TEXT);
        text.push_str(prefix.as_str());
        base64::append(&payload, &mut text);
        PlainKey::new(text)
    }
}

/// A text that has the shape of a key. Nothing that it says may be believed or told to anyone.
pub struct UntrustedKey {
    prefix: Prefix,
    claims: Claims,
    mac: Mac,
}

impl UntrustedKey {
    /// Reads the 98 characters behind `prefix`: exact length, URL-safe alphabet, no padding, no spare bits
    /// set, version 0.
    #[inline]
    pub(crate) fn parse(prefix: Prefix, text: &str) -> Result<Self, Malformed> {
        let payload = base64::decode::<PAYLOAD>(text)?;
        let mut fields = Cursor::new(&payload);
        let (claims, mac) = fields.take().zip(fields.take()).ok_or(Malformed::Length)?;
        let claims = Claims::from_bytes(&claims).ok_or(Malformed::Version)?;
        Ok(Self { prefix, claims, mac })
    }

    /// What the text claims to be, unproven: to find the signing key, to warm a cache, and for
    /// `titan keys inspect`. Never to decide.
    pub fn unproven(&self) -> &Claims {
        &self.claims
    }

    /// The prefix before the payload.
    pub fn prefix(&self) -> Prefix {
        self.prefix
    }

    /// The way to a [`VerifiedKey`]: the MAC over prefix and claims holds under `key`.
    #[inline]
    pub fn verify(&self, key: &SigningKey) -> Result<VerifiedKey, BadMac> {
        key.check(&self.prefix.message(&self.claims.to_bytes()), &self.mac)?;
        Ok(VerifiedKey { prefix: self.prefix, claims: self.claims, is_imported: false })
    }
}

/// A key that one of our signing keys signed, or that was imported. It may still be expired, revoked or disabled.
#[derive(Clone, Copy, Debug)]
pub struct VerifiedKey {
    prefix: Prefix,
    claims: Claims,
    is_imported: bool,
}

impl VerifiedKey {
    /// A key of another system. The caller has found these claims under the SHA-256 of the text that was presented: that is its
    /// proof. Its slot means nothing.
    pub fn imported(claims: Claims) -> Self {
        Self { prefix: Prefix::Standard, claims, is_imported: true }
    }

    /// Whether no signing key of ours signed it.
    pub fn is_imported(&self) -> bool {
        self.is_imported
    }

    /// What the key says.
    pub fn claims(&self) -> &Claims {
        &self.claims
    }

    /// The surface for which it was issued.
    pub fn prefix(&self) -> Prefix {
        self.prefix
    }
}
