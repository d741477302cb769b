//! The refresh token: which session, and how often it was refreshed.

use crate::base64;
use crate::cursor::Cursor;
use crate::mac::{Mac, MacKey, Message};
use crate::{BadMac, Malformed, PlainToken, SessionId, SigningSecret, Slot, Uuid};
use alloc::string::String;

const PREFIX: [u8; 9] = *b"titan_rt_";
const LABEL: &[u8] = b"titan/v1/refresh-token";
const CLAIMS: usize = 21;
const PAYLOAD: usize = CLAIMS + size_of::<Mac>();

/// The HMAC-SHA256 key with which one slot signs refresh tokens: derived by HKDF (RFC 5869) from the slot's secret.
///
/// Whoever holds it can continue every session, so it never leaves the process.
pub struct RefreshKey(MacKey);

impl RefreshKey {
    /// The key of the slot that has `secret`.
    pub fn derive(secret: &SigningSecret) -> Self {
        Self(MacKey::new(&secret.derive(LABEL)))
    }
}

/// What a refresh token says. It does not expire by itself: its session does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RefreshClaims {
    /// The signing key that signed it.
    pub slot: Slot,
    /// The session that it continues.
    pub session: SessionId,
    /// How many were used before it in this session. An older one than the session's is a reuse (RFC 9700, 4.14.2).
    pub generation: u32,
}

impl RefreshClaims {
    fn to_bytes(self) -> [u8; CLAIMS] {
        let mut bytes = [0; CLAIMS];
        bytes[0] = self.slot.number();
        bytes[1..17].copy_from_slice(&self.session.uuid().bits().to_be_bytes());
        bytes[17..].copy_from_slice(&self.generation.to_be_bytes());
        bytes
    }

    fn from_bytes(bytes: &[u8; CLAIMS]) -> Option<Self> {
        let mut fields = Cursor::new(bytes);
        let [head] = fields.take()?;
        let claims = Self {
            // Version 0 is a high nibble of zeros, so the whole byte is the slot.
            slot: Slot::new(head)?,
            session: SessionId::new(Uuid::from_bits(u128::from_be_bytes(fields.take()?))),
            generation: u32::from_be_bytes(fields.take()?),
        };
        fields.finish()?;
        Some(claims)
    }

    fn message(self) -> Message {
        Message::new(&PREFIX, &self.to_bytes())
    }

    /// Signs these claims: the text of the token. The same claims give the same text.
    pub fn sign(self, key: &RefreshKey) -> PlainToken {
        let mut payload = [0; PAYLOAD];
        payload[..CLAIMS].copy_from_slice(&self.to_bytes());
        payload[CLAIMS..].copy_from_slice(&key.0.mac(&self.message()));
        let mut text = String::with_capacity(PREFIX.len() + base64::length(PAYLOAD));
        text.push_str(UntrustedRefresh::PREFIX);
        base64::append(&payload, &mut text);
        PlainToken::new(text)
    }
}

/// A text that has the shape of a refresh token. Nothing that it says may be believed or told to anyone.
pub struct UntrustedRefresh {
    claims: RefreshClaims,
    mac: Mac,
}

impl UntrustedRefresh {
    pub(crate) const PREFIX: &'static str = match str::from_utf8(&PREFIX) {
        Ok(text) => text,
        Err(_) => unreachable!(),
    };

    /// Reads `titan_rt_` and 71 base64url characters, as strictly as a key.
    ///
    /// # Errors
    ///
    /// Another prefix, another length, another alphabet, padding, spare bits that are set, or another version.
    pub fn parse(text: &str) -> Result<Self, Malformed> {
        let payload = text.strip_prefix(Self::PREFIX).ok_or(Malformed::Prefix)?;
        let payload = base64::decode::<PAYLOAD>(payload)?;
        let mut fields = Cursor::new(&payload);
        let (claims, mac) = fields.take().zip(fields.take()).ok_or(Malformed::Length)?;
        let claims = RefreshClaims::from_bytes(&claims).ok_or(Malformed::Version)?;
        Ok(Self { claims, mac })
    }

    /// Which slot it names: to find the key, for nothing else.
    pub fn slot(&self) -> Slot {
        self.claims.slot
    }

    /// The only way to a [`VerifiedRefresh`]: the MAC over prefix and claims holds under `key`. Compared in constant
    /// time.
    pub fn verify(&self, key: &RefreshKey) -> Result<VerifiedRefresh, BadMac> {
        let is_ours = key.0.is_mac_of(&self.mac, &self.claims.message());
        if is_ours { Ok(VerifiedRefresh(self.claims)) } else { Err(BadMac) }
    }
}

/// A refresh token that one of our signing keys signed. It may still be used up, or its session ended.
#[derive(Clone, Copy, Debug)]
pub struct VerifiedRefresh(RefreshClaims);

impl VerifiedRefresh {
    /// What the token says.
    pub fn claims(&self) -> &RefreshClaims {
        &self.0
    }
}
