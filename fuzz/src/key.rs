//! Self-contained keys.

use arbitrary::{Arbitrary, Unstructured};
use std::sync::LazyLock;
use titan_token::{
    Claims, KeyId, Prefix, Presented, ScopeSet, SigningKey, SigningSecret, Slot, TenantId, UntrustedKey, Uuid,
};

/// The first signing secret of `vectors/api-key.json`, so that the seeds made from it verify.
static SIGNING_KEY: LazyLock<SigningKey> =
    LazyLock::new(|| signing_key(std::array::from_fn(|place| u8::try_from(place).unwrap_or_default())));
const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
/// The bits of a payload of 73 bytes.
const BITS: usize = 584;

/// Any text: it is what docs/token-format.md says that it is, and it verifies only if it was signed.
pub fn key_parse(data: &[u8]) {
    let Ok(text) = str::from_utf8(data) else { return };
    let parsed = Presented::parse(text).ok();
    assert_eq!(parsed.as_ref().and_then(kind), kind_by_the_document(data));
    if let Some(Presented::SelfContained(key)) = parsed {
        let signed = key.unproven().sign(key.prefix(), &SIGNING_KEY);
        assert_eq!(key.verify(&SIGNING_KEY).is_ok(), signed.expose() == text);
    }
}

/// Any fields: they are signed, read and verified, and are the same.
pub fn key_round_trip(data: &[u8]) {
    let Ok(issue) = Unstructured::new(data).arbitrary::<Issue>() else { return };
    let (claims, prefix, key) = (issue.claims(), issue.prefix(), signing_key(issue.secret));
    let text = issue.text(&key);
    let Some(parsed) = self_contained(&text) else { panic!("a signed key has the shape of one") };
    assert_eq!((parsed.prefix(), *parsed.unproven()), (prefix, claims));
    let Ok(verified) = parsed.verify(&key) else { panic!("a signed key verifies") };
    assert_eq!((verified.prefix(), *verified.claims()), (prefix, claims));
    assert_eq!(verified.claims().sign(verified.prefix(), &key).expose(), text);
}

/// Any fields, and behind them edits of three bytes: an edited key never verifies, nor does any behind
/// another prefix.
pub fn key_mutated(data: &[u8]) {
    let mut input = Unstructured::new(data);
    let Ok(issue) = input.arbitrary::<Issue>() else { return };
    let key = signing_key(issue.secret);
    let original = issue.text(&key);
    let mut bytes = original.clone().into_bytes();
    let (edits, _) = input.take_rest().as_chunks::<3>();
    for edit in edits {
        apply(&mut bytes, *edit, issue.prefix().as_str().len());
    }
    // The crate reads text; what is no UTF-8 never comes to it.
    let Ok(text) = String::from_utf8(bytes) else { return };
    assert_eq!(is_verified(&text, &key), text == original);
    assert!(!is_verified(&text, &signing_key(issue.another_secret())));
    for other in Prefix::ALL.into_iter().filter(|other| *other != issue.prefix()) {
        for text in [&*original, &*text] {
            let payload = text.strip_prefix(issue.prefix().as_str()).unwrap_or(text);
            assert!(!is_verified(&(other.as_str().to_owned() + payload), &key));
        }
    }
}

/// A key to be issued. `seed.py` writes its fields in this order.
#[derive(Arbitrary)]
struct Issue {
    prefix: u8,
    slot: u8,
    id: u128,
    tenant: u32,
    scopes: u128,
    expires_at: u32,
    secret: [u8; 32],
}

impl Issue {
    fn prefix(&self) -> Prefix {
        Prefix::ALL[usize::from(self.prefix) % Prefix::ALL.len()]
    }

    fn claims(&self) -> Claims {
        let Some(slot) = Slot::new(self.slot % 16) else { unreachable!("less than 16") };
        Claims {
            slot,
            id: KeyId::new(Uuid::from_bits(self.id)),
            tenant: TenantId(self.tenant),
            scopes: ScopeSet::from_bits(self.scopes),
            expires_at: self.expires_at,
        }
    }

