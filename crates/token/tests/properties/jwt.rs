//! Session JWTs.

use super::{BASE64URL, likely_char};
use base64_simd::URL_SAFE_NO_PAD;
use proptest::prelude::*;
use proptest::sample::Index;
use titan_token::{
    BadJwt, JwtClaims, JwtId, JwtKey, JwtParty, JwtPublicKey, Malformed, Presented, ScopeNames, SessionId,
    SigningSecret, TenantId, UntrustedJwt, UserId, Uuid,
};

/// Visible ASCII but `"` and `\`.
const NAME: &str = "[!#-\\[\\]-~]{1,255}";
const SCOPE: &str = "([!#-\\[\\]-~]{1,20}( [!#-\\[\\]-~]{1,20}){0,5})?";
const ONE_DOT_OR_NONE: &str = "[A-Za-z0-9_-]{0,99}(\\.[A-Za-z0-9_-]{0,99})?";
const THREE_DOTS_OR_MORE: &str = "[A-Za-z0-9_-]{0,99}(\\.[A-Za-z0-9_-]{0,9}){3,9}";

fn jwt_key(secret: [u8; 32]) -> JwtKey {
    JwtKey::derive(&SigningSecret::new(secret))
}

fn is_verified(text: &str, key: &JwtPublicKey) -> bool {
    UntrustedJwt::parse(text).is_ok_and(|jwt| jwt.verify(key).is_ok())
}

fn any_claims() -> impl Strategy<Value = JwtClaims> {
    let texts = (NAME, NAME, SCOPE);
    (texts, any::<[u128; 3]>(), any::<[u32; 4]>()).prop_map(|(texts, ids, numbers)| JwtClaims {
        issuer: JwtParty::new(&texts.0).unwrap(),
        audience: JwtParty::new(&texts.1).unwrap(),
        subject: UserId::new(Uuid::from_bits(ids[0])),
        tenant: TenantId(numbers[0]),
        scope: ScopeNames::new(&texts.2).unwrap(),
        session: SessionId::new(Uuid::from_bits(ids[1])),
        version: numbers[1],
        issued_at: numbers[2],
        expires_at: numbers[3],
        id: JwtId::new(Uuid::from_bits(ids[2])),
    })
}

/// A JWT as it was issued.
#[derive(Debug)]
struct Issued {
    claims: JwtClaims,
    secret: [u8; 32],
    text: String,
}

impl Issued {
    fn key(&self) -> JwtKey {
        jwt_key(self.secret)
    }

    /// Header, payload, signature.
    fn parts(&self) -> Vec<&str> {
        self.text.split('.').collect()
    }

    /// The text with `by` in place of `count` characters.
    fn replaced(&self, at: usize, count: usize, by: &str) -> String {
        [&self.text[..at], by, &self.text[(at + count).min(self.text.len())..]].concat()
    }
}

fn issued() -> impl Strategy<Value = Issued> {
    (any_claims(), any::<[u8; 32]>()).prop_map(|(claims, secret)| {
        let text = claims.sign(&jwt_key(secret)).expose().to_owned();
        Issued { claims, secret, text }
    })
}

