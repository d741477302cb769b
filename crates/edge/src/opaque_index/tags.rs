//! The tags of a group of entries.

/// A byte for each of eight entries, the first in the lowest.
#[derive(Clone, Copy)]
pub(super) struct Tags(pub(super) u64);

const LOW_BITS: u64 = 0x0101_0101_0101_0101;
const HIGH_BITS: u64 = LOW_BITS << 7;

impl Tags {
    /// The places of this tag, and seldom another one.
    #[inline]
    pub(super) fn places_of(self, tag: u8) -> impl Iterator<Item = usize> {
        let mut left = zero_bytes(self.0 ^ (word_of(tag, 0) * LOW_BITS));
        std::iter::from_fn(move || {
            let place = first_byte(left)?;
            left &= left - 1;
            Some(place)
        })
    }

    /// The first place that was never used.
    #[inline]
    pub(super) fn first_free(self) -> Option<usize> {
        first_byte(zero_bytes(self.0))
    }
}

/// This tag, at this place. An empty place has 0, so no tag is 0.
#[inline]
pub(super) fn word_of(tag: u8, place: usize) -> u64 {
    u64::from(tag.max(1)) << (8 * place)
}

/// The high bit of each byte that is 0, and perhaps of some above the first of these.
const fn zero_bytes(word: u64) -> u64 {
    word.wrapping_sub(LOW_BITS) & !word & HIGH_BITS
}

fn first_byte(bits: u64) -> Option<usize> {
    (bits != 0).then(|| usize::try_from(bits.trailing_zeros() / 8).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn finds_every_place(tags: [u8; 8], tag: u8) {
            let group = Tags(u64::from_le_bytes(tags));
            let places: Vec<usize> = group.places_of(tag).collect();
            let right: Vec<usize> = (0..8).filter(|at| tags[*at] == tag.max(1)).collect();
            prop_assert!(right.iter().all(|place| places.contains(place)));
            prop_assert_eq!(places.first(), right.first());
            prop_assert_eq!(group.first_free(), tags.iter().position(|tag| *tag == 0));
        }
    }
}
