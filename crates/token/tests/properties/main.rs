//! What holds for every credential, id and set of scopes, not for the golden ones alone.

#![expect(clippy::unwrap_used, reason = "a test stops at the first surprise")]

mod console;
mod hashed;
mod jwt;
mod refresh;

use base64_simd::URL_SAFE_NO_PAD;
use proptest::prelude::*;
use proptest::sample::Index;
use std::collections::BTreeSet;
use titan_token::{
    Claims, KeyId, Malformed, Prefix, Presented, ScopeBit, ScopeSet, SigningKey, SigningSecret, Slot,
    TenantId, UntrustedKey, Uuid,
};

const BASE64URL: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
const CROCKFORD: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
const PAYLOAD: usize = 73;
/// The characters that only the 41 bytes of the body decide: 54 of 6 bits. The next has four bits of the
/// body and two of the MAC.
const BODY_CHARACTERS: usize = 54;

fn signing_key(secret: [u8; 32]) -> SigningKey {
    SigningKey::for_api_keys(&SigningSecret::new(secret))
}

fn self_contained(text: &str) -> Option<UntrustedKey> {
    match Presented::parse(text) {
        Ok(Presented::SelfContained(key)) => Some(key),
        Ok(Presented::Client(_) | Presented::Jwt(_) | Presented::Legacy(_) | Presented::Opaque(_))
        | Err(_) => None,
    }
}

fn is_verified(text: &str, key: &SigningKey) -> bool {
    self_contained(text).is_some_and(|parsed| parsed.verify(key).is_ok())
}

fn spell(prefix: Prefix, payload: &[u8]) -> String {
    prefix.as_str().to_owned() + &URL_SAFE_NO_PAD.encode_to_string(payload)
}

fn payload_of(prefix: Prefix, text: &str) -> Vec<u8> {
    URL_SAFE_NO_PAD.decode_to_vec(text.strip_prefix(prefix.as_str()).unwrap()).unwrap()
}

fn any_prefix() -> impl Strategy<Value = Prefix> {
    proptest::sample::select(&Prefix::ALL[..])
}

fn any_claims() -> impl Strategy<Value = Claims> {
    (0..16u8, any::<u128>(), any::<u32>(), any::<u128>(), any::<u32>()).prop_map(
        |(slot, id, tenant, scopes, expires_at)| Claims {
            slot: Slot::new(slot).unwrap(),
            id: KeyId::new(Uuid::from_bits(id)),
            tenant: TenantId(tenant),
            scopes: ScopeSet::from_bits(scopes),
            expires_at,
        },
    )
}

/// A payload of version 0 that nobody signed.
fn any_payload() -> impl Strategy<Value = Vec<u8>> {
    proptest::collection::vec(any::<u8>(), PAYLOAD).prop_map(|mut payload| {
        payload[0] &= 0x0f;
        payload
    })
}

/// Texts that are near to a key in one way or another, and some that are not.
fn any_text() -> impl Strategy<Value = String> {
    let prefix = proptest::sample::select(vec![
        "",
        "titan",
        "titan_",
        "titan_sk_live_",
        "titan_sk_test_",
        "titan_cs_",
        "titan_ct_",
        "titan_inv_",
        "titan_rt_",
        "whm_",
    ]);
    let rest = prop_oneof![
        any::<String>(),
        "[A-D][A-Za-z0-9_-]{96}[AQgw]",
        "[A-Za-z0-9_-]{0,120}",
        "[0-9a-f]{32}|[0-9a-f]{64}",
        "[é\u{0}A𝐀]{0,98}",
        "[A-Za-z0-9_-]{0,97}é[A-Za-z0-9_-]{0,97}",
    ];
    (prefix, rest).prop_map(|(prefix, rest)| prefix.to_owned() + &rest)
}

/// A key as it was issued.
#[derive(Debug)]
struct Issued {
    prefix: Prefix,
    claims: Claims,
    secret: [u8; 32],
    text: String,
}

impl Issued {
    fn key(&self) -> SigningKey {
        signing_key(self.secret)
    }

    fn payload(&self) -> Vec<u8> {
        payload_of(self.prefix, &self.text)
    }

    /// The text with `by` in place of `count` characters.
    fn replaced(&self, at: usize, count: usize, by: &str) -> String {
        let end = (at + count).min(self.text.len());
        [&self.text[..at], by, &self.text[end..]].concat()
    }
}

