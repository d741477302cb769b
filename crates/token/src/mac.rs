//! HMAC-SHA256 (RFC 2104) of short messages: two compressions, the least that it can cost.
//!
//! The key's own blocks are compressed once, when the key is made. A message of at most 55 bytes then fills one
//! block with its padding, and so does the inner digest: nothing is left to buffer, to count or to allocate.

use crate::compress::{BLOCK, START, State, compress};
use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

/// The longest message: the end mark and the length take 9 bytes of its block.
pub(crate) const LONGEST: usize = BLOCK - 9;
const DIGEST: usize = 32;

/// A message code.
pub(crate) type Mac = [u8; DIGEST];

/// A message as the last block of a hash whose first block was the key's.
#[derive(Clone, Copy)]
pub(crate) struct Message([u8; BLOCK]);

impl Message {
    /// `head` and behind it `tail`: [`LONGEST`] bytes in all at most, or it does not compile.
    #[inline]
    pub(crate) fn new<const A: usize, const B: usize>(head: &[u8; A], tail: &[u8; B]) -> Self {
        const { assert!(A + B <= LONGEST, "the message must fit into one block") };
        let mut block = [0; BLOCK];
        block[..A].copy_from_slice(head);
        block[A..A + B].copy_from_slice(tail);
        // FIPS 180-4, 5.1.1: one bit, zeros, and the length in bits, the key's block with it.
        block[A + B] = 0x80;
        block[BLOCK - 2..].copy_from_slice(&const { length_in_bits(A + B) });
        Self(block)
    }
}

/// Of a message behind the key's block: at most two bytes, as both blocks have 128.
const fn length_in_bits(bytes: usize) -> [u8; 2] {
    let [low, high, ..] = ((BLOCK + bytes) * 8).to_le_bytes();
    [high, low]
}

/// A key, as the states that its two blocks leave.
pub(crate) struct MacKey {
    inner: Zeroizing<State>,
    outer: Zeroizing<State>,
}

impl MacKey {
    pub(crate) fn new(key: &[u8; 32]) -> Self {
        let state = |pad: u8| {
            let mut block = Zeroizing::new([pad; BLOCK]);
            block.iter_mut().zip(key).for_each(|(byte, key)| *byte ^= key);
            Zeroizing::new(compress(START, &block))
        };
        Self { inner: state(0x36), outer: state(0x5c) }
    }

    #[inline]
    pub(crate) fn mac(&self, message: &Message) -> Mac {
        let inner = to_bytes(compress(*self.inner, &message.0));
        to_bytes(compress(*self.outer, &Message::new(&inner, &[]).0))
    }

    /// In a time that does not depend on where they differ.
    #[inline]
    pub(crate) fn is_mac_of(&self, mac: &Mac, message: &Message) -> bool {
        let expected = self.mac(message);
        let (ours, theirs) = (expected.as_chunks().0, mac.as_chunks().0);
        let difference = ours
            .iter()
            .zip(theirs)
            .fold(0, |difference, (a, b)| difference | (u64::from_ne_bytes(*a) ^ u64::from_ne_bytes(*b)));
        difference.ct_eq(&0).into()
    }
}

#[inline]
fn to_bytes(state: State) -> Mac {
    let mut bytes = [0; DIGEST];
    for (place, word) in bytes.chunks_exact_mut(4).zip(state) {
        place.copy_from_slice(&word.to_be_bytes());
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    /// HMAC fills a short key up with zeros (RFC 2104, 2).
    fn key(bytes: &[u8]) -> MacKey {
        let mut key = [0; 32];
        key[..bytes.len()].copy_from_slice(bytes);
        MacKey::new(&key)
    }

    fn hex(mac: Mac) -> alloc::string::String {
        mac.iter().map(|byte| alloc::format!("{byte:02x}")).collect()
    }

    /// RFC 4231, 4.2 and 4.3.
    #[test]
    fn is_hmac() {
        let mac = key(&[0x0b; 20]).mac(&Message::new(b"Hi ", b"There"));
        assert_eq!(hex(mac), "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
        let mac = key(b"Jefe").mac(&Message::new(b"what do ya want ", b"for nothing?"));
        assert_eq!(hex(mac), "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    }

    /// The shortest and the longest message, against another implementation.
    #[test]
    fn pads_every_length() {
        let theirs = aws_lc_rs::hmac::Key::new(aws_lc_rs::hmac::HMAC_SHA256, &[7; 32]);
        let ours = key(&[7; 32]);
        let expected = |message: &[u8]| aws_lc_rs::hmac::sign(&theirs, message);
        assert_eq!(ours.mac(&Message::new(&[], &[])), expected(&[]).as_ref());
        assert_eq!(
            ours.mac(&Message::new(&[1; 14], &[2; 41])),
            expected(&[[1; 14].as_slice(), &[2; 41]].concat()).as_ref()
        );
    }

    #[test]
    fn one_bit_apart_is_another() {
        let (key, message) = (key(b"k"), Message::new(b"a", b"b"));
        let mac = key.mac(&message);
        assert!(key.is_mac_of(&mac, &message));
        for bit in 0..256 {
            let mut other = mac;
            other[bit / 8] ^= 1 << (bit % 8);
            assert!(!key.is_mac_of(&other, &message), "{bit}");
        }
    }
}
