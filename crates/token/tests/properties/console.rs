//! Console tokens.

use super::likely_char;
use base64_simd::URL_SAFE_NO_PAD;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use titan_token::{
    Binding, ConsoleClaims, ConsoleKey, ConsoleKind, Malformed, Presented, SessionId, SigningSecret, Slot,
    UntrustedConsole, UntrustedRefresh, Uuid,
};

const PREFIX: &str = "titan_cs_";

fn console_key(secret: [u8; 32]) -> ConsoleKey {
    ConsoleKey::derive(&SigningSecret::new(secret))
}

fn is_verified(text: &str, key: &ConsoleKey, binding: Binding) -> bool {
    UntrustedConsole::parse(text).is_ok_and(|token| token.verify(key, binding).is_ok())
}

fn any_claims() -> impl Strategy<Value = ConsoleClaims> {
    let kind = select(&[ConsoleKind::Master, ConsoleKind::User, ConsoleKind::Proof][..]);
    (0..16u8, kind, any::<u128>(), any::<u32>()).prop_map(|(slot, kind, session, expires_at)| ConsoleClaims {
        slot: Slot::new(slot).unwrap(),
        kind,
        session: SessionId::new(Uuid::from_bits(session)),
        expires_at,
    })
}

/// A payload of version 0 that nobody signed.
fn any_payload() -> impl Strategy<Value = [u8; 54]> {
    any::<[u8; 54]>().prop_map(|mut payload| {
        payload[0] &= 0x0f;
        payload[1] %= 3;
        payload
    })
}

fn spell(payload: &[u8]) -> String {
    PREFIX.to_owned() + &URL_SAFE_NO_PAD.encode_to_string(payload)
}

proptest! {
    #[test]
    fn what_is_signed_verifies_as_it_was(claims in any_claims(), secret: [u8; 32], binding: Binding) {
        let key = console_key(secret);
        let text = claims.sign(&key, binding);
        prop_assert_eq!(text.expose().len(), 81);
        let token = UntrustedConsole::parse(text.expose()).unwrap();
        prop_assert_eq!((token.slot(), token.kind()), (claims.slot, claims.kind));
        let verified = token.verify(&key, binding).unwrap();
        prop_assert_eq!((*verified.claims(), verified.binding()), (claims, binding));
        // Nowhere else is it a credential.
        prop_assert!(Presented::parse(text.expose()).is_err());
        prop_assert!(UntrustedRefresh::parse(text.expose()).is_err());
    }

    #[test]
    fn no_other_secret_or_binding_verifies(
        claims in any_claims(), secret: [u8; 32], binding: Binding, bit in 0..256usize,
    ) {
        let text = claims.sign(&console_key(secret), binding);
        let mut other = secret;
        other[bit / 8] ^= 1 << (bit % 8);
        prop_assert!(!is_verified(text.expose(), &console_key(other), binding));
        let mut other = binding;
        other[bit / 8 % 8] ^= 1 << (bit % 8);
        prop_assert!(!is_verified(text.expose(), &console_key(secret), other));
    }

    /// A proof is no session, and a session of a user none of the master key.
    #[test]
    fn no_other_kind_verifies(claims in any_claims(), secret: [u8; 32], binding: Binding, kind in 0..3u8) {
        let key = console_key(secret);
        let text = claims.sign(&key, binding);
        let mut payload = URL_SAFE_NO_PAD.decode_to_vec(text.expose().strip_prefix(PREFIX).unwrap()).unwrap();
        let is_same = payload[1] == kind;
        payload[1] = kind;
        prop_assert_eq!(is_verified(&spell(&payload), &key, binding), is_same);
    }

    #[test]
    fn nothing_unsigned_verifies(payload in any_payload(), secret: [u8; 32], binding: Binding) {
        let token = UntrustedConsole::parse(&spell(&payload)).unwrap();
        prop_assert!(token.verify(&console_key(secret), binding).is_err());
    }

    #[test]
    fn no_text_verifies_or_panics(text: String, secret: [u8; 32]) {
        let key = console_key(secret);
        for text in [&*text, &format!("{PREFIX}{text}")] {
            prop_assert!(!is_verified(text, &key, [0; 8]));
        }
    }

    #[test]
    fn only_the_canonical_spelling_parses(payload in any_payload(), at: Index, c in likely_char()) {
        let text = spell(&payload);
        let at = at.index(text.len());
        let changed = [&text[..at], c.encode_utf8(&mut [0; 4]), &text[at + 1..]].concat();
        if UntrustedConsole::parse(&changed).is_ok() {
            let payload = URL_SAFE_NO_PAD.decode_to_vec(changed.strip_prefix(PREFIX).unwrap()).unwrap();
            prop_assert_eq!(spell(&payload), changed);
        }
    }

    #[test]
    fn other_versions_and_kinds_are_malformed(payload in any_payload(), version in 1..16u8, kind in 3..=255u8) {
        let mut other = payload;
        other[0] |= version << 4;
        prop_assert_eq!(UntrustedConsole::parse(&spell(&other)).err(), Some(Malformed::Version));
        let mut other = payload;
        other[1] = kind;
        prop_assert_eq!(UntrustedConsole::parse(&spell(&other)).err(), Some(Malformed::Version));
    }
}