fn issued() -> impl Strategy<Value = Issued> {
    (any_prefix(), any_claims(), any::<[u8; 32]>()).prop_map(|(prefix, claims, secret)| {
        let text = claims.sign(prefix, &signing_key(secret)).expose().to_owned();
        Issued { prefix, claims, secret, text }
    })
}

proptest! {
    #[test]
    fn what_is_signed_verifies_as_it_was(issued in issued()) {
        let key = issued.key();
        prop_assert_eq!(issued.text.len(), issued.prefix.as_str().len() + 98);
        let parsed = self_contained(&issued.text).unwrap();
        prop_assert_eq!((parsed.prefix(), *parsed.unproven()), (issued.prefix, issued.claims));
        let verified = parsed.verify(&key).unwrap();
        prop_assert_eq!((verified.prefix(), *verified.claims()), (issued.prefix, issued.claims));
        let again = verified.claims().sign(verified.prefix(), &key);
        prop_assert_eq!(again.expose(), issued.text);
    }

    #[test]
    fn no_other_secret_verifies(issued in issued(), other: [u8; 32]) {
        prop_assume!(issued.secret != other);
        prop_assert!(!is_verified(&issued.text, &signing_key(other)));
    }

    /// The nearest other secrets: one bit apart.
    #[test]
    fn no_secret_one_bit_apart_verifies(issued in issued(), bit in 0..256usize) {
        let mut other = issued.secret;
        other[bit / 8] ^= 1 << (bit % 8);
        prop_assert!(!is_verified(&issued.text, &signing_key(other)));
    }

    #[test]
    fn no_other_prefix_verifies(issued in issued(), to in any_prefix()) {
        let parsed = self_contained(&spell(to, &issued.payload())).unwrap();
        prop_assert_eq!(*parsed.unproven(), issued.claims, "the shape holds behind each prefix");
        prop_assert_eq!(parsed.verify(&issued.key()).is_ok(), issued.prefix == to);
    }

    #[test]
    fn nothing_unsigned_verifies(prefix in any_prefix(), payload in any_payload(), secret: [u8; 32]) {
        let text = spell(prefix, &payload);
        prop_assert!(self_contained(&text).unwrap().verify(&signing_key(secret)).is_err());
    }

    #[test]
    fn no_text_verifies_or_panics(text in any_text(), secret: [u8; 32]) {
        prop_assert!(!is_verified(&text, &signing_key(secret)));
    }

    #[test]
    fn no_bytes_verify_or_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300), secret: [u8; 32]) {
        prop_assert!(!is_verified(&String::from_utf8_lossy(&bytes), &signing_key(secret)));
    }

    /// A NUL or a character of several bytes is malformed wherever it stands, the ends of the prefixes
    /// included.
    #[test]
    fn text_beyond_ascii_is_malformed(
        issued in issued(),
        at: Index,
        c in "[^\u{0}-\u{7f}]|\u{0}",
        count in 0..5usize,
    ) {
        let text = issued.replaced(at.index(issued.text.len() + 1), count, &c);
        prop_assert!(Presented::parse(&text).is_err(), "{:?}", text);
    }

    /// What is longer than the longest key is refused before anything else is looked at.
    #[test]
    fn long_texts_are_malformed(text in any_text(), tail in "[A-Za-z0-9_-]{113,2000}") {
        // A client token is longer than any key, and has two dots.
        let text = text.replace('.', "-");
        let why = if text.starts_with("titan_ct_") { Malformed::Parts } else { Malformed::Length };
        prop_assert_eq!(Presented::parse(&(text + &tail)).err(), Some(why));
    }

    #[test]
    fn only_the_canonical_spelling_parses(text in any_text()) {
        let Some(key) = self_contained(&text) else { return Ok(()) };
        let payload = payload_of(key.prefix(), &text);
        prop_assert_eq!(payload.len(), PAYLOAD);
        prop_assert_eq!(spell(key.prefix(), &payload), text.clone());
        let body = key.prefix().as_str().len() + BODY_CHARACTERS;
        let signed = key.unproven().sign(key.prefix(), &signing_key([7; 32]));
        prop_assert_eq!(&signed.expose()[..body], &text[..body], "the claims are all that the body says");
    }

    /// The last character has four spare bits: of the 64, only four are canonical.
    #[test]
    fn spare_bits_are_zero(prefix in any_prefix(), payload in any_payload()) {
        let text = spell(prefix, &payload);
        let stem = &text[..text.len() - 1];
        let read: String = BASE64URL
            .iter()
            .map(|c| char::from(*c))
            .filter(|c| self_contained(&format!("{stem}{c}")).is_some())
            .collect();
        prop_assert_eq!(read, "AQgw");
    }

    #[test]
    fn other_versions_are_malformed(prefix in any_prefix(), payload in any_payload(), version in 1..16u8) {
        let mut payload = payload;
        payload[0] |= version << 4;
        let error = Presented::parse(&spell(prefix, &payload)).err();
        // Two versions begin as the longer prefixes do, and are then read as those: malformed all the same.
        prop_assert!(matches!(error, Some(Malformed::Version | Malformed::Length | Malformed::Prefix)));
    }
}

