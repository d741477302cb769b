//! `vectors/identity-token.json`

use super::bytes;
use serde::Deserialize;
use serde_json::Value;
use titan_token::{IdentityClaims, IdentityKey, JwtParty, SigningSecret, TenantId};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Vectors {
    #[expect(dead_code, reason = "for people")]
    description: String,
    signing_secret_hex: String,
    jwk: Value,
    valid: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    name: String,
    claims: Value,
    token: String,
}

#[test]
fn tokens_are_made_byte_for_byte() {
    let vectors: Vectors =
        serde_json::from_str(include_str!("../../../../vectors/identity-token.json")).unwrap();
    assert!(vectors.valid.len() >= 5);
    let key = IdentityKey::derive(&SigningSecret::new(bytes(&vectors.signing_secret_hex)));
    let jwk: Value = serde_json::from_str(&key.public().to_jwk()).unwrap();
    assert_eq!(jwk, vectors.jwk);
    for case in vectors.valid {
        let text = |name: &str| case.claims[name].as_str();
        let number = |name: &str| u32::try_from(case.claims[name].as_u64().unwrap()).unwrap();
        let party = |name: &str| JwtParty::new(text(name).unwrap()).unwrap();
        let claims = IdentityClaims {
            issuer: &party("iss"),
            audience: &party("aud"),
            subject: text("sub").unwrap(),
            tenant: TenantId(number("tenant")),
            scope: text("scope").unwrap(),
            key: text("key").map(|key| key.parse().unwrap()),
            session: text("session"),
            issued_at: number("iat"),
            expires_at: number("exp"),
        };
        assert_eq!(claims.sign(&key), case.token, "{}", case.name);
    }
}
