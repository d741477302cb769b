//! base64url, read and checked a second time: slowly, bit by bit.

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/// What `text` spells, or `None` if it is not the one spelling of it.
pub(crate) fn decode(text: &[u8]) -> Option<Vec<u8>> {
    let mut bits = Vec::with_capacity(6 * text.len());
    for character in text {
        let value = ALPHABET.iter().position(|c| c == character)?;
        bits.extend((0..6).rev().map(|place| value >> place & 1 == 1));
    }
    let (bytes, spare) = bits.as_chunks::<8>();
    let is_canonical = spare.len() < 6 && !spare.contains(&true);
    let byte = |bits: &[bool; 8]| bits.iter().fold(0, |byte, bit| byte << 1 | u8::from(*bit));
    is_canonical.then(|| bytes.iter().map(byte).collect())
}