proptest! {
    // Each case tries every neighbour of a key: thousands of texts.
    #![proptest_config(ProptestConfig::with_cases(12))]

    #[test]
    fn no_key_with_one_character_changed_verifies(issued in issued()) {
        let key = issued.key();
        for at in 0..issued.text.len() {
            for c in (0..=127u8).map(char::from).chain(['é', 'Ａ']) {
                let text = issued.replaced(at, 1, c.encode_utf8(&mut [0; 4]));
                prop_assert_eq!(is_verified(&text, &key), text == issued.text, "{:?} at {}", c, at);
            }
        }
    }

    #[test]
    fn no_key_with_a_character_more_or_less_parses(issued in issued(), c in "[A-D_ \\t\\n=]") {
        for at in 0..issued.text.len() {
            prop_assert!(self_contained(&issued.replaced(at, 1, "")).is_none());
            prop_assert!(self_contained(&issued.replaced(at, 0, &c)).is_none());
        }
        prop_assert!(self_contained(&(issued.text + &c)).is_none());
    }

    #[test]
    fn no_key_with_one_bit_flipped_verifies(issued in issued()) {
        let key = issued.key();
        let mut payload = issued.payload();
        for bit in 0..8 * PAYLOAD {
            payload[bit / 8] ^= 1 << (bit % 8);
            prop_assert!(!is_verified(&spell(issued.prefix, &payload), &key), "bit {}", bit);
            payload[bit / 8] ^= 1 << (bit % 8);
        }
        prop_assert!(is_verified(&spell(issued.prefix, &payload), &key), "all bits are back");
    }
}

proptest! {
    #[test]
    fn ids_read_as_they_print(bits: u128, prefix in "[a-z]{0,8}") {
        let id = Uuid::from_bits(bits);
        let text = id.to_type_id(&prefix);
        prop_assert_eq!(text.len(), prefix.len() + 27);
        prop_assert_eq!(Uuid::from_type_id(&prefix, &text), Ok(id));
        let key = KeyId::new(id);
        prop_assert_eq!(key.to_string().parse(), Ok(key));
    }

    #[test]
    fn ids_sort_as_their_texts(a: u128, b: u128, shift in 0..128u32) {
        // The second pair shares its first bits, as ids of one millisecond do.
        for (a, b) in [(a, b), (a, a ^ (b >> shift))] {
            let (a, b) = (Uuid::from_bits(a), Uuid::from_bits(b));
            prop_assert_eq!(a.to_type_id("key").cmp(&b.to_type_id("key")), a.cmp(&b));
        }
    }

    #[test]
    fn every_id_of_the_alphabet_reads_and_prints_the_same(text in "key_[0-7][0-9a-hjkmnp-tv-z]{25}") {
        prop_assert_eq!(Uuid::from_type_id("key", &text).unwrap().to_type_id("key"), text);
    }

    #[test]
    fn only_canonical_ids_read(bits: u128, at: Index, c in likely_char()) {
        let text = Uuid::from_bits(bits).to_type_id("key");
        let at = at.index(text.len());
        let changed = [&text[..at], c.encode_utf8(&mut [0; 4]), &text[at + 1..]].concat();
        let is_canonical = match at {
            0..4 => changed == text,
            // 26 characters hold 130 bits and the value has 128.
            4 => matches!(c, '0'..='7'),
            _ => CROCKFORD.iter().any(|digit| char::from(*digit) == c),
        };
        let read = changed.parse::<KeyId>().ok().map(|id| id.to_string());
        prop_assert_eq!(read, is_canonical.then_some(changed));
    }

    #[test]
    fn no_text_panics_as_an_id(text: String, suffix: String) {
        for text in [&*text, &format!("key_{suffix}"), &format!("key{suffix}")] {
            if let Ok(id) = text.parse::<KeyId>() {
                prop_assert_eq!(id.to_string(), text);
            }
        }
    }

    #[test]
    fn ids_carry_time_version_and_variant(ms: u64, random: [u8; 10]) {
        let id = Uuid::v7(ms, random);
        prop_assert_eq!(id.unix_ms(), ms & 0xffff_ffff_ffff);
        prop_assert_eq!(id.bits() >> 80, u128::from(ms & 0xffff_ffff_ffff));
        prop_assert_eq!(id.bits() >> 76 & 0xf, 7, "RFC 9562, 4.2");
        prop_assert_eq!(id.bits() >> 62 & 0b11, 0b10, "RFC 9562, 4.1");
        // The other 74 bits are the random ones, each at its place.
        let random = random.into_iter().fold(0, |bits, byte| bits << 8 | u128::from(byte));
        let fixed = 0xf << 76 | 0b11 << 62;
        prop_assert_eq!(id.bits() & !fixed & (u128::MAX >> 48), random & !fixed);
    }

    #[test]
    fn later_ids_are_greater(a in 0..1u64 << 48, b in 0..1u64 << 48, x: [u8; 10], y: [u8; 10]) {
        prop_assume!(a < b);
        prop_assert!(Uuid::v7(a, x) < Uuid::v7(b, y));
    }
}

