//! What a session JWT says.

use super::template::Template;
use super::{JwtKey, LONGEST, SIGNATURE, header};
use crate::{JwtId, PlainToken, SessionId, TenantId, UserId, base64};
use alloc::boxed::Box;
use alloc::format;
use alloc::string::String;
use core::fmt;

/// The issuer or the audience of a JWT: a name, usually a URL (`StringOrURI`: RFC 7519, 2).
///
/// 1 to 255 visible ASCII characters without `"` and `\`, so that JSON needs no escapes.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct JwtParty(Box<str>);

impl JwtParty {
    pub(super) const LONGEST: usize = 255;

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

impl fmt::Display for JwtParty {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for JwtParty {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

/// The names of scopes with single spaces between them (RFC 6749, 3.3), or no scope at all.
///
/// At most 2,048 bytes; each name is visible ASCII without `"` and `\`.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct ScopeNames(Box<str>);

impl ScopeNames {
    const LONGEST: usize = 2048;

    /// `None` if it is too long, has another character, or a space too many.
    pub fn new(text: &str) -> Option<Self> {
        let is_name = |name: &str| !name.is_empty() && name.bytes().all(is_plain);
        let are_names = text.is_empty() || text.split(' ').all(is_name);
        (text.len() <= Self::LONGEST && are_names).then(|| Self(text.into()))
    }

    /// The names in this order, or `None` if they are too long together or one of them is none.
    pub fn join<'a>(names: impl IntoIterator<Item = &'a str>) -> Option<Self> {
        let mut text = String::new();
        for name in names {
            // Only a name may make a space: else an empty one would vanish, or one with a space be two.
            if name.is_empty() || name.contains(' ') || text.len() > Self::LONGEST {
                return None;
            }
            text.push_str(if text.is_empty() { "" } else { " " });
            text.push_str(name);
        }
        Self::new(&text)
    }

    /// As it stands in the claim.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Each name.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.split(' ').filter(|name| !name.is_empty())
    }
}

impl fmt::Debug for ScopeNames {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

/// `NQCHAR` (RFC 6749, appendix A): visible ASCII but `"` and `\`, which are all that JSON would escape.
pub(super) fn is_plain(c: u8) -> bool {
    c.is_ascii_graphic() && c != b'"' && c != b'\\'
}

/// What a session JWT says: who signed in, where, and until when (RFC 9068, 2.2).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JwtClaims {
    /// `iss`: who issued it.
    pub issuer: JwtParty,
    /// `aud`: for whom it is.
    pub audience: JwtParty,
    /// `sub`: who signed in.
    pub subject: UserId,
    /// `tenant`: where.
    pub tenant: TenantId,
    /// `scope`: what the role held when it was issued.
    pub scope: ScopeNames,
    /// `sid`: the session, which can be ended.
    pub session: SessionId,
    /// `ver`: the epoch of the session; a lower one than the session's is no longer good.
    pub version: u32,
    /// `iat`: seconds since 1970.
    pub issued_at: u32,
    /// `exp`: seconds since 1970; the JWT is expired from this second on.
    pub expires_at: u32,
    /// `jti`: its own id.
    pub id: JwtId,
}

/// The longest JSON of any claims: names and punctuation, two parties, the scopes, three ids, four numbers.
const LONGEST_JSON: usize = 88 + 2 * JwtParty::LONGEST + ScopeNames::LONGEST + 3 * 30 + 4 * 10;
/// What is signed is never refused for its length.
const _: () = assert!(header::TEXT + base64::length(LONGEST_JSON) + base64::length(SIGNATURE) + 2 <= LONGEST);

impl JwtClaims {
    /// Signs these claims: the compact serialization (RFC 7515, 3.1).
    ///
    /// The same claims give the same text, as Ed25519 draws nothing at random.
    pub fn sign(&self, key: &JwtKey) -> PlainToken {
        let json = self.to_json();
        // Its length is known, so that no copy is left behind when it grows.
        let length = header::TEXT + base64::length(json.len()) + base64::length(SIGNATURE) + 2;
        let mut text = String::with_capacity(length);
        header::append(key.public().kid(), &mut text);
        text.push('.');
        base64::append(json.as_bytes(), &mut text);
        let signature = key.sign(text.as_bytes());
        text.push('.');
        base64::append(&signature, &mut text);
        PlainToken::new(text)
    }

