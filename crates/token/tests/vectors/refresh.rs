//! `vectors/refresh-token.json`

use super::{File, bytes, number, read};
use aws_lc_rs::hmac;
use base64_simd::URL_SAFE_NO_PAD;
use serde::Deserialize;
use titan_token::{
    Malformed, Presented, RefreshClaims, RefreshKey, SessionId, SigningSecret, Slot, UntrustedRefresh, Uuid,
};

/// Bytes 0 to 20 of a payload; the MAC is what follows.
const BODY: usize = 21;
const PREFIX: &str = "titan_rt_";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Valid {
    name: String,
    signing_secret_hex: String,
    mac_key_hex: String,
    slot: u8,
    session: String,
    session_hex: String,
    generation: u32,
    token: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Invalid {
    name: String,
    signing_secret_hex: String,
    token: String,
    reason: super::Reason,
}

fn tokens() -> File<Valid, Invalid> {
    read(include_str!("../../../../vectors/refresh-token.json"), (23, 65))
}

fn key(signing_secret_hex: &str) -> RefreshKey {
    RefreshKey::derive(&SigningSecret::new(bytes(signing_secret_hex)))
}

fn claims(vector: &Valid) -> RefreshClaims {
    RefreshClaims {
        slot: Slot::new(vector.slot).unwrap(),
        session: SessionId::new(Uuid::from_bits(number(&vector.session_hex))),
        generation: vector.generation,
    }
}

#[test]
fn valid_tokens_verify_and_say_what_the_vector_says() {
    for vector in tokens().valid {
        let token = UntrustedRefresh::parse(&vector.token).unwrap();
        assert_eq!(token.slot().number(), vector.slot, "{}", vector.name);
        let verified = token.verify(&key(&vector.signing_secret_hex)).unwrap();
        assert_eq!(*verified.claims(), claims(&vector), "{}", vector.name);
        assert_eq!(verified.claims().session.to_string(), vector.session, "{}", vector.name);
    }
}

#[test]
fn signing_the_claims_gives_the_same_text() {
    for vector in tokens().valid {
        let signed = claims(&vector).sign(&key(&vector.signing_secret_hex));
        assert_eq!(signed.expose(), vector.token, "{}", vector.name);
    }
}

/// The MAC key does not leave the crate; see the test of the same name for keys.
#[test]
fn the_derived_key_is_the_mac_key_of_the_vector() {
    for vector in tokens().valid {
        let signed = claims(&vector).sign(&key(&vector.signing_secret_hex));
        let payload = URL_SAFE_NO_PAD.decode_to_vec(signed.expose().strip_prefix(PREFIX).unwrap()).unwrap();
        let (body, mac) = payload.split_at(BODY);
        let mac_key = hmac::Key::new(hmac::HMAC_SHA256, &bytes::<32>(&vector.mac_key_hex));
        let expected = hmac::sign(&mac_key, &[PREFIX.as_bytes(), body].concat());
        assert_eq!(expected.as_ref(), mac, "{}", vector.name);
    }
}

#[test]
fn malformed_tokens_are_refused_by_their_shape() {
    for vector in tokens().invalid {
        let is_shaped = UntrustedRefresh::parse(&vector.token).is_ok();
        assert_eq!(is_shaped, matches!(vector.reason, super::Reason::Invalid), "{}", vector.name);
    }
}

#[test]
fn invalid_tokens_do_not_verify() {
    for vector in tokens().invalid {
        let Ok(token) = UntrustedRefresh::parse(&vector.token) else { continue };
        assert!(token.verify(&key(&vector.signing_secret_hex)).is_err(), "{}", vector.name);
    }
}

#[test]
fn refresh_tokens_are_no_keys() {
    for vector in tokens().valid {
        assert_eq!(Presented::parse(&vector.token).err(), Some(Malformed::Prefix), "{}", vector.name);
    }
}
