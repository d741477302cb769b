//! The client token: what a page in a browser holds. `docs/token-format.md` is normative.
//!
//! It carries no authority: it says whose rules decide. Its key, its type and its prefix are others than those of a session JWT,
//! so neither is taken for the other (RFC 8725, 3.11 and 3.12).

use super::claims::is_plain;
use super::template::Template;
use super::{BadJwt, JwtParty, LONGEST};
use crate::{ClientTokenId, KeyId, Malformed, PlainToken, SigningSecret, Slot, TenantId, base64};
use alloc::boxed::Box;
use alloc::format;
use alloc::string::String;
use aws_lc_rs::hmac::{HMAC_SHA256, Key, sign, verify};
use core::fmt;

const LABEL: &[u8] = b"titan/v1/client-token";
const PREFIX: &str = "titan_ct_";
const BEFORE: &str = r#"{"alg":"HS256","typ":"titan-client+jwt","kid":""#;
const AFTER: &str = r#""}"#;
const HEADER: usize = BEFORE.len() + 1 + AFTER.len();
/// An HMAC-SHA256.
const MAC: usize = 32;

/// The HMAC-SHA256 key with which one slot signs client tokens: derived by HKDF (RFC 5869) from the slot's secret.
///
/// Whoever holds it can speak for every page, so it never leaves the process.
pub struct ClientKey(Key);

impl ClientKey {
    /// The key of the slot that has `secret`.
    pub fn derive(secret: &SigningSecret) -> Self {
        Self(Key::new(HMAC_SHA256, &*secret.derive(LABEL)))
    }
}

/// The name of a session of the guarded API: a letter or a digit, and up to 63 of `A` to `Z`, `a` to `z`, `0` to `9`, `.`, `_` and
/// `-`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SessionName(Box<str>);

impl SessionName {
    const LONGEST: usize = 64;

