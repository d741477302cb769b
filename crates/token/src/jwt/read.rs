//! From a text to claims that may be believed.

use super::{JwtClaims, JwtPublicKey, Kid, LONGEST, SIGNATURE, header};
use crate::{Malformed, base64};
use core::fmt;

/// Why a JWT is not ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BadJwt {
    /// The signature holds, but not over claims as this program writes them.
    Claims,
    /// The signature does not hold under this key, or another key was named.
    Signature,
}

impl fmt::Display for BadJwt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Claims => "not the claims of a session token",
            Self::Signature => "the signature does not hold",
        })
    }
}

impl core::error::Error for BadJwt {}

/// A text that has the shape of a session JWT. Of what it says, only the name of its key can be had.
pub struct UntrustedJwt<'a> {
    kid: Kid,
    /// Header, dot, payload: what the signature is over (RFC 7515, 5.2).
    signed: &'a str,
    payload: &'a str,
    signature: &'a str,
}

impl<'a> UntrustedJwt<'a> {
    /// Whether it might be a JWT, ours or another: `{"` in base64url, and three parts. Cheap, and no judgement.
    pub(crate) fn has_shape(text: &str) -> bool {
        text.starts_with("eyJ") && text.bytes().filter(|c| *c == b'.').count() == 2
    }

    /// Reads a text as it was presented.
    ///
    /// # Errors
    ///
    /// More than 4,096 bytes, not three parts, a part that is not canonical base64url, a header that is not byte for
    /// byte ours, or a signature that has not 64 bytes.
    pub fn parse(text: &'a str) -> Result<Self, Malformed> {
        if text.len() > LONGEST {
            return Err(Malformed::Length);
        }
        let (signed, signature) = text.rsplit_once('.').ok_or(Malformed::Parts)?;
        let (header, payload) = signed.split_once('.').ok_or(Malformed::Parts)?;
        if payload.contains('.') {
            return Err(Malformed::Parts);
        }
        let kid = header::parse(header)?;
        base64::check(payload)?;
        base64::decode::<SIGNATURE>(signature)?;
        Ok(Self { kid, signed, payload, signature })
    }

    /// Which key it names: to find the key, for nothing else.
    pub fn kid(&self) -> Kid {
        self.kid
    }

    /// The only way to a [`VerifiedJwt`]: it names `key`, the signature holds (RFC 8032, 5.1.7), and the claims are as
    /// this program writes them.
    ///
    /// Time, issuer and audience are for the caller to check.
    pub fn verify(&self, key: &JwtPublicKey) -> Result<VerifiedJwt, BadJwt> {
        let signature = base64::decode(self.signature).map_err(|_| BadJwt::Signature)?;
        if self.kid != key.kid() || !key.is_signature_of(&signature, self.signed.as_bytes()) {
            return Err(BadJwt::Signature);
        }
        self.claims().map(VerifiedJwt).ok_or(BadJwt::Claims)
    }

    /// For `verify` alone.
    fn claims(&self) -> Option<JwtClaims> {
        let json = base64::decode_any(self.payload).ok()?;
        JwtClaims::from_json(str::from_utf8(&json).ok()?)
    }
}

/// A JWT that one of our signing keys signed. It may still be expired, for another audience, or its session ended.
#[derive(Clone, Debug)]
pub struct VerifiedJwt(JwtClaims);

impl VerifiedJwt {
    /// What the JWT says.
    pub fn claims(&self) -> &JwtClaims {
        &self.0
    }

    /// The same, to keep.
    pub fn into_claims(self) -> JwtClaims {
        self.0
    }
}
