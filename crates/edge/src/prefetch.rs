//! A hint to the processor. This is the only module of the crate with `unsafe`.

/// Loads the cache line of `target` for a later read. It has no other effect.
#[cfg(target_arch = "x86_64")]
#[expect(unsafe_code, reason = "the intrinsic takes a raw pointer; this one comes from a live reference")]
pub(crate) fn prefetch<T>(target: &T) {
    use core::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
    // SAFETY: PREFETCHT0 changes no memory and never faults, whatever the address (Intel SDM, vol. 2).
    unsafe { _mm_prefetch::<_MM_HINT_T0>(core::ptr::from_ref(target).cast()) }
}

#[cfg(not(target_arch = "x86_64"))]
pub(crate) fn prefetch<T>(_target: &T) {}

#[cfg(test)]
mod tests {
    #[test]
    fn a_hint_changes_nothing() {
        let values = [1u64; 64];
        for value in &values {
            super::prefetch(value);
        }
        assert_eq!(values, [1; 64]);
    }
}
