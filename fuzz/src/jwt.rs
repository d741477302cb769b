//! Session JWTs.

use crate::base64url::decode;
use arbitrary::{Arbitrary, Unstructured};
use std::sync::LazyLock;
use titan_token::{
    JwtClaims, JwtId, JwtKey, JwtParty, JwtPublicKey, Presented, ScopeNames, SessionId, SigningSecret,
    TenantId, UntrustedJwt, UserId, Uuid, VerifiedJwt,
};

/// The first signing secret of `vectors/session-jwt.json`, so that the seeds made from it verify.
static KEY: LazyLock<JwtKey> =
    LazyLock::new(|| jwt_key(std::array::from_fn(|place| u8::try_from(place).unwrap_or_default())));
/// The longest key: `Presented` takes nothing as short for a JWT, and no JWT is as short.
const LONGEST_KEY: usize = 112;

/// Any text: it has the shape that docs/token-format.md says, and it verifies only if it was signed.
pub fn jwt_parse(data: &[u8]) {
    let Ok(text) = str::from_utf8(data) else { return };
    let parsed = UntrustedJwt::parse(text).ok();
    let named = kid_by_the_document(data);
    assert_eq!(parsed.as_ref().map(|jwt| jwt.kid().to_string().into_bytes()), named);
    assert_eq!(matches!(Presented::parse(text), Ok(Presented::Jwt(_))), parsed.is_some());
    assert!(parsed.is_none() || text.len() > LONGEST_KEY);
    if let Some(Ok(verified)) = parsed.map(|jwt| jwt.verify(KEY.public())) {
        assert_eq!(verified.claims().sign(&KEY).expose(), text);
    }
}

/// Any claims, and behind them edits of four bytes: an edited JWT never verifies, nor does any by another key.
pub fn jwt_mutated(data: &[u8]) {
    let mut input = Unstructured::new(data);
    let Ok(issue) = input.arbitrary::<Issue>() else { return };
    let (claims, key) = (issue.claims(), jwt_key(issue.secret));
    let original = claims.sign(&key).expose().to_owned();
    let Some(verified) = verify(&original, key.public()) else { panic!("a signed JWT verifies") };
    assert_eq!(*verified.claims(), claims);
    let mut bytes = original.clone().into_bytes();
    let (edits, _) = input.take_rest().as_chunks::<4>();
    for edit in edits {
        apply(&mut bytes, *edit);
    }
    // The crate reads text; what is no UTF-8 never comes to it.
    let Ok(text) = String::from_utf8(bytes) else { return };
    assert_eq!(verify(&text, key.public()).is_some(), text == original);
    assert!(verify(&text, jwt_key(issue.another_secret()).public()).is_none());
}

/// A JWT to be issued. `seed.py` writes its fields in this order.
#[derive(Arbitrary)]
struct Issue {
    secret: [u8; 32],
    ids: [u128; 3],
    numbers: [u32; 4],
    issuer: [u8; 4],
    audience: [u8; 4],
    scope: [u8; 8],
}

impl Issue {
    fn claims(&self) -> JwtClaims {
        let id = |place: usize| Uuid::from_bits(self.ids[place]);
        JwtClaims {
            issuer: party(self.issuer),
            audience: party(self.audience),
            subject: UserId::new(id(0)),
            tenant: TenantId(self.numbers[0]),
            // Most bytes are no scopes; an empty claim is one too.
            scope: str::from_utf8(&self.scope).ok().and_then(ScopeNames::new).unwrap_or_default(),
            session: SessionId::new(id(1)),
            version: self.numbers[1],
            issued_at: self.numbers[2],
            expires_at: self.numbers[3],
            id: JwtId::new(id(2)),
        }
    }

    fn another_secret(&self) -> [u8; 32] {
        let mut secret = self.secret;
        secret[usize::from(self.scope[0]) % 32] ^= 1;
        secret
    }
}

/// Names of visible ASCII; `"` and `\` become letters.
fn party(bytes: [u8; 4]) -> JwtParty {
    let visible = |byte: u8| match char::from(b'!' + byte % 94) {
        '"' | '\\' => 'x',
        other => other,
    };
    let name: String = bytes.into_iter().map(visible).collect();
    let Some(party) = JwtParty::new(&name) else { panic!("{name:?} is a name") };
    party
}

/// One edit: a bit is flipped, or a byte is set, put in or taken out.
fn apply(text: &mut Vec<u8>, [what, high, low, byte]: [u8; 4]) {
    let place = usize::from(u16::from_be_bytes([high, low])) % text.len().max(1);
    match what % 4 {
        0 => text.iter_mut().skip(place).take(1).for_each(|at| *at ^= 1 << (byte % 8)),
        1 => text.iter_mut().skip(place).take(1).for_each(|at| *at = byte),
        2 => text.insert(place, byte),
        _ if text.is_empty() => {}
        _ => drop(text.remove(place)),
    }
}

fn jwt_key(secret: [u8; 32]) -> JwtKey {
    JwtKey::derive(&SigningSecret::new(secret))
}

fn verify(text: &str, key: &JwtPublicKey) -> Option<VerifiedJwt> {
    UntrustedJwt::parse(text).ok()?.verify(key).ok()
}

/// "Reading a session JWT", steps 1 to 4, a second time.
fn kid_by_the_document(text: &[u8]) -> Option<Vec<u8>> {
    let parts: Vec<&[u8]> = text.split(|c| *c == b'.').collect();
    let [header, payload, signature] = *parts else { return None };
    if text.len() > 4096 || decode(payload).is_none() || decode(signature)?.len() != 64 {
        return None;
    }
    let header = decode(header)?;
    let kid = header.strip_prefix(br#"{"alg":"EdDSA","typ":"at+jwt","kid":""#)?.strip_suffix(br#""}"#)?;
    (decode(kid)?.len() == 32).then(|| kid.to_vec())
}
