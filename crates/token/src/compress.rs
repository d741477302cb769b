//! One compression of SHA-256: the one module of this crate with `unsafe`.

use aws_lc_sys::SHA256_TransformBlocks;

/// The eight words that a compression takes and leaves.
pub(crate) type State = [u32; 8];

/// The message is cut into pieces of so many bytes (FIPS 180-4, 5.2.1).
pub(crate) const BLOCK: usize = 64;

/// The state before the first block (FIPS 180-4, 5.3.3).
pub(crate) const START: State =
    [0x6a09_e667, 0xbb67_ae85, 0x3c6e_f372, 0xa54f_f53a, 0x510e_527f, 0x9b05_688c, 0x1f83_d9ab, 0x5be0_cd19];

/// The state after `block` (FIPS 180-4, 6.2.2). AWS-LC has no safe interface to it.
#[expect(unsafe_code, reason = "a foreign function that takes pointers; both come from live references")]
pub(crate) fn compress(mut state: State, block: &[u8; BLOCK]) -> State {
    // SAFETY: it reads 1 block of 64 bytes, and reads and writes 8 words of state. Both are that long.
    unsafe { SHA256_TransformBlocks(state.as_mut_ptr(), block.as_ptr(), 1) };
    state
}

#[cfg(test)]
mod tests {
    use super::*;

    /// FIPS 180-4's example of one block.
    #[test]
    fn hashes_abc() {
        let mut block = [0; BLOCK];
        block[..4].copy_from_slice(b"abc\x80");
        block[BLOCK - 1] = 24;
        let expected = [
            0xba78_16bf,
            0x8f01_cfea,
            0x4141_40de,
            0x5dae_2223,
            0xb003_61a3,
            0x9617_7a9c,
            0xb410_ff61,
            0xf200_15ad,
        ];
        assert_eq!(compress(START, &block), expected);
    }
}
