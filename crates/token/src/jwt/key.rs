//! The keys of session JWTs: Ed25519 (RFC 8032).

use super::SIGNATURE;
use crate::{SigningSecret, base64};
use alloc::format;
use alloc::string::String;
use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::signature::{ED25519, Ed25519KeyPair, KeyPair, ParsedPublicKey};
use core::fmt;

const LABEL: &[u8] = b"titan/v1/session-jwt";
const IDENTITY_LABEL: &[u8] = b"titan/v1/identity-jwt";

/// Which key signed: the thumbprint of its public key (RFC 7638), base64url of a SHA-256.
///
/// It is no secret. It only chooses among keys that are known; nothing is fetched by it (RFC 8725, 3.10).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Kid([u8; 32]);

impl Kid {
    /// 43 characters.
    pub(super) const TEXT: usize = base64::length(32);

    /// RFC 7638, 3: the required members (RFC 8037, 2), sorted, without white space.
    fn of(x: &str) -> Self {
        let members = format!(r#"{{"crv":"Ed25519","kty":"OKP","x":"{x}"}}"#);
        let mut bytes = [0; 32];
        bytes.copy_from_slice(digest(&SHA256, members.as_bytes()).as_ref());
        Self(bytes)
    }

    pub(super) fn from_text(text: &[u8; Self::TEXT]) -> Option<Self> {
        base64::decode(str::from_utf8(text).ok()?).ok().map(Self)
    }

    pub(super) fn to_text(self) -> [u8; Self::TEXT] {
        let mut text = [0; Self::TEXT];
        text.copy_from_slice(encoded(&self.0).as_bytes());
        text
    }
}

impl fmt::Display for Kid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&encoded(&self.0))
    }
}

impl fmt::Debug for Kid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

fn encoded(bytes: &[u8; 32]) -> String {
    let mut text = String::with_capacity(Kid::TEXT);
    base64::append(bytes, &mut text);
    text
}

/// The private key with which one slot signs session JWTs: its seed is derived by HKDF (RFC 5869) from the
/// slot's secret.
///
/// Whoever holds it can sign in as anyone, so it never leaves the process. AWS-LC clears what it frees.
pub struct JwtKey {
    pair: Ed25519KeyPair,
    public: JwtPublicKey,
}

impl JwtKey {
    /// The key of the slot that has `secret`.
    pub fn derive(secret: &SigningSecret) -> Self {
        Self::derive_for(secret, LABEL)
    }

    /// The same for identity tokens.
    pub(super) fn derive_identity(secret: &SigningSecret) -> Self {
        Self::derive_for(secret, IDENTITY_LABEL)
    }

    fn derive_for(secret: &SigningSecret, label: &'static [u8]) -> Self {
        match Self::from_seed(&secret.derive(label)) {
            Some(key) => key,
            // RFC 8032, 5.1.5: each seed of 32 bytes has a key.
            None => unreachable!("32 bytes are a seed"),
        }
    }

    fn from_seed(seed: &[u8; 32]) -> Option<Self> {
        let pair = Ed25519KeyPair::from_seed_unchecked(seed).ok()?;
        let public = JwtPublicKey::new(pair.public_key().as_ref().try_into().ok()?)?;
        Some(Self { pair, public })
    }

    /// What others verify with.
    pub fn public(&self) -> &JwtPublicKey {
        &self.public
    }

    /// The same, where nothing is signed.
    pub fn into_public(self) -> JwtPublicKey {
        self.public
    }

    /// RFC 8032, 5.1.6. It panics if memory is exhausted, like every allocation.
    pub(super) fn sign(&self, message: &[u8]) -> [u8; SIGNATURE] {
        let mut signature = [0; SIGNATURE];
        signature.copy_from_slice(self.pair.sign(message).as_ref());
        signature
    }
}

/// The public key of a slot: verifies and cannot sign. It is parsed once, when it is made.
pub struct JwtPublicKey {
    parsed: ParsedPublicKey,
    bytes: [u8; 32],
    kid: Kid,
}

impl JwtPublicKey {
    /// From its 32 bytes (RFC 8032, 5.1.2), or `None` if AWS-LC refuses them.
    pub fn new(bytes: [u8; 32]) -> Option<Self> {
        let parsed = ParsedPublicKey::new(&ED25519, bytes).ok()?;
        Some(Self { parsed, bytes, kid: Kid::of(&encoded(&bytes)) })
    }

    /// Its 32 bytes.
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.bytes
    }

    /// Its thumbprint.
    pub fn kid(&self) -> Kid {
        self.kid
    }

    /// One member of a JWKS's `keys` (RFC 7517, 4; RFC 8037, 2): a JSON object without white space.
    pub fn to_jwk(&self) -> String {
        let (x, kid) = (encoded(&self.bytes), self.kid);
        format!(r#"{{"kty":"OKP","crv":"Ed25519","x":"{x}","kid":"{kid}","alg":"EdDSA","use":"sig"}}"#)
    }

    pub(super) fn is_signature_of(&self, signature: &[u8; SIGNATURE], message: &[u8]) -> bool {
        self.parsed.verify_sig(message, signature).is_ok()
    }
}
