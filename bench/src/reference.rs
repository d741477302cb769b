//! The least that an HMAC can cost: two SHA-256 compressions, the second of which needs the first.

use ring::digest::{SHA256, digest};

/// SHA-256's initial state (FIPS 180-4, 5.3.3).
const START: [u32; 8] =
    [0x6a09_e667, 0xbb67_ae85, 0x3c6e_f372, 0xa54f_f53a, 0x510e_527f, 0x9b05_688c, 0x1f83_d9ab, 0x5be0_cd19];

/// Two dependent compressions by AWS-LC, without hashing's book-keeping: the reference of every ratio.
pub fn two_compressions(seed: usize) -> [u32; 8] {
    let mut block = [0x5c; 64];
    block[..8].copy_from_slice(&seed.to_le_bytes());
    let inner = compress(START, &block);
    for (place, word) in block.chunks_exact_mut(4).zip(inner) {
        place.copy_from_slice(&word.to_be_bytes());
    }
    compress(START, &block)
}

/// The same work by ring: the digest of one block's worth of bytes, and the digest of that.
pub fn two_digests(seed: usize) -> [u8; 32] {
    // 55 bytes and padding are one block.
    let mut message = [0x36; 55];
    message[..8].copy_from_slice(&seed.to_le_bytes());
    let inner = digest(&SHA256, &message);
    let mut outer = [0; 32];
    outer.copy_from_slice(digest(&SHA256, inner.as_ref()).as_ref());
    outer
}

#[expect(unsafe_code, reason = "AWS-LC's compression function has no safe interface")]
fn compress(mut state: [u32; 8], block: &[u8; 64]) -> [u32; 8] {
    // SAFETY: it reads and writes 8 words of state and reads `num_blocks` × 64 bytes; both are that long.
    unsafe { aws_lc_sys::SHA256_TransformBlocks(state.as_mut_ptr(), block.as_ptr(), 1) };
    state
}
