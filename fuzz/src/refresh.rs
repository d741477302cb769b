//! Refresh tokens.

use crate::base64url::decode;
use std::sync::LazyLock;
use titan_token::{
    Presented, RefreshClaims, RefreshKey, SessionId, SigningSecret, Slot, UntrustedRefresh, Uuid,
};

/// The first signing secret of `vectors/refresh-token.json`, so that the seeds made from it verify.
static KEY: LazyLock<RefreshKey> = LazyLock::new(|| {
    let secret = std::array::from_fn(|place| u8::try_from(place).unwrap_or_default());
    RefreshKey::derive(&SigningSecret::new(secret))
});

/// Any text: it is what docs/token-format.md says that it is, it verifies only if it was signed, and it is no key.
pub fn refresh_parse(data: &[u8]) {
    let Ok(text) = str::from_utf8(data) else { return };
    let parsed = UntrustedRefresh::parse(text).ok();
    let claims = claims_by_the_document(data);
    assert_eq!(parsed.as_ref().map(UntrustedRefresh::slot), claims.map(|claims| claims.slot));
    if let Some((token, claims)) = parsed.zip(claims) {
        let verified = token.verify(&KEY).ok();
        assert_eq!(verified.is_some(), claims.sign(&KEY).expose() == text);
        assert!(verified.is_none_or(|verified| *verified.claims() == claims));
        assert!(Presented::parse(text).is_err());
    }
}

/// The table of "Refresh tokens", read a second time.
fn claims_by_the_document(text: &[u8]) -> Option<RefreshClaims> {
    let payload = decode(text.strip_prefix(b"titan_rt_")?)?;
    let (body, mac) = payload.split_first_chunk::<21>()?;
    let [head, fields @ ..] = body;
    let (session, generation) = fields.split_first_chunk::<16>()?;
    (mac.len() == 32).then_some(())?;
    Some(RefreshClaims {
        slot: Slot::new(*head)?,
        session: SessionId::new(Uuid::from_bits(u128::from_be_bytes(*session))),
        generation: u32::from_be_bytes(generation.try_into().ok()?),
    })
}
