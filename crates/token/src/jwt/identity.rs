//! The identity token: a JWT that tells the server behind the gateway who asks. `docs/token-format.md` is normative.
//!
//! It proves nothing to Titan. Its key, its type and its header are others than those of a session JWT, so neither is taken for
//! the other (RFC 8725, 3.11 and 3.12).

use super::key::JwtKey;
use super::{JwtParty, JwtPublicKey};
use crate::{KeyId, SigningSecret, TenantId, base64};
use alloc::format;
use alloc::string::String;
use core::fmt::Write;

/// The private key with which one slot signs identity tokens.
pub struct IdentityKey(JwtKey);

/// What an identity token says.
#[derive(Clone, Copy, Debug)]
pub struct IdentityClaims<'a> {
    /// `iss`
    pub issuer: &'a JwtParty,
    /// `aud`: the server behind the gateway.
    pub audience: &'a JwtParty,
    /// `sub`: the id of the user, or of the key if it has no owner.
    pub subject: &'a str,
    /// `tenant`
    pub tenant: TenantId,
    /// `scope`: the names, with spaces between them.
    pub scope: &'a str,
    /// `key`: the key that asks; none for a user who has signed in.
    pub key: Option<KeyId>,
    /// `session`: that of the guarded API which the path names.
    pub session: Option<&'a str>,
    /// `iat`: seconds since 1970.
    pub issued_at: u32,
    /// `exp`
    pub expires_at: u32,
}

impl IdentityKey {
    /// The key of the slot that has `secret`.
    pub fn derive(secret: &SigningSecret) -> Self {
        Self(JwtKey::derive_identity(secret))
    }

    /// What others verify with.
    pub fn public(&self) -> &JwtPublicKey {
        self.0.public()
    }
}

impl IdentityClaims<'_> {
    /// Signs these claims: the compact serialization (RFC 7515, 3.1). The same claims give the same text.
    pub fn sign(&self, key: &IdentityKey) -> String {
        let header =
            format!(r#"{{"alg":"EdDSA","typ":"titan-identity+jwt","kid":"{}"}}"#, key.public().kid());
        let mut text = String::new();
        base64::append(header.as_bytes(), &mut text);
        text.push('.');
        base64::append(self.to_json().as_bytes(), &mut text);
        let signature = key.0.sign(text.as_bytes());
        text.push('.');
        base64::append(&signature, &mut text);
        text
    }

    fn to_json(self) -> String {
        let Self { issuer, audience, tenant, issued_at, expires_at, .. } = self;
        let mut json = format!(r#"{{"iss":"{issuer}","aud":"{audience}","sub":"#);
        push_string(self.subject, &mut json);
        // Writing to a text cannot fail.
        let _ = write!(json, r#","tenant":{tenant},"scope":"#);
        push_string(self.scope, &mut json);
        if let Some(key) = self.key {
            let _ = write!(json, r#","key":"{key}""#);
        }
        if let Some(session) = self.session {
            json.push_str(r#","session":"#);
            push_string(session, &mut json);
        }
        let _ = write!(json, r#","iat":{issued_at},"exp":{expires_at}}}"#);
        json
    }
}

/// A JSON string (RFC 8259, 7). A path can name a session of any characters.
fn push_string(text: &str, json: &mut String) {
    json.push('"');
    for character in text.chars() {
        match character {
            '"' | '\\' => {
                json.push('\\');
                json.push(character);
            }
            '\0'..='\x1f' => {
                let _ = write!(json, "\\u{:04x}", u32::from(character));
            }
            _ => json.push(character),
        }
    }
    json.push('"');
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::UntrustedJwt;

    #[test]
    fn no_session_breaks_out_of_its_string() {
        let party = JwtParty::new("titan").unwrap();
        let claims = IdentityClaims {
            issuer: &party,
            audience: &party,
            subject: "usr_1",
            tenant: TenantId(1),
            scope: "a:b c:d",
            key: None,
            session: Some("x\",\"tenant\":2,\"y\\\n\u{1}é"),
            issued_at: 1,
            expires_at: 61,
        };
        let json = claims.to_json();
        let read: serde_json::Value = serde_json::from_str(&json).unwrap();
        assert_eq!((&read["tenant"], &read["session"]), (&1.into(), &claims.session.unwrap().into()));
        assert_eq!(json.matches("tenant").count(), 2);
    }

    #[test]
    fn it_is_no_session_jwt() {
        let party = JwtParty::new("titan").unwrap();
        let secret = SigningSecret::new([1; 32]);
        let key = IdentityKey::derive(&secret);
        let claims = IdentityClaims {
            issuer: &party,
            audience: &party,
            subject: "usr_1",
            tenant: TenantId(1),
            scope: "*",
            key: None,
            session: None,
            issued_at: 1,
            expires_at: 61,
        };
        assert!(UntrustedJwt::parse(&claims.sign(&key)).is_err());
        assert_ne!(key.public().kid(), JwtKey::derive(&secret).public().kid(), "another key");
    }
}