/// Any character, and half of the time one that an id might have.
fn likely_char() -> impl Strategy<Value = char> {
    prop_oneof![proptest::char::any(), proptest::sample::select(&BASE64URL[..]).prop_map(char::from)]
}

type Model = BTreeSet<u8>;

fn any_model() -> impl Strategy<Value = Model> {
    proptest::collection::btree_set(0..128u8, 0..40)
}

fn set_of(model: &Model) -> ScopeSet {
    model.iter().filter_map(|number| ScopeBit::new(*number)).collect()
}

fn model_of(set: ScopeSet) -> Model {
    set.iter().map(ScopeBit::number).collect()
}

proptest! {
    #[test]
    fn a_set_holds_what_was_put_in(model in any_model(), more in 0..128u8) {
        let set = set_of(&model);
        let listed: Vec<u8> = set.iter().map(ScopeBit::number).collect();
        let sorted: Vec<u8> = model.iter().copied().collect();
        prop_assert_eq!(listed, sorted, "lowest first, each once");
        for number in 0..128 {
            prop_assert_eq!(set.contains(ScopeBit::new(number).unwrap()), model.contains(&number));
        }
        prop_assert_eq!(set.is_empty(), model.is_empty());
        let mut model = model;
        model.insert(more);
        prop_assert_eq!(model_of(set.with(ScopeBit::new(more).unwrap())), model);
    }

    #[test]
    fn union_and_intersection_are_those_of_sets(a in any_model(), b in any_model()) {
        let (x, y) = (set_of(&a), set_of(&b));
        prop_assert_eq!(model_of(x.union(y)), a.union(&b).copied().collect::<Model>());
        prop_assert_eq!(x.union(y), y.union(x));
        prop_assert_eq!(x.union(x), x);
        prop_assert_eq!(x.union(ScopeSet::EMPTY), x);
        prop_assert_eq!(x.intersects(y), !a.is_disjoint(&b));
        prop_assert_eq!(x.intersects(y), y.intersects(x));
        prop_assert_eq!(x == y, a == b);
    }

    #[test]
    fn bits_are_the_set(bits: u128) {
        let set = ScopeSet::from_bits(bits);
        prop_assert_eq!(set.bits(), bits);
        prop_assert_eq!(set.iter().collect::<ScopeSet>(), set);
        prop_assert_eq!(u32::try_from(set.iter().count()), Ok(bits.count_ones()));
        prop_assert!(set.iter().all(|bit| bits >> bit.number() & 1 == 1));
    }
}

#[test]
fn there_are_128_bits_and_16_slots() {
    assert!((0..=u8::MAX).all(|n| ScopeBit::new(n).is_some() == (n < 128)));
    assert!((0..=u8::MAX).all(|n| Slot::new(n).is_some() == (n < 16)));
    assert_eq!(ScopeSet::EMPTY.with(ScopeBit::ALL).bits(), 1 << 127);
}
