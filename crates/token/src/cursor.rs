//! A reader over the fixed fields of a payload.

/// Takes big-endian fields off the front of a slice.
///
/// Reading past the end gives `None`; the callers read arrays of known length, for which it cannot happen.
pub(crate) struct Cursor<'a>(&'a [u8]);

impl<'a> Cursor<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    pub(crate) fn take<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (head, rest) = self.0.split_first_chunk::<N>()?;
        self.0 = rest;
        Some(*head)
    }

    /// The end: `None` if anything is left, so that no field can hide behind the last one.
    pub(crate) fn finish(self) -> Option<()> {
        self.0.is_empty().then_some(())
    }
}
