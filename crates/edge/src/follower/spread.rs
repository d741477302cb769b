//! How long changes take from their commit until they are in force on every instance.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use titan_core::revision::Spread;

/// The upper ends of the classes, in milliseconds. The last class has none.
const ENDS: [u64; 13] = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000];

/// A histogram of these times.
#[derive(Default)]
pub(super) struct Histogram {
    classes: [AtomicU64; ENDS.len() + 1],
    total_micros: AtomicU64,
}

impl Histogram {
    pub(super) fn record(&self, time: Duration) {
        let class = ENDS.iter().position(|end| time <= Duration::from_millis(*end)).unwrap_or(ENDS.len());
        self.classes[class].fetch_add(1, Ordering::Relaxed);
        let micros = u64::try_from(time.as_micros()).unwrap_or(u64::MAX);
        self.total_micros.fetch_add(micros, Ordering::Relaxed);
    }

    pub(super) fn read(&self) -> Spread {
        let ends = ENDS.iter().copied().map(Some).chain([None]);
        let counts = self.classes.iter().map(|count| count.load(Ordering::Relaxed));
        let total = Duration::from_micros(self.total_micros.load(Ordering::Relaxed));
        Spread { classes: ends.zip(counts).collect(), total }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_time_is_in_the_first_class_that_it_does_not_exceed() {
        let histogram = Histogram::default();
        for micros in [0, 1000, 1001, 7000, 9_999_000, 10_000_001] {
            histogram.record(Duration::from_micros(micros));
        }
        assert_eq!(histogram.read().total, Duration::from_micros(20_008_002));
        let filled: Vec<_> = histogram.read().classes.into_iter().filter(|(_, count)| *count > 0).collect();
        assert_eq!(filled, [(Some(1), 2), (Some(2), 1), (Some(10), 1), (Some(10_000), 1), (None, 1)]);
    }
}
