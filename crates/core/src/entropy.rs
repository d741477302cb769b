//! Where randomness comes from.

/// A source of unpredictable bytes. The program's is the operating system's.
pub trait Entropy: Send + Sync {
    /// Fills `bytes`. If the source cannot do that, it must not return.
    fn fill(&self, bytes: &mut [u8]);
}

/// `N` random bytes.
pub fn random<const N: usize>(source: &dyn Entropy) -> [u8; N] {
    let mut bytes = [0; N];
    source.fill(&mut bytes);
    bytes
}
