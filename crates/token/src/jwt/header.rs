//! The header: all of it is constant but the key's id.

use super::Kid;
use crate::cursor::Cursor;
use crate::{Malformed, base64};
use alloc::string::String;

/// RFC 8037, 3.1, and RFC 9068, 2.1.
const BEFORE: [u8; 37] = *br#"{"alg":"EdDSA","typ":"at+jwt","kid":""#;
const AFTER: [u8; 2] = *br#""}"#;
const BYTES: usize = BEFORE.len() + Kid::TEXT + AFTER.len();
/// 110 characters.
pub(super) const TEXT: usize = base64::length(BYTES);

/// Writes the header of a JWT that the key `kid` signs.
pub(super) fn append(kid: Kid, text: &mut String) {
    let mut bytes = [0; BYTES];
    let (before, rest) = bytes.split_at_mut(BEFORE.len());
    let (middle, after) = rest.split_at_mut(Kid::TEXT);
    before.copy_from_slice(&BEFORE);
    middle.copy_from_slice(&kid.to_text());
    after.copy_from_slice(&AFTER);
    base64::append(&bytes, text);
}

/// The key that a header names. Any other header is refused.
pub(super) fn parse(text: &str) -> Result<Kid, Malformed> {
    if text.len() != TEXT {
        return Err(Malformed::Header);
    }
    read(&base64::decode(text)?).ok_or(Malformed::Header)
}

fn read(header: &[u8; BYTES]) -> Option<Kid> {
    let mut fields = Cursor::new(header);
    let (before, kid, after) = (fields.take()?, fields.take()?, fields.take()?);
    fields.finish()?;
    if before == BEFORE && after == AFTER { Kid::from_text(&kid) } else { None }
}