    /// `None` if it is empty, too long, or has another character.
    pub fn new(text: &str) -> Option<Self> {
        let begins_well = text.starts_with(|c: char| c.is_ascii_alphanumeric());
        let is_part = |c: u8| c.is_ascii_alphanumeric() || matches!(c, b'.' | b'_' | b'-');
        (begins_well && text.len() <= Self::LONGEST && text.bytes().all(is_part)).then(|| Self(text.into()))
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for SessionName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for SessionName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

/// A name that others give to a person or a chat: 1 to 128 visible ASCII characters without `"` and `\`, so that JSON needs no
/// escapes.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PlainName(Box<str>);

impl PlainName {
    const LONGEST: usize = 128;

    /// `None` if it is empty, too long, or has another character.
    pub fn new(text: &str) -> Option<Self> {
        let is_name = (1..=Self::LONGEST).contains(&text.len()) && text.bytes().all(is_plain);
        is_name.then(|| Self(text.into()))
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for PlainName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for PlainName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

/// What a client token says: for which person and which session it is, and which key answers for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientClaims {
    /// `iss`: who issued it.
    pub issuer: JwtParty,
    /// `aud`: for whom it is.
    pub audience: JwtParty,
    /// `tenant`
    pub tenant: TenantId,
    /// `session`: the only session that it reaches.
    pub session: SessionName,
    /// `sub`: the person, as the tenant's backend names it.
    pub subject: PlainName,
    /// `chat`: with whom the person talks.
    pub chat: Option<PlainName>,
    /// `parent`: the key that minted it, and with which it ends.
    pub parent: KeyId,
    /// `iat`: seconds since 1970.
    pub issued_at: u32,
    /// `exp`: seconds since 1970; the token is expired from this second on.
    pub expires_at: u32,
    /// `jti`: its own id.
    pub id: ClientTokenId,
}

/// The longest JSON of any claims: names and punctuation, two parties, three names, two ids, three numbers.
const LONGEST_JSON: usize =
    96 + 2 * JwtParty::LONGEST + SessionName::LONGEST + 2 * PlainName::LONGEST + 30 + 29 + 3 * 10;
/// What is signed is never refused for its length.
const _: () =
    assert!(base64::length(HEADER) + base64::length(LONGEST_JSON) + base64::length(MAC) + 2 <= LONGEST);

impl ClientClaims {
    /// Signs these claims with the key of `slot`. The same claims give the same text.
    pub fn sign(&self, slot: Slot, key: &ClientKey) -> PlainToken {
        let (header, json) = (format!("{BEFORE}{:x}{AFTER}", slot.number()), self.to_json());
        let length = base64::length(HEADER) + base64::length(json.len()) + base64::length(MAC) + 2;
        let mut text = String::with_capacity(PREFIX.len() + length);
        text.push_str(PREFIX);
        base64::append(header.as_bytes(), &mut text);
        text.push('.');
        base64::append(json.as_bytes(), &mut text);
        let mac = sign(&key.0, text.get(PREFIX.len()..).unwrap_or_default().as_bytes());
        text.push('.');
        base64::append(mac.as_ref(), &mut text);
        PlainToken::new(text)
    }

    fn to_json(&self) -> String {
        let Self { issuer, audience, tenant, session, subject, parent, issued_at, expires_at, id, .. } = self;
        let who = format!(r#""iss":"{issuer}","aud":"{audience}","tenant":{tenant},"session":"{session}""#);
        let chat = self.chat.as_ref().map(|chat| format!(r#","chat":"{chat}""#)).unwrap_or_default();
        let when = format!(r#""iat":{issued_at},"exp":{expires_at},"jti":"{id}""#);
        format!(r#"{{{who},"sub":"{subject}"{chat},"parent":"{parent}",{when}}}"#)
    }

    /// The one spelling that `to_json` has, or `None`.
    fn from_json(text: &str) -> Option<Self> {
        let mut json = Template::new(text);
        let claims = Self {
            issuer: JwtParty::new(json.text(r#"{"iss":""#)?)?,
            audience: JwtParty::new(json.text(r#"","aud":""#)?)?,
            tenant: TenantId(json.number(r#"","tenant":"#)?),
            session: SessionName::new(json.text(r#","session":""#)?)?,
            subject: PlainName::new(json.text(r#"","sub":""#)?)?,
            chat: json
                .optional_text(r#"","chat":""#)
                .map(|text| PlainName::new(text).ok_or(()))
                .transpose()
                .ok()?,
            parent: json.text(r#"","parent":""#)?.parse().ok()?,
            issued_at: json.number(r#"","iat":"#)?,
            expires_at: json.number(r#","exp":"#)?,
            id: json.text(r#","jti":""#)?.parse().ok()?,
        };
        json.finish(r#""}"#)?;
        Some(claims)
    }
}

/// A text that has the shape of a client token. Of what it says, only the slot of its key can be had.
pub struct UntrustedClientToken<'a> {
    slot: Slot,
    /// Header, dot, payload: what the MAC is over (RFC 7515, 5.1).
    signed: &'a str,
    payload: &'a str,
    mac: [u8; MAC],
}

impl<'a> UntrustedClientToken<'a> {
    /// What it begins with.
    pub const PREFIX: &'static str = PREFIX;

    /// Reads a text as it was presented.
    ///
    /// # Errors
    ///
    /// Another prefix, more than 4,096 bytes behind it, not three parts, a part that is not canonical base64url, a header that is
    /// not byte for byte ours, or a MAC that has not 32 bytes.
    pub fn parse(text: &'a str) -> Result<Self, Malformed> {
        let jwt = text.strip_prefix(PREFIX).ok_or(Malformed::Prefix)?;
        if jwt.len() > LONGEST {
            return Err(Malformed::Length);
        }
        let (signed, mac) = jwt.rsplit_once('.').ok_or(Malformed::Parts)?;
        let (header, payload) = signed.split_once('.').ok_or(Malformed::Parts)?;
        if payload.contains('.') {
            return Err(Malformed::Parts);
        }
        let slot = slot_in(header)?;
        base64::check(payload)?;
        Ok(Self { slot, signed, payload, mac: base64::decode(mac)? })
    }

    /// Which slot it names: to find the key, for nothing else.
    pub fn slot(&self) -> Slot {
        self.slot
    }

    /// The only way to a [`VerifiedClientToken`]: the MAC holds under `key`, and the claims are as this program writes them. Compared
    /// in constant time.
    ///
    /// Time, issuer and audience are for the caller to check.
    pub fn verify(&self, key: &ClientKey) -> Result<VerifiedClientToken, BadJwt> {
        verify(&key.0, self.signed.as_bytes(), &self.mac).map_err(|_| BadJwt::Signature)?;
        self.claims().map(|claims| VerifiedClientToken { slot: self.slot, claims }).ok_or(BadJwt::Claims)
    }

    /// For `verify` alone.
    fn claims(&self) -> Option<ClientClaims> {
        let json = base64::decode_any(self.payload).ok()?;
        ClientClaims::from_json(str::from_utf8(&json).ok()?)
    }
}

/// The slot that a header names. Any other header is refused.
fn slot_in(header: &str) -> Result<Slot, Malformed> {
    let bytes = base64::decode::<HEADER>(header).map_err(|error| match error {
        Malformed::Length => Malformed::Header,
        error => error,
    })?;
    let text = str::from_utf8(&bytes).map_err(|_| Malformed::Header)?;
    let kid = text.strip_prefix(BEFORE).and_then(|rest| rest.strip_suffix(AFTER)).ok_or(Malformed::Header)?;
    let is_digit = |c: u8| c.is_ascii_digit() || (b'a'..=b'f').contains(&c);
    let number = u8::from_str_radix(kid, 16).ok().filter(|_| kid.bytes().all(is_digit));
    number.and_then(Slot::new).ok_or(Malformed::Header)
}

/// A client token that one of our signing keys signed. It may still be expired or revoked, and its rules may allow nothing.
#[derive(Clone, Debug)]
pub struct VerifiedClientToken {
    slot: Slot,
    claims: ClientClaims,
}

impl VerifiedClientToken {
    /// The slot whose key signed it.
    pub fn slot(&self) -> Slot {
        self.slot
    }

    /// What the token says.
    pub fn claims(&self) -> &ClientClaims {
        &self.claims
    }

    /// The same, to keep.
    pub fn into_claims(self) -> ClientClaims {
        self.claims
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{JwtKey, Presented, SigningKey, UntrustedJwt, Uuid};

    fn longest() -> ClientClaims {
        let (party, name) =
            (JwtParty::new(&"~".repeat(255)).unwrap(), PlainName::new(&"~".repeat(128)).unwrap());
        let id = Uuid::from_bits(u128::MAX);
        ClientClaims {
            issuer: party.clone(),
            audience: party,
            tenant: TenantId(u32::MAX),
            session: SessionName::new(&"z".repeat(64)).unwrap(),
            subject: name.clone(),
            chat: Some(name),
            parent: KeyId::new(id),
            issued_at: u32::MAX,
            expires_at: u32::MAX,
            id: ClientTokenId::new(id),
        }
    }

    fn secret() -> SigningSecret {
        SigningSecret::new([1; 32])
    }

    #[test]
    fn the_longest_claims_are_as_long_as_was_counted_and_read_back() {
        let (claims, slot) = (longest(), Slot::new(15).unwrap());
        assert_eq!(claims.to_json().len(), LONGEST_JSON);
        let (text, key) = (claims.sign(slot, &ClientKey::derive(&secret())), ClientKey::derive(&secret()));
        let token = UntrustedClientToken::parse(text.expose()).unwrap();
        assert_eq!((token.slot(), token.verify(&key).unwrap().claims()), (slot, &claims));
        assert!(matches!(Presented::parse(text.expose()), Ok(Presented::Client(_))));
    }

    #[test]
    fn the_shortest_is_longer_than_any_key() {
        let name = |text| PlainName::new(text).unwrap();
        let party = JwtParty::new("a").unwrap();
        let claims = ClientClaims {
            issuer: party.clone(),
            audience: party,
            tenant: TenantId(0),
            session: SessionName::new("s").unwrap(),
            subject: name("p"),
            chat: None,
            issued_at: 0,
            expires_at: 0,
            ..longest()
        };
        let text = claims.sign(Slot::new(0).unwrap(), &ClientKey::derive(&secret()));
        assert!(matches!(Presented::parse(text.expose()), Ok(Presented::Client(_))), "{}", text.expose());
        let token = UntrustedClientToken::parse(text.expose()).unwrap();
        assert_eq!(token.verify(&ClientKey::derive(&secret())).unwrap().claims(), &claims);
    }

    /// The same secret signs them all, each kind with a key of its own.
    #[test]
    fn it_is_no_session_jwt_and_no_session_jwt_is_it() {
        let text = longest().sign(Slot::new(0).unwrap(), &ClientKey::derive(&secret()));
        let jwt = text.expose().strip_prefix(PREFIX).unwrap();
        assert!(UntrustedJwt::parse(jwt).is_err() && UntrustedClientToken::parse(jwt).is_err());
        let _keys = (JwtKey::derive(&secret()), SigningKey::for_api_keys(&secret()));
    }

    #[test]
    fn names_have_no_character_that_json_would_escape() {
        for text in ["", "a b", "\"", "\\", "é", "\n"] {
            assert!(PlainName::new(text).is_none() && SessionName::new(text).is_none(), "{text}");
        }
        for text in [".a", "-a", "_a", "a/b", "a@b", &"a".repeat(65)] {
            assert!(SessionName::new(text).is_none(), "{text}");
        }
        assert!(SessionName::new("a.b_c-9").is_some() && PlainName::new("4915@c.us").is_some());
        assert!(PlainName::new(&"a".repeat(129)).is_none());
    }
}
