//! `vectors/session-jwt.json`

use super::{File, bytes, read};
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
use serde::Deserialize;
use titan_token::{
    BadJwt, JwtClaims, JwtKey, JwtParty, JwtPublicKey, Presented, ScopeNames, SigningSecret, TenantId,
    UntrustedJwt, VerifiedJwt,
};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Valid {
    name: String,
    signing_secret_hex: String,
    seed_hex: String,
    public_key_hex: String,
    kid: String,
    jwk: String,
    claims: Members,
    token: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Members {
    iss: String,
    aud: String,
    sub: String,
    tenant: u32,
    scope: String,
    sid: String,
    ver: u32,
    iat: u32,
    exp: u32,
    jti: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Invalid {
    name: String,
    signing_secret_hex: String,
    token: String,
    reason: Reason,
}

#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
enum Reason {
    Claims,
    /// The signature does not hold.
    Invalid,
    Malformed,
}

fn jwts() -> File<Valid, Invalid> {
    read(include_str!("../../../../vectors/session-jwt.json"), (29, 313))
}

fn key(signing_secret_hex: &str) -> JwtKey {
    JwtKey::derive(&SigningSecret::new(bytes(signing_secret_hex)))
}

fn claims(members: &Members) -> JwtClaims {
    JwtClaims {
        issuer: JwtParty::new(&members.iss).unwrap(),
        audience: JwtParty::new(&members.aud).unwrap(),
        subject: members.sub.parse().unwrap(),
        tenant: TenantId(members.tenant),
        scope: ScopeNames::new(&members.scope).unwrap(),
        session: members.sid.parse().unwrap(),
        version: members.ver,
        issued_at: members.iat,
        expires_at: members.exp,
        id: members.jti.parse().unwrap(),
    }
}

fn verify(text: &str, key: &JwtPublicKey) -> Result<VerifiedJwt, Reason> {
    let jwt = UntrustedJwt::parse(text).map_err(|_| Reason::Malformed)?;
    jwt.verify(key).map_err(|error| match error {
        BadJwt::Claims => Reason::Claims,
        BadJwt::Signature => Reason::Invalid,
    })
}

#[test]
fn valid_jwts_verify_and_say_what_the_vector_says() {
    for vector in jwts().valid {
        let key = key(&vector.signing_secret_hex);
        assert_eq!(
            UntrustedJwt::parse(&vector.token).unwrap().kid().to_string(),
            vector.kid,
            "{}",
            vector.name
        );
        let verified = verify(&vector.token, key.public()).unwrap();
        assert_eq!(*verified.claims(), claims(&vector.claims), "{}", vector.name);
    }
}

#[test]
fn valid_jwts_are_told_from_keys() {
    for vector in jwts().valid {
        assert!(matches!(Presented::parse(&vector.token), Ok(Presented::Jwt(_))), "{}", vector.name);
    }
}

#[test]
fn signing_the_claims_gives_the_same_text() {
    for vector in jwts().valid {
        let signed = claims(&vector.claims).sign(&key(&vector.signing_secret_hex));
        assert_eq!(signed.expose(), vector.token, "{}", vector.name);
    }
}

/// The seed does not leave the crate. But the public key is the seed's, and no other seed would give it.
#[test]
fn the_keys_are_those_of_the_vector() {
    for vector in jwts().valid {
        let key = key(&vector.signing_secret_hex);
        let expected = Ed25519KeyPair::from_seed_unchecked(&bytes::<32>(&vector.seed_hex)).unwrap();
        assert_eq!(key.public().as_bytes(), expected.public_key().as_ref(), "{}", vector.name);
        assert_eq!(*key.public().as_bytes(), bytes(&vector.public_key_hex), "{}", vector.name);
        assert_eq!(key.public().kid().to_string(), vector.kid, "{}", vector.name);
        assert_eq!(key.public().to_jwk(), vector.jwk, "{}", vector.name);
    }
}

/// As another program has it: from the JWKS.
#[test]
fn the_public_key_alone_verifies() {
    for vector in jwts().valid {
        let public = JwtPublicKey::new(bytes(&vector.public_key_hex)).unwrap();
        assert!(verify(&vector.token, &public).is_ok(), "{}", vector.name);
    }
}

#[test]
fn invalid_jwts_are_refused_for_the_reason_of_the_vector() {
    for vector in jwts().invalid {
        let verified = verify(&vector.token, key(&vector.signing_secret_hex).public());
        assert_eq!(verified.err(), Some(vector.reason), "{}", vector.name);
    }
}

/// No header value is both a JWT that is refused and a credential that is not.
#[test]
fn invalid_jwts_are_no_keys() {
    for vector in jwts().invalid {
        let is_key =
            matches!(Presented::parse(&vector.token), Ok(Presented::Legacy(_) | Presented::Opaque(_)));
        assert!(!is_key, "{}", vector.name);
        let is_jwt = matches!(Presented::parse(&vector.token), Ok(Presented::Jwt(_)));
        assert_eq!(is_jwt, vector.reason != Reason::Malformed, "{}", vector.name);
    }
}
