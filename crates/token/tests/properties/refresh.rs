//! Refresh tokens.

use super::likely_char;
use base64_simd::URL_SAFE_NO_PAD;
use proptest::prelude::*;
use proptest::sample::Index;
use titan_token::{
    Malformed, Presented, RefreshClaims, RefreshKey, SessionId, SigningSecret, Slot, UntrustedRefresh, Uuid,
};

const PREFIX: &str = "titan_rt_";

fn refresh_key(secret: [u8; 32]) -> RefreshKey {
    RefreshKey::derive(&SigningSecret::new(secret))
}

fn is_verified(text: &str, key: &RefreshKey) -> bool {
    UntrustedRefresh::parse(text).is_ok_and(|token| token.verify(key).is_ok())
}

fn any_claims() -> impl Strategy<Value = RefreshClaims> {
    (0..16u8, any::<u128>(), any::<u32>()).prop_map(|(slot, session, generation)| RefreshClaims {
        slot: Slot::new(slot).unwrap(),
        session: SessionId::new(Uuid::from_bits(session)),
        generation,
    })
}

/// A payload of version 0 that nobody signed.
fn any_payload() -> impl Strategy<Value = [u8; 53]> {
    any::<[u8; 53]>().prop_map(|mut payload| {
        payload[0] &= 0x0f;
        payload
    })
}

fn spell(payload: &[u8]) -> String {
    PREFIX.to_owned() + &URL_SAFE_NO_PAD.encode_to_string(payload)
}

proptest! {
    #[test]
    fn what_is_signed_verifies_as_it_was(claims in any_claims(), secret: [u8; 32]) {
        let key = refresh_key(secret);
        let text = claims.sign(&key);
        prop_assert_eq!(text.expose().len(), 80);
        let token = UntrustedRefresh::parse(text.expose()).unwrap();
        prop_assert_eq!(token.slot(), claims.slot);
        prop_assert_eq!(*token.verify(&key).unwrap().claims(), claims);
        prop_assert_eq!(Presented::parse(text.expose()).err(), Some(Malformed::Prefix));
    }

    #[test]
    fn no_other_secret_verifies(claims in any_claims(), secret: [u8; 32], bit in 0..256usize) {
        let text = claims.sign(&refresh_key(secret));
        let mut other = secret;
        other[bit / 8] ^= 1 << (bit % 8);
        prop_assert!(!is_verified(text.expose(), &refresh_key(other)));
    }

    #[test]
    fn nothing_unsigned_verifies(payload in any_payload(), secret: [u8; 32]) {
        let token = spell(&payload);
        prop_assert!(UntrustedRefresh::parse(&token).unwrap().verify(&refresh_key(secret)).is_err());
    }

    #[test]
    fn no_text_verifies_or_panics(text: String, secret: [u8; 32]) {
        let key = refresh_key(secret);
        for text in [&*text, &format!("{PREFIX}{text}")] {
            prop_assert!(!is_verified(text, &key));
        }
    }

    #[test]
    fn only_the_canonical_spelling_parses(payload in any_payload(), at: Index, c in likely_char(), secret: [u8; 32]) {
        let text = spell(&payload);
        let at = at.index(text.len());
        let changed = [&text[..at], c.encode_utf8(&mut [0; 4]), &text[at + 1..]].concat();
        if let Ok(token) = UntrustedRefresh::parse(&changed) {
            let payload = URL_SAFE_NO_PAD.decode_to_vec(changed.strip_prefix(PREFIX).unwrap()).unwrap();
            prop_assert_eq!(spell(&payload), changed);
            prop_assert!(token.verify(&refresh_key(secret)).is_err());
        }
    }

    #[test]
    fn other_versions_are_malformed(payload in any_payload(), version in 1..16u8) {
        let mut payload = payload;
        payload[0] |= version << 4;
        prop_assert_eq!(UntrustedRefresh::parse(&spell(&payload)).err(), Some(Malformed::Version));
    }
}

proptest! {
    // Each case tries every neighbour of a token.
    #![proptest_config(ProptestConfig::with_cases(12))]

    #[test]
    fn no_neighbour_verifies(claims in any_claims(), secret: [u8; 32], more in "[A-D_. \\t\\n=]") {
        let key = refresh_key(secret);
        let text = claims.sign(&key).expose().to_owned();
        for at in 0..text.len() {
            for c in (0..=127u8).map(char::from).chain(['é', 'Ａ']) {
                let changed = [&text[..at], c.encode_utf8(&mut [0; 4]), &text[at + 1..]].concat();
                prop_assert_eq!(is_verified(&changed, &key), changed == text, "{:?} at {}", c, at);
            }
            prop_assert!(UntrustedRefresh::parse(&[&text[..at], &text[at + 1..]].concat()).is_err());
            prop_assert!(UntrustedRefresh::parse(&[&text[..at], &more, &text[at..]].concat()).is_err());
        }
        prop_assert!(UntrustedRefresh::parse(&(text + &more)).is_err());
    }

    #[test]
    fn no_token_with_one_bit_flipped_verifies(claims in any_claims(), secret: [u8; 32]) {
        let key = refresh_key(secret);
        let text = claims.sign(&key);
        let mut payload = URL_SAFE_NO_PAD.decode_to_vec(text.expose().strip_prefix(PREFIX).unwrap()).unwrap();
        for bit in 0..8 * payload.len() {
            payload[bit / 8] ^= 1 << (bit % 8);
            prop_assert!(!is_verified(&spell(&payload), &key), "bit {}", bit);
            payload[bit / 8] ^= 1 << (bit % 8);
        }
    }
}
