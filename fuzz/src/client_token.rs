//! Client tokens.

use crate::base64url::decode;
use std::sync::LazyLock;
use titan_token::{ClientKey, Presented, SigningSecret, Slot, UntrustedClientToken, UntrustedJwt};

/// The first signing secret of `vectors/client-token.json`, so that the seeds made from it verify.
static KEY: LazyLock<ClientKey> = LazyLock::new(|| {
    let secret = std::array::from_fn(|place| u8::try_from(place).unwrap_or_default());
    ClientKey::derive(&SigningSecret::new(secret))
});

/// Any text: it has the shape that docs/token-format.md says, it verifies only if it was signed, and it is no session JWT.
pub fn client_token_parse(data: &[u8]) {
    let Ok(text) = str::from_utf8(data) else { return };
    let parsed = UntrustedClientToken::parse(text).ok();
    assert_eq!(parsed.as_ref().map(UntrustedClientToken::slot), slot_by_the_document(data));
    let Some(token) = parsed else { return };
    assert!(UntrustedJwt::parse(text).is_err());
    if let Ok(verified) = token.verify(&KEY) {
        assert_eq!(verified.claims().sign(verified.slot(), &KEY).expose(), text);
        assert!(matches!(Presented::parse(text), Ok(Presented::Client(_))));
    }
}

/// The shape of "Client tokens", read a second time.
fn slot_by_the_document(text: &[u8]) -> Option<Slot> {
    let jwt = text.strip_prefix(b"titan_ct_")?;
    let parts: Vec<&[u8]> = jwt.split(|c| *c == b'.').collect();
    let [header, payload, mac] = *parts else { return None };
    if jwt.len() > 4096 || decode(payload).is_none() || decode(mac)?.len() != 32 {
        return None;
    }
    let header = decode(header)?;
    let kid = header.strip_prefix(br#"{"alg":"HS256","typ":"titan-client+jwt","kid":""#)?;
    let [digit] = *kid.strip_suffix(br#""}"#)? else { return None };
    let place = b"0123456789abcdef".iter().position(|known| *known == digit)?;
    Slot::new(u8::try_from(place).ok()?)
}
