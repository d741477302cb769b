//! The ids of requests that bring none.

use http::HeaderValue;

/// The prefix and a number in hexadecimal.
pub(super) fn numbered(prefix: &[u8; 16], number: u64) -> HeaderValue {
    let mut text = [b'-'; 33];
    text[..16].copy_from_slice(prefix);
    text[17..].copy_from_slice(&hex(number.to_be_bytes()));
    HeaderValue::from_bytes(&text).unwrap_or(HeaderValue::from_static("none"))
}

/// By hand, as it is made for most requests: `format!` takes five times as long.
pub(super) fn hex(bytes: [u8; 8]) -> [u8; 16] {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let mut text = [0; 16];
    for (pair, byte) in text.chunks_exact_mut(2).zip(bytes) {
        pair[0] = DIGITS[usize::from(byte >> 4)];
        pair[1] = DIGITS[usize::from(byte & 15)];
    }
    text
}
