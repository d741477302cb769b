//! What a browser holds that has signed in to the console: which session, and whose.

use crate::base64;
use crate::cursor::Cursor;
use crate::mac::{Mac, MacKey, Message};
use crate::{BadMac, Malformed, PlainToken, SessionId, SigningSecret, Slot, Uuid};
use alloc::string::String;

const PREFIX: [u8; 9] = *b"titan_cs_";
const LABEL: &[u8] = b"titan/v1/console-token";
const CLAIMS: usize = 22;
const PAYLOAD: usize = CLAIMS + size_of::<Mac>();

/// To whom a console token is bound, beyond what it says: under its MAC, and not in it. For a holder of the master key, a part of the
/// hash of that key, so that the tokens end with the key. Zeros for a user.
pub type Binding = [u8; 8];

/// The HMAC-SHA256 key with which one slot signs console tokens: derived by HKDF (RFC 5869) from the slot's secret.
pub struct ConsoleKey(MacKey);

impl ConsoleKey {
    /// The key of the slot that has `secret`.
    pub fn derive(secret: &SigningSecret) -> Self {
        Self(MacKey::new(&secret.derive(LABEL)))
    }
}

/// What a console token is good for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ConsoleKind {
    /// The holder of the master key works in this session.
    Master,
    /// A user works in this session.
    User,
    /// Beside one of the other two: its holder has proved a moment ago who it is.
    Proof,
}

impl ConsoleKind {
    const ALL: [Self; 3] = [Self::Master, Self::User, Self::Proof];

    const fn number(self) -> u8 {
        match self {
            Self::Master => 0,
            Self::User => 1,
            Self::Proof => 2,
        }
    }
}

/// What a console token says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ConsoleClaims {
    /// The signing key that signed it.
    pub slot: Slot,
    /// What it is good for.
    pub kind: ConsoleKind,
    /// The session.
    pub session: SessionId,
    /// When it expires: seconds since 1970.
    pub expires_at: u32,
}

impl ConsoleClaims {
    fn to_bytes(self) -> [u8; CLAIMS] {
        let mut bytes = [0; CLAIMS];
        bytes[0] = self.slot.number();
        bytes[1] = self.kind.number();
        bytes[2..18].copy_from_slice(&self.session.uuid().bits().to_be_bytes());
        bytes[18..].copy_from_slice(&self.expires_at.to_be_bytes());
        bytes
    }

    fn from_bytes(bytes: &[u8; CLAIMS]) -> Option<Self> {
        let mut fields = Cursor::new(bytes);
        let [head, kind] = fields.take()?;
        let claims = Self {
            // Version 0 is a high nibble of zeros, so the whole byte is the slot.
            slot: Slot::new(head)?,
            kind: ConsoleKind::ALL.into_iter().find(|known| known.number() == kind)?,
            session: SessionId::new(Uuid::from_bits(u128::from_be_bytes(fields.take()?))),
            expires_at: u32::from_be_bytes(fields.take()?),
        };
        fields.finish()?;
        Some(claims)
    }

    fn message(self, binding: Binding) -> Message {
        let mut tail = [0; CLAIMS + size_of::<Binding>()];
        tail[..CLAIMS].copy_from_slice(&self.to_bytes());
        tail[CLAIMS..].copy_from_slice(&binding);
        Message::new(&PREFIX, &tail)
    }

    /// Signs these claims: the text of the token.
    pub fn sign(self, key: &ConsoleKey, binding: Binding) -> PlainToken {
        let mut payload = [0; PAYLOAD];
        payload[..CLAIMS].copy_from_slice(&self.to_bytes());
        payload[CLAIMS..].copy_from_slice(&key.0.mac(&self.message(binding)));
        let mut text = String::with_capacity(PREFIX.len() + base64::length(PAYLOAD));
        text.push_str(UntrustedConsole::PREFIX);
        base64::append(&payload, &mut text);
        PlainToken::new(text)
    }
}

/// A text that has the shape of a console token. Nothing that it says may be believed or told to anyone.
pub struct UntrustedConsole {
    claims: ConsoleClaims,
    mac: Mac,
}

impl UntrustedConsole {
    const PREFIX: &'static str = match str::from_utf8(&PREFIX) {
        Ok(text) => text,
        Err(_) => unreachable!(),
    };

    /// Reads `titan_cs_` and 72 base64url characters, as strictly as a key.
    ///
    /// # Errors
    ///
    /// Another prefix, another length, another alphabet, padding, spare bits that are set, another version, or an unknown kind.
    pub fn parse(text: &str) -> Result<Self, Malformed> {
        let payload = text.strip_prefix(Self::PREFIX).ok_or(Malformed::Prefix)?;
        let payload = base64::decode::<PAYLOAD>(payload)?;
        let mut fields = Cursor::new(&payload);
        let (claims, mac) = fields.take().zip(fields.take()).ok_or(Malformed::Length)?;
        let claims = ConsoleClaims::from_bytes(&claims).ok_or(Malformed::Version)?;
        Ok(Self { claims, mac })
    }

    /// Which slot it names: to find the key, for nothing else.
    pub fn slot(&self) -> Slot {
        self.claims.slot
    }

    /// What it claims to be: to find the bindings that are possible, for nothing else.
    pub fn kind(&self) -> ConsoleKind {
        self.claims.kind
    }

    /// The only way to a [`VerifiedConsole`]: the MAC over prefix, claims and binding holds under `key`. Compared in constant
    /// time.
    pub fn verify(&self, key: &ConsoleKey, binding: Binding) -> Result<VerifiedConsole, BadMac> {
        let is_ours = key.0.is_mac_of(&self.mac, &self.claims.message(binding));
        if is_ours { Ok(VerifiedConsole { claims: self.claims, binding }) } else { Err(BadMac) }
    }
}

/// A console token that one of our signing keys signed. It may have expired, or its session ended.
#[derive(Clone, Copy, Debug)]
pub struct VerifiedConsole {
    claims: ConsoleClaims,
    binding: Binding,
}

impl VerifiedConsole {
    /// What the token says.
    pub fn claims(&self) -> &ConsoleClaims {
        &self.claims
    }

    /// To whom it is bound.
    pub fn binding(&self) -> Binding {
        self.binding
    }
}
