//! Which index a page is read from, and how many of its keys are examined.

use titan_core::key::Sort;

// The limits are measured: with a million keys, the slowest page of `make bench` takes 13 ms, and may take 20.

/// The most rows that one page reads by their numbers. They are far apart in the table: about 4 µs each.
pub(super) const FEW: u32 = 1000;
/// The same for rows that are read by their ids, which have nothing to do with the order of the candidates.
pub(super) const FEW_ANYWHERE: u32 = 500;

/// The source of candidates for a page. Each candidate is then checked against the whole filter.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Source {
    /// The few keys before the time of the filter in this order, which is not the order of the list.
    Before(Sort),
    /// The few keys with these terms.
    Few(String),
    /// The keys with these terms, in the order of creation.
    Made(String),
    /// All keys, in the order of the list.
    Order,
}
