//! Licenses: claims that their issuer has signed with Ed25519 (RFC 8032), as a text with armour.
//!
//! ```text
//! -----BEGIN TITAN LICENSE-----
//! base64(signature || claims), in lines of 64 characters
//! -----END TITAN LICENSE-----
//! ```

use crate::{Malformed, base64};
use alloc::string::String;
use alloc::vec::Vec;
use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
use aws_lc_rs::signature::{ED25519, Ed25519KeyPair, KeyPair, ParsedPublicKey};
use base64_simd::STANDARD;
use core::fmt;
use zeroize::Zeroizing;

const BEGIN: &str = "-----BEGIN TITAN LICENSE-----";
const END: &str = "-----END TITAN LICENSE-----";
const PRIVATE_KEY: (&str, &str) = ("-----BEGIN PRIVATE KEY-----", "-----END PRIVATE KEY-----");
/// Before the claims, under the signature: a text signed for another purpose is no license.
const PURPOSE: &[u8] = b"titan/v1/license\0";
const SIGNATURE: usize = 64;
/// As PEM has it (RFC 7468, 2).
const LINE: usize = 64;
/// A license has some hundred bytes.
const LONGEST: usize = 16 * 1024;

/// What signs licenses. It belongs to whoever sells them, never to a Titan that is licensed.
pub struct LicenseKey(Ed25519KeyPair);

impl LicenseKey {
    /// The key of this seed.
    pub fn from_seed(seed: &[u8; 32]) -> Self {
        match Ed25519KeyPair::from_seed_unchecked(seed) {
            Ok(pair) => Self(pair),
            // RFC 8032, 5.1.5: each seed of 32 bytes has a key.
            Err(_) => unreachable!("32 bytes are a seed"),
        }
    }

    /// From PKCS #8 (RFC 5958), as `openssl genpkey -algorithm ed25519` makes it too.
    pub fn from_pkcs8(der: &[u8]) -> Option<Self> {
        Ed25519KeyPair::from_pkcs8_maybe_unchecked(der).ok().map(Self)
    }

    /// As PKCS #8 in PEM (RFC 7468, 10).
    pub fn to_pem(&self) -> Option<Zeroizing<String>> {
        let der: Pkcs8V1Der<'_> = self.0.as_der().ok()?;
        Some(Zeroizing::new(armoured(PRIVATE_KEY, der.as_ref())))
    }

    /// What verifies its licenses.
    pub fn public(&self) -> LicensePublicKey {
        let mut bytes = [0; 32];
        bytes.copy_from_slice(self.0.public_key().as_ref());
        LicensePublicKey(bytes)
    }

    /// A license with these claims.
    pub fn sign(&self, claims: &str) -> String {
        let mut bytes = self.0.sign(&signed(claims.as_bytes())).as_ref().to_vec();
        bytes.extend_from_slice(claims.as_bytes());
        armoured((BEGIN, END), &bytes)
    }
}

/// What verifies licenses: 43 characters of base64url.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LicensePublicKey([u8; 32]);

impl LicensePublicKey {
    /// Reads its text.
    pub fn parse(text: &str) -> Result<Self, Malformed> {
        base64::decode(text).map(Self)
    }
}

impl fmt::Display for LicensePublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = String::new();
        base64::append(&self.0, &mut text);
        f.write_str(&text)
    }
}

/// A text that looks like a license. Nobody has looked at its signature.
#[derive(Debug)]
pub struct UntrustedLicense {
    signature: [u8; SIGNATURE],
    claims: String,
}

/// The claims of a license whose signature holds.
#[derive(Debug)]
pub struct VerifiedLicense(String);

/// The signature is not by this key over these claims.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BadSignature;

impl UntrustedLicense {
    /// Reads the armour. Nothing but white space may be around it: what else stood there would not be signed.
    pub fn parse(text: &str) -> Result<Self, Malformed> {
        if text.len() > LONGEST {
            return Err(Malformed::Length);
        }
        let body = text.trim().strip_prefix(BEGIN).and_then(|rest| rest.strip_suffix(END));
        let body: String = body.ok_or(Malformed::Prefix)?.split_ascii_whitespace().collect();
        let bytes = STANDARD.decode_to_vec(body).map_err(|_| Malformed::Alphabet)?;
        let (signature, claims) = bytes.split_first_chunk().ok_or(Malformed::Length)?;
        let claims = String::from_utf8(claims.to_vec()).map_err(|_| Malformed::Alphabet)?;
        Ok(Self { signature: *signature, claims })
    }

    /// The only way to a [`VerifiedLicense`].
    pub fn verify(self, key: &LicensePublicKey) -> Result<VerifiedLicense, BadSignature> {
        let key = ParsedPublicKey::new(&ED25519, key.0).map_err(|_| BadSignature)?;
        let held = key.verify_sig(&signed(self.claims.as_bytes()), &self.signature);
        held.map(|()| VerifiedLicense(self.claims)).map_err(|_| BadSignature)
    }

    /// What it claims, for a person who wants to see it.
    pub fn unverified_claims(&self) -> &str {
        &self.claims
    }
}

impl VerifiedLicense {
    /// JSON.
    pub fn claims(&self) -> &str {
        &self.0
    }
}

fn armoured((begin, end): (&str, &str), bytes: &[u8]) -> String {
    // The key is among what is written, so nothing is left behind in memory that grew.
    let body = Zeroizing::new(STANDARD.encode_to_string(bytes));
    let mut text = String::with_capacity(begin.len() + body.len() + body.len() / LINE + end.len() + 3);
    text.push_str(begin);
    for (place, character) in body.chars().enumerate() {
        if place % LINE == 0 {
            text.push('\n');
        }
        text.push(character);
    }
    text.push('\n');
    text.push_str(end);
    text.push('\n');
    text
}

/// What is signed.
fn signed(claims: &[u8]) -> Vec<u8> {
    [PURPOSE, claims].concat()
}
