//! Every golden vector in `vectors/`, against the public API. Another implementation made them.

#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod client_token;
mod identity;
mod jwt;
mod license;
mod refresh;

use aws_lc_rs::hmac;
use base64_simd::URL_SAFE_NO_PAD;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use titan_token::{
    Claims, InvitationToken, KeyId, OpaqueKey, Prefix, Presented, ScopeSet, SigningKey, SigningSecret, Slot,
    TenantId, UntrustedKey, Uuid,
};

/// Bytes 0 to 40 of a payload; the MAC is what follows.
const BODY: usize = 41;

/// One file. `at_least` of [`read`] is what it held when the test was written: vectors are only added.
#[derive(Deserialize)]
struct File<V, I> {
    valid: Vec<V>,
    invalid: Vec<I>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ValidKey {
    name: String,
    signing_secret_hex: String,
    mac_key_hex: String,
    prefix: String,
    slot: u8,
    id: String,
    id_hex: String,
    tenant: u32,
    scope_bits_hex: String,
    expires_at: u32,
    key: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct InvalidKey {
    name: String,
    signing_secret_hex: String,
    key: String,
    reason: Reason,
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum Reason {
    /// The shape and not the MAC.
    Invalid,
    Malformed,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ValidId {
    prefix: String,
    hex: String,
    text: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct InvalidId {
    prefix: String,
    text: String,
    why: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ValidHashed {
    kind: Kind,
    key: String,
    sha256_hex: String,
}

#[derive(Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
enum Kind {
    Invitation,
    Legacy,
    Opaque,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct InvalidHashed {
    text: String,
    why: String,
}

fn read<V: DeserializeOwned, I: DeserializeOwned>(text: &str, at_least: (usize, usize)) -> File<V, I> {
    let file: File<V, I> = serde_json::from_str(text).unwrap();
    assert!(file.valid.len() >= at_least.0, "{} valid vectors, {} expected", file.valid.len(), at_least.0);
    assert!(
        file.invalid.len() >= at_least.1,
        "{} invalid vectors, {} expected",
        file.invalid.len(),
        at_least.1
    );
    file
}

fn keys() -> File<ValidKey, InvalidKey> {
    read(include_str!("../../../../vectors/api-key.json"), (46, 159))
}

fn ids() -> File<ValidId, InvalidId> {
    read(include_str!("../../../../vectors/type-id.json"), (20, 42))
}

fn hashed() -> File<ValidHashed, InvalidHashed> {
    read(include_str!("../../../../vectors/opaque.json"), (17, 60))
}

fn bytes<const N: usize>(hex: &str) -> [u8; N] {
    assert_eq!(hex.len(), 2 * N, "{hex}");
    let mut bytes = [0; N];
    for (byte, pair) in bytes.iter_mut().zip(hex.as_bytes().chunks(2)) {
        *byte = u8::from_str_radix(str::from_utf8(pair).unwrap(), 16).unwrap();
    }
    bytes
}

fn number(hex: &str) -> u128 {
    u128::from_be_bytes(bytes(hex))
}

fn prefix(text: &str) -> Prefix {
    Prefix::ALL.into_iter().find(|prefix| prefix.as_str() == text).unwrap()
}

/// The vectors want the secret in every slot: the key of the slot that the text names is always this one.
fn every_slot(signing_secret_hex: &str) -> [SigningKey; 16] {
    let secret = SigningSecret::new(bytes(signing_secret_hex));
    std::array::from_fn(|_| SigningKey::for_api_keys(&secret))
}

fn self_contained(text: &str) -> Option<UntrustedKey> {
    match Presented::parse(text) {
        Ok(Presented::SelfContained(key)) => Some(key),
        Ok(Presented::Client(_) | Presented::Jwt(_) | Presented::Legacy(_) | Presented::Opaque(_))
        | Err(_) => None,
    }
}

fn claims(vector: &ValidKey) -> Claims {
    Claims {
        slot: Slot::new(vector.slot).unwrap(),
        id: KeyId::new(Uuid::from_bits(number(&vector.id_hex))),
        tenant: TenantId(vector.tenant),
        scopes: ScopeSet::from_bits(number(&vector.scope_bits_hex)),
        expires_at: vector.expires_at,
    }
}

#[test]
fn valid_keys_say_what_the_vector_says() {
    for vector in keys().valid {
        let name = &vector.name;
        let key = self_contained(&vector.key).unwrap();
        assert_eq!(key.prefix(), prefix(&vector.prefix), "{name}");
        assert_eq!(*key.unproven(), claims(&vector), "{name}");
        assert_eq!(key.unproven().id.to_string(), vector.id, "{name}");
        assert_eq!(vector.id.parse(), Ok(key.unproven().id), "{name}");
    }
}

#[test]
fn valid_keys_verify() {
    for vector in keys().valid {
        let key = self_contained(&vector.key).unwrap();
        let signing = &every_slot(&vector.signing_secret_hex)[key.unproven().slot.index()];
        let verified = key.verify(signing).unwrap();
        assert_eq!(verified.prefix(), prefix(&vector.prefix), "{}", vector.name);
        assert_eq!(*verified.claims(), claims(&vector), "{}", vector.name);
    }
}

#[test]
fn signing_the_claims_gives_the_same_text() {
    for vector in keys().valid {
        let claims = claims(&vector);
        let signing = &every_slot(&vector.signing_secret_hex)[claims.slot.index()];
        let signed = claims.sign(prefix(&vector.prefix), signing);
        assert_eq!(signed.expose(), vector.key, "{}", vector.name);
    }
}

/// The MAC key does not leave the crate. But the MAC that the crate makes is the one that the vector's MAC
/// key makes, and no other key would.
#[test]
fn the_derived_key_is_the_mac_key_of_the_vector() {
    for vector in keys().valid {
        let signing = &every_slot(&vector.signing_secret_hex)[usize::from(vector.slot)];
        let signed = claims(&vector).sign(prefix(&vector.prefix), signing);
        let payload =
            URL_SAFE_NO_PAD.decode_to_vec(signed.expose().strip_prefix(&*vector.prefix).unwrap()).unwrap();
        let (body, mac) = payload.split_at(BODY);
        let message = [vector.prefix.as_bytes(), body].concat();
        let mac_key = hmac::Key::new(hmac::HMAC_SHA256, &bytes::<32>(&vector.mac_key_hex));
        assert_eq!(hmac::sign(&mac_key, &message).as_ref(), mac, "{}", vector.name);
    }
}

#[test]
fn malformed_keys_are_refused_by_their_shape() {
    for vector in keys().invalid {
        let is_shaped = self_contained(&vector.key).is_some();
        assert_eq!(is_shaped, matches!(vector.reason, Reason::Invalid), "{}", vector.name);
    }
}

#[test]
fn invalid_keys_verify_in_no_slot() {
    for vector in keys().invalid {
        let Some(key) = self_contained(&vector.key) else { continue };
        for signing in every_slot(&vector.signing_secret_hex) {
            assert!(key.verify(&signing).is_err(), "{}", vector.name);
        }
    }
}

#[test]
fn valid_ids_read_and_print() {
    for vector in ids().valid {
        let id = Uuid::from_bits(number(&vector.hex));
        assert_eq!(Uuid::from_type_id(&vector.prefix, &vector.text), Ok(id), "{}", vector.text);
        assert_eq!(id.to_type_id(&vector.prefix), vector.text);
        if vector.prefix == "key" {
            assert_eq!(vector.text.parse(), Ok(KeyId::new(id)), "{}", vector.text);
            assert_eq!(KeyId::new(id).to_string(), vector.text);
        }
    }
}

#[test]
fn invalid_ids_are_refused() {
    for vector in ids().invalid {
        assert!(Uuid::from_type_id(&vector.prefix, &vector.text).is_err(), "{}", vector.why);
        if vector.prefix == "key" {
            assert!(vector.text.parse::<KeyId>().is_err(), "{}", vector.why);
        }
    }
}

/// What `text` is, and the hash by which it is found.
fn read_hashed(text: &str) -> Option<(Kind, [u8; 32])> {
    if let Ok(invitation) = InvitationToken::parse(text) {
        return Some((Kind::Invitation, *invitation.hashed().as_bytes()));
    }
    match Presented::parse(text).ok()? {
        Presented::Legacy(key) => Some((Kind::Legacy, *key.hashed().as_bytes())),
        Presented::Opaque(key) => Some((Kind::Opaque, *key.hashed().as_bytes())),
        Presented::Client(_) | Presented::Jwt(_) | Presented::SelfContained(_) => None,
    }
}

#[test]
fn what_says_nothing_is_found_by_its_hash() {
    for vector in hashed().valid {
        let expected = (vector.kind, bytes(&vector.sha256_hex));
        assert_eq!(read_hashed(&vector.key), Some(expected), "{}", vector.key);
    }
}

#[test]
fn random_bytes_give_the_text_of_the_vector() {
    for vector in hashed().valid {
        let (text, hash) = match vector.kind {
            Kind::Invitation => {
                let random = URL_SAFE_NO_PAD.decode_to_vec(&vector.key["titan_inv_".len()..]).unwrap();
                let (text, token) = InvitationToken::from_random(random.try_into().unwrap());
                (text.expose().to_owned(), *token.hashed().as_bytes())
            }
            Kind::Legacy => continue,
            Kind::Opaque => {
                let digits = &vector.key["whm_".len()..];
                let (text, key) = OpaqueKey::from_random(bytes(digits));
                assert_eq!(key.lead(), &digits[..8]);
                (text.expose().to_owned(), *key.hashed().as_bytes())
            }
        };
        assert_eq!((text, hash), (vector.key, bytes(&vector.sha256_hex)));
    }
}

/// Some of them are credentials of another kind, which is as good as malformed here: nothing would be looked up.
#[test]
fn other_texts_have_no_hash() {
    for vector in hashed().invalid {
        assert_eq!(read_hashed(&vector.text), None, "{}", vector.why);
    }
}
