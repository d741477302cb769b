//! JSON Web Tokens with what a Titan key says: id, tenant, scopes, expiry.

use crate::keys::{EXPIRES, Kind, Pile, TENANT, id};
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation, decode, encode};
use serde::{Deserialize, Serialize};

/// 2^12 tokens: more would not make it slower, as a token is read and forgotten.
const POWER: u32 = 12;

#[derive(Serialize, Deserialize)]
struct Token {
    sub: String,
    tid: u32,
    scope: String,
    exp: u64,
}

/// Tokens and how they are checked: signature and expiry.
pub struct Jwt {
    key: DecodingKey,
    validation: Validation,
    tokens: Pile,
}

impl Jwt {
    /// HMAC-SHA256: one secret on both sides.
    pub fn hs256() -> anyhow::Result<Self> {
        let secret = [7; 32];
        let tokens = tokens(Algorithm::HS256, &EncodingKey::from_secret(&secret))?;
        Ok(Self::new(Algorithm::HS256, DecodingKey::from_secret(&secret), tokens))
    }

    /// Ed25519: the verifier cannot sign.
    pub fn eddsa() -> anyhow::Result<Self> {
        let pair = Ed25519KeyPair::from_seed_unchecked(&[7; 32])?;
        let tokens = tokens(Algorithm::EdDSA, &EncodingKey::from_ed_der(pair.to_pkcs8v1()?.as_ref()))?;
        let public = DecodingKey::from_ed_der(pair.public_key().as_ref());
        Ok(Self::new(Algorithm::EdDSA, public, tokens))
    }

    fn new(algorithm: Algorithm, key: DecodingKey, tokens: Pile) -> Self {
        Self { key, validation: Validation::new(algorithm), tokens }
    }

    /// Whether the token of a number is good.
    pub fn check(&self, number: usize) -> bool {
        let token = decode::<Token>(self.tokens.get(number), &self.key, &self.validation);
        token.is_ok_and(|token| token.claims.tid == TENANT.0)
    }
}

fn tokens(algorithm: Algorithm, key: &EncodingKey) -> anyhow::Result<Pile> {
    let sign = |number| encode(&Header::new(algorithm), &token(number), key);
    sign(0)?;
    Ok(Pile::new(POWER, |number| sign(number).unwrap_or_default()))
}

fn token(number: usize) -> Token {
    Token {
        sub: id(Kind::Live, number).to_string(),
        tid: TENANT.0,
        scope: "sessions:read messages:write".to_owned(),
        exp: EXPIRES.into(),
    }
}
