//! Console tokens.

use crate::base64url::decode;
use std::sync::LazyLock;
use titan_token::{
    ConsoleClaims, ConsoleKey, ConsoleKind, Presented, SessionId, SigningSecret, Slot, UntrustedConsole, Uuid,
};

static KEY: LazyLock<ConsoleKey> = LazyLock::new(|| {
    let secret = std::array::from_fn(|place| u8::try_from(place).unwrap_or_default());
    ConsoleKey::derive(&SigningSecret::new(secret))
});

/// Any text: it is what docs/token-format.md says that it is, it verifies only if it was signed, and it is no key.
pub fn console_parse(data: &[u8]) {
    let Ok(text) = str::from_utf8(data) else { return };
    let parsed = UntrustedConsole::parse(text).ok();
    let claims = claims_by_the_document(data);
    let said = |token: &UntrustedConsole| (token.slot(), token.kind());
    assert_eq!(parsed.as_ref().map(said), claims.map(|claims| (claims.slot, claims.kind)));
    if let Some((token, claims)) = parsed.zip(claims) {
        for binding in [[0; 8], [7; 8]] {
            let verified = token.verify(&KEY, binding).ok();
            assert_eq!(verified.is_some(), claims.sign(&KEY, binding).expose() == text);
            assert!(verified.is_none_or(|verified| *verified.claims() == claims));
        }
        assert!(Presented::parse(text).is_err());
    }
}

/// The table of "Console tokens", read a second time.
fn claims_by_the_document(text: &[u8]) -> Option<ConsoleClaims> {
    let payload = decode(text.strip_prefix(b"titan_cs_")?)?;
    let (body, mac) = payload.split_first_chunk::<22>()?;
    let [head, kind, fields @ ..] = body;
    let (session, expires_at) = fields.split_first_chunk::<16>()?;
    (mac.len() == 32).then_some(())?;
    Some(ConsoleClaims {
        slot: Slot::new(*head)?,
        kind: match kind {
            0 => ConsoleKind::Master,
            1 => ConsoleKind::User,
            2 => ConsoleKind::Proof,
            _ => return None,
        },
        session: SessionId::new(Uuid::from_bits(u128::from_be_bytes(*session))),
        expires_at: u32::from_be_bytes(expires_at.try_into().ok()?),
    })
}
