//! base64url without padding (RFC 4648, 5), read strictly: each value has one spelling.

use crate::Malformed;
use alloc::string::String;
use alloc::vec::Vec;
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

/// Whether [`decode_any`] would read it.
pub(crate) fn check(text: &str) -> Result<(), Malformed> {
    URL_SAFE_NO_PAD.check(text.as_bytes()).map_err(|_| Malformed::Alphabet)
}

/// Any number of bytes, as strictly.
pub(crate) fn decode_any(text: &str) -> Result<Vec<u8>, Malformed> {
    URL_SAFE_NO_PAD.decode_to_vec(text).map_err(|_| Malformed::Alphabet)
}

/// Writes `bytes` behind `text`.
pub(crate) fn append(bytes: &[u8], text: &mut String) {
    URL_SAFE_NO_PAD.encode_append(bytes, text);
}
