//! base64url without padding (RFC 4648, 5), read strictly: each value has one spelling.

use crate::Malformed;
use alloc::string::String;
use base64_simd::{Out, URL_SAFE_NO_PAD};

/// How many characters `bytes` bytes take.
pub(crate) const fn length(bytes: usize) -> usize {
    (8 * bytes).div_ceil(6)
}

/// Exactly `N` bytes: no padding, nothing outside the alphabet, no spare bit set.
#[inline]
pub(crate) fn decode<const N: usize>(text: &str) -> Result<[u8; N], Malformed> {
    if text.len() != length(N) {
        return Err(Malformed::Length);
    }
    let mut bytes = [0; N];
    URL_SAFE_NO_PAD.decode(text.as_bytes(), Out::from_slice(&mut bytes)).map_err(|_| Malformed::Alphabet)?;
    Ok(bytes)
}

/// Writes `bytes` behind `text`.
pub(crate) fn append(bytes: &[u8], text: &mut String) {
    URL_SAFE_NO_PAD.encode_append(bytes, text);
}