    fn to_json(&self) -> String {
        let Self { issuer, audience, subject, tenant, session, version, issued_at, expires_at, id, .. } =
            self;
        let scope = self.scope.as_str();
        let who = format!(r#""iss":"{issuer}","aud":"{audience}","sub":"{subject}","tenant":{tenant}"#);
        let what = format!(r#""scope":"{scope}","sid":"{session}","ver":{version}"#);
        format!(r#"{{{who},{what},"iat":{issued_at},"exp":{expires_at},"jti":"{id}"}}"#)
    }

    /// The one spelling that `to_json` has, or `None`.
    pub(super) fn from_json(text: &str) -> Option<Self> {
        let mut json = Template::new(text);
        let claims = Self {
            issuer: JwtParty::new(json.text(r#"{"iss":""#)?)?,
            audience: JwtParty::new(json.text(r#"","aud":""#)?)?,
            subject: json.text(r#"","sub":""#)?.parse().ok()?,
            tenant: TenantId(json.number(r#"","tenant":"#)?),
            scope: ScopeNames::new(json.text(r#","scope":""#)?)?,
            session: json.text(r#"","sid":""#)?.parse().ok()?,
            version: json.number(r#"","ver":"#)?,
            issued_at: json.number(r#","iat":"#)?,
            expires_at: json.number(r#","exp":"#)?,
            id: json.text(r#","jti":""#)?.parse().ok()?,
        };
        json.finish(r#""}"#)?;
        Some(claims)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{SigningSecret, UntrustedJwt, Uuid};
    use alloc::vec;

    fn longest() -> JwtClaims {
        let (text, id) = ("~".repeat(ScopeNames::LONGEST), Uuid::from_bits(u128::MAX));
        let party = JwtParty::new(&text[..JwtParty::LONGEST]).unwrap();
        JwtClaims {
            issuer: party.clone(),
            audience: party,
            subject: UserId::new(id),
            tenant: TenantId(u32::MAX),
            scope: ScopeNames::new(&text).unwrap(),
            session: SessionId::new(id),
            version: u32::MAX,
            issued_at: u32::MAX,
            expires_at: u32::MAX,
            id: JwtId::new(id),
        }
    }

    #[test]
    fn the_longest_claims_are_as_long_as_was_counted() {
        let claims = longest();
        assert_eq!(claims.to_json().len(), LONGEST_JSON);
        let text = claims.sign(&JwtKey::derive(&SigningSecret::new([1; 32])));
        assert!(UntrustedJwt::parse(text.expose()).is_ok());
    }

    #[test]
    fn names_of_scopes_are_joined_by_single_spaces() {
        let joined = |names: &[&str]| ScopeNames::join(names.iter().copied()).map(|names| names.0);
        assert_eq!(joined(&[]).as_deref(), Some(""));
        assert_eq!(joined(&["keys:manage", "*"]).as_deref(), Some("keys:manage *"));
        assert_eq!(joined(&["", "a"]), None);
        assert_eq!(joined(&["a b"]), None);
        assert_eq!(joined(&["\""]), None);
        assert_eq!(joined(&vec!["a"; 1024]).unwrap().len(), 2047);
        assert_eq!(joined(&vec!["a"; 1025]), None, "2,049 bytes");
        assert_eq!(ScopeNames::new("a b").unwrap().iter().count(), 2);
        assert_eq!(ScopeNames::default().iter().count(), 0);
    }
}