/// Texts that are near to a JWT in one way or another.
fn any_text() -> impl Strategy<Value = String> {
    let header = prop_oneof![
        Just(r#"{"alg":"none"}"#.to_owned()),
        "\\{\"alg\":\"EdDSA\",\"typ\":\"at\\+jwt\",\"kid\":\"[A-Za-z0-9_-]{43}\"\\}",
        any::<String>(),
    ];
    (header, any::<Vec<u8>>(), any::<[u8; 64]>()).prop_map(|(header, payload, signature)| {
        [header.as_bytes(), &*payload, &signature]
            .map(|part| URL_SAFE_NO_PAD.encode_to_string(part))
            .join(".")
    })
}

proptest! {
    #[test]
    fn what_is_signed_verifies_as_it_was(issued in issued()) {
        let key = issued.key();
        let jwt = UntrustedJwt::parse(&issued.text).unwrap();
        prop_assert_eq!(jwt.kid(), key.public().kid());
        let verified = jwt.verify(key.public()).unwrap();
        prop_assert_eq!(verified.claims(), &issued.claims);
        let again = verified.into_claims().sign(&key);
        prop_assert_eq!(again.expose(), &issued.text);
        prop_assert!(matches!(Presented::parse(&issued.text), Ok(Presented::Jwt(_))));
    }

    /// What other programs read: JSON with these members.
    #[test]
    fn the_payload_is_json(issued in issued()) {
        let payload = URL_SAFE_NO_PAD.decode_to_vec(issued.parts()[1]).unwrap();
        let json: serde_json::Value = serde_json::from_slice(&payload).unwrap();
        prop_assert_eq!(json.as_object().unwrap().len(), 10);
        prop_assert_eq!(json["iss"].as_str(), Some(issued.claims.issuer.as_str()));
        prop_assert_eq!(json["aud"].as_str(), Some(issued.claims.audience.as_str()));
        prop_assert_eq!(json["scope"].as_str(), Some(issued.claims.scope.as_str()));
        prop_assert_eq!(json["exp"].as_u64(), Some(issued.claims.expires_at.into()));
    }

    #[test]
    fn no_other_secret_verifies(issued in issued(), bit in 0..256usize, other: [u8; 32]) {
        let mut near = issued.secret;
        near[bit / 8] ^= 1 << (bit % 8);
        prop_assert!(!is_verified(&issued.text, jwt_key(near).public()));
        prop_assume!(issued.secret != other);
        prop_assert!(!is_verified(&issued.text, jwt_key(other).public()));
    }

    /// The header says by which key; another key that signed it is not asked.
    #[test]
    fn no_header_of_another_key_verifies(issued in issued(), other: [u8; 32]) {
        prop_assume!(issued.secret != other);
        let theirs = issued.claims.sign(&jwt_key(other));
        let (header, _) = theirs.expose().split_once('.').unwrap();
        let (_, rest) = issued.text.split_once('.').unwrap();
        let swapped = format!("{header}.{rest}");
        prop_assert!(!is_verified(&swapped, issued.key().public()));
        prop_assert!(!is_verified(&swapped, jwt_key(other).public()));
    }

    #[test]
    fn no_claims_of_another_jwt_verify(issued in issued(), claims in any_claims()) {
        prop_assume!(issued.claims != claims);
        let key = issued.key();
        let other = claims.sign(&key);
        let ours = issued.parts();
        let theirs: Vec<_> = other.expose().split('.').collect();
        prop_assert!(!is_verified(&[ours[0], theirs[1], ours[2]].join("."), key.public()));
        prop_assert!(!is_verified(&[ours[0], ours[1], theirs[2]].join("."), key.public()));
    }

    #[test]
    fn no_text_verifies_or_panics(text in prop_oneof![any::<String>(), any_text()], secret: [u8; 32]) {
        let key = jwt_key(secret);
        prop_assert!(!is_verified(&text, key.public()));
        let is_jwt = matches!(Presented::parse(&text), Ok(Presented::Jwt(_)));
        prop_assert_eq!(is_jwt, UntrustedJwt::parse(&text).is_ok());
    }

    /// Before anything else is looked at.
    #[test]
    fn long_texts_are_malformed(issued in issued(), tail in "[A-Za-z0-9_.-]{4096}") {
        prop_assert_eq!(UntrustedJwt::parse(&(issued.text + &tail)).err(), Some(Malformed::Length));
    }

    #[test]
    fn texts_without_two_dots_are_malformed(text in ONE_DOT_OR_NONE, many in THREE_DOTS_OR_MORE) {
        prop_assert_eq!(UntrustedJwt::parse(&text).err(), Some(Malformed::Parts));
        prop_assert_eq!(UntrustedJwt::parse(&many).err(), Some(Malformed::Parts));
    }

    #[test]
    fn names_need_no_escapes(text: String, name in NAME) {
        prop_assert!(JwtParty::new(&name).is_some());
        if let Some(party) = JwtParty::new(&text) {
            prop_assert_eq!(serde_json::to_string(party.as_str()).unwrap(), format!("\"{text}\""));
        }
        if let Some(names) = ScopeNames::new(&text) {
            prop_assert_eq!(ScopeNames::join(names.iter()), Some(names));
        }
    }
}

proptest! {
    // Each case tries every neighbour of a JWT: hundreds of signatures.
    #![proptest_config(ProptestConfig::with_cases(6))]

    #[test]
    fn no_jwt_with_one_character_changed_verifies(issued in issued(), c in likely_char(), seed: Index) {
        let key = issued.key();
        for at in 0..issued.text.len() {
            let digit = char::from(BASE64URL[(at + seed.index(64)) % 64]);
            for c in [c, digit, '.', '='] {
                let text = issued.replaced(at, 1, c.encode_utf8(&mut [0; 4]));
                prop_assert_eq!(is_verified(&text, key.public()), text == issued.text, "{:?} at {}", c, at);
            }
        }
    }

    #[test]
    fn no_jwt_with_a_character_more_or_less_verifies(issued in issued(), c in "[A-Za-z0-9_. \\t\\n=-]") {
        let key = issued.key();
        for at in 0..issued.text.len() {
            prop_assert!(!is_verified(&issued.replaced(at, 1, ""), key.public()));
            prop_assert!(!is_verified(&issued.replaced(at, 0, &c), key.public()));
        }
        prop_assert!(!is_verified(&(issued.text + &c), key.public()));
    }

    /// Every bit of the header and the signature is refused by the shape or the signature, none by the claims.
    #[test]
    fn no_jwt_with_one_bit_flipped_verifies(issued in issued()) {
        let key = issued.key();
        for place in 0..3 {
            let mut parts: Vec<String> = issued.parts().into_iter().map(str::to_owned).collect();
            let mut raw = URL_SAFE_NO_PAD.decode_to_vec(&parts[place]).unwrap();
            for bit in 0..8 * raw.len() {
                raw[bit / 8] ^= 1 << (bit % 8);
                parts[place] = URL_SAFE_NO_PAD.encode_to_string(&raw);
                let text = parts.join(".");
                let error = UntrustedJwt::parse(&text).map(|jwt| jwt.verify(key.public()).err());
                prop_assert!(matches!(error, Err(_) | Ok(Some(BadJwt::Signature))), "bit {} of part {}", bit, place);
                raw[bit / 8] ^= 1 << (bit % 8);
            }
        }
    }
}
