//! Counters and histograms of plain atomics, with a fixed number of places.

use super::Label;
use std::marker::PhantomData;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// The upper ends of the classes, in microseconds: from what Titan itself takes to what it waits for an upstream. The last
/// class has none.
const ENDS: [u64; 17] = [
    100, 250, 500, 1_000, 2_500, 5_000, 10_000, 25_000, 50_000, 100_000, 250_000, 500_000, 1_000_000,
    2_500_000, 5_000_000, 10_000_000, 30_000_000,
];

/// A counter for each value of a label.
pub struct Counters<L> {
    cells: Box<[AtomicU64]>,
    label: PhantomData<fn(L)>,
}

impl<L: Label> Default for Counters<L> {
    fn default() -> Self {
        Self { cells: (0..L::COUNT).map(|_| AtomicU64::new(0)).collect(), label: PhantomData }
    }
}

impl<L: Label> Counters<L> {
    /// One more.
    #[inline]
    pub fn add(&self, label: L) {
        self.cells[label.index()].fetch_add(1, Ordering::Relaxed);
    }

    /// How many there were.
    pub fn read(&self, label: L) -> u64 {
        self.cells[label.index()].load(Ordering::Relaxed)
    }

    /// All of them together.
    pub fn sum(&self) -> u64 {
        self.cells.iter().map(|cell| cell.load(Ordering::Relaxed)).sum()
    }
}

/// How long something took, in classes.
#[derive(Default)]
pub struct Histogram {
    classes: [AtomicU64; ENDS.len() + 1],
    micros: AtomicU64,
}

/// What a histogram has seen. Several add up.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Observed {
    /// How many are in each class.
    classes: [u64; ENDS.len() + 1],
    micros: u64,
}

impl Histogram {
    /// One more.
    #[inline]
    pub fn observe(&self, took: Duration) {
        let micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        let class = ENDS.partition_point(|end| *end < micros);
        self.classes[class].fetch_add(1, Ordering::Relaxed);
        self.micros.fetch_add(micros, Ordering::Relaxed);
    }

    /// What it has seen.
    pub fn read(&self) -> Observed {
        let read = |cell: &AtomicU64| cell.load(Ordering::Relaxed);
        Observed { classes: self.classes.each_ref().map(read), micros: read(&self.micros) }
    }
}

/// A histogram for each value of a label.
pub struct Histograms<L> {
    histograms: Box<[Histogram]>,
    label: PhantomData<fn(L)>,
}

impl<L: Label> Default for Histograms<L> {
    fn default() -> Self {
        Self { histograms: (0..L::COUNT).map(|_| Histogram::default()).collect(), label: PhantomData }
    }
}

impl<L: Label> Histograms<L> {
    /// One more.
    #[inline]
    pub fn observe(&self, label: L, took: Duration) {
        self.histograms[label.index()].observe(took);
    }

    /// What one of them has seen.
    pub fn read(&self, label: L) -> Observed {
        self.histograms[label.index()].read()
    }
}

impl Observed {
    /// The upper end of each class, and how many are in it. The last class has no end.
    pub fn classes(&self) -> impl Iterator<Item = (Option<Duration>, u64)> {
        let ends = ENDS.iter().map(|end| Some(Duration::from_micros(*end))).chain([None]);
        ends.zip(self.classes)
    }

    /// All of them together.
    pub fn total(&self) -> Duration {
        Duration::from_micros(self.micros)
    }
}

impl std::iter::Sum for Observed {
    fn sum<I: Iterator<Item = Self>>(all: I) -> Self {
        all.fold(Self::default(), |mut sum, one| {
            for (all, more) in sum.classes.iter_mut().zip(one.classes) {
                *all += more;
            }
            sum.micros = sum.micros.wrapping_add(one.micros);
            sum
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Limit, Part, Status};
    use super::*;

    #[test]
    fn each_time_is_in_the_first_class_that_it_does_not_exceed() {
        let histogram = Histogram::default();
        for micros in [0, 100, 101, 30_000_000, 30_000_001] {
            histogram.observe(Duration::from_micros(micros));
        }
        let observed = histogram.read();
        let filled: Vec<_> = observed.classes().filter(|(_, count)| *count > 0).collect();
        let end = |micros| Some(Duration::from_micros(micros));
        assert_eq!(filled, [(end(100), 2), (end(250), 1), (end(30_000_000), 1), (None, 1)]);
        assert_eq!(observed.total(), Duration::from_micros(60_000_202));
    }

    #[test]
    fn the_sets_of_several_workers_add_up() {
        let (one, other) = (Histogram::default(), Histogram::default());
        one.observe(Duration::from_millis(1));
        other.observe(Duration::from_millis(1));
        other.observe(Duration::from_mins(1));
        let sum: Observed = [one.read(), other.read()].into_iter().sum();
        assert_eq!(sum.classes().map(|(_, count)| count).sum::<u64>(), 3);
        assert_eq!(sum.total(), Duration::from_millis(60_002));
    }

    #[test]
    fn each_value_is_counted_by_itself() {
        let counters = Counters::<(Part, Status)>::default();
        counters.add((Part::Verify, Status::Success));
        counters.add((Part::Verify, Status::Success));
        counters.add((Part::Gateway, Status::ServerError));
        assert_eq!(counters.read((Part::Verify, Status::Success)), 2);
        assert_eq!(counters.read((Part::Verify, Status::ServerError)), 0);
        assert_eq!(counters.sum(), 3);
        assert_eq!(Counters::<Limit>::default().sum(), 0);
    }
}