    fn text(&self, key: &SigningKey) -> String {
        self.claims().sign(self.prefix(), key).expose().to_owned()
    }

    fn another_secret(&self) -> [u8; 32] {
        let mut secret = self.secret;
        secret[usize::from(self.slot) % 32] ^= 1;
        secret
    }
}

/// One edit: a payload bit is flipped, or a byte is set, put in or taken out.
fn apply(text: &mut Vec<u8>, [what, high, low]: [u8; 3], prefix: usize) {
    let number = usize::from(u16::from_be_bytes([high, low]));
    if what % 4 == 0 {
        return flip(text, prefix, number % BITS);
    }
    let place = usize::from(high) % text.len().max(1);
    match what % 4 {
        1 => text.iter_mut().skip(place).take(1).for_each(|byte| *byte = low),
        2 => text.insert(place, low),
        _ if text.is_empty() => {}
        _ => drop(text.remove(place)),
    }
}

/// Six bits stand in each character. One that an earlier edit took out of the alphabet has none.
fn flip(text: &mut [u8], prefix: usize, bit: usize) {
    let Some(character) = text.get_mut(prefix + bit / 6) else { return };
    let Some(value) = ALPHABET.iter().position(|c| c == character) else { return };
    *character = ALPHABET[value ^ (32 >> (bit % 6))];
}

fn signing_key(secret: [u8; 32]) -> SigningKey {
    SigningKey::for_api_keys(&SigningSecret::new(secret))
}

fn self_contained(text: &str) -> Option<UntrustedKey> {
    match Presented::parse(text) {
        Ok(Presented::SelfContained(key)) => Some(key),
        Ok(
            Presented::Client(_) | Presented::Jwt(_) | Presented::Legacy(_) | Presented::Opaque(_),
        )
        | Err(_) => None,
    }
}

fn is_verified(text: &str, key: &SigningKey) -> bool {
    self_contained(text).is_some_and(|parsed| parsed.verify(key).is_ok())
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Legacy,
    Opaque,
    SelfContained,
}

/// Of keys. JWTs and client tokens have targets of their own.
fn kind(parsed: &Presented) -> Option<Kind> {
    match parsed {
        Presented::Client(_) | Presented::Jwt(_) => None,
        Presented::Legacy(_) => Some(Kind::Legacy),
        Presented::Opaque(_) => Some(Kind::Opaque),
        Presented::SelfContained(_) => Some(Kind::SelfContained),
    }
}

/// The table of "Telling credentials apart", read a second time and row by row.
fn kind_by_the_document(text: &[u8]) -> Option<Kind> {
    let platform = [&b"titan_sk_live_"[..], b"titan_sk_test_"];
    if let Some(payload) = platform.iter().find_map(|prefix| text.strip_prefix(*prefix)) {
        return is_payload(payload).then_some(Kind::SelfContained);
    }
    if [&b"titan_ct_"[..], b"titan_rt_", b"titan_inv_"].iter().any(|prefix| text.starts_with(prefix)) {
        return None;
    }
    if let Some(payload) = text.strip_prefix(b"titan_") {
        return match payload.len() {
            64 => is_hex(payload).then_some(Kind::Legacy),
            _ => is_payload(payload).then_some(Kind::SelfContained),
        };
    }
    let digits = text.strip_prefix(b"whm_")?;
    (digits.len() == 32 && is_hex(digits)).then_some(Kind::Opaque)
}

/// `[A-D][A-Za-z0-9_-]{96}[AQgw]`
fn is_payload(text: &[u8]) -> bool {
    text.len() == 98
        && text.iter().all(|c| ALPHABET.contains(c))
        && text.first().is_some_and(|c| b"ABCD".contains(c))
        && text.last().is_some_and(|c| b"AQgw".contains(c))
}

fn is_hex(text: &[u8]) -> bool {
    text.iter().all(|c| b"0123456789abcdef".contains(c))
}
