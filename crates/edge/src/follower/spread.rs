//! How long changes take from their commit until they are in force on every instance.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use titan_core::revision::Spread;

/// The upper ends of the classes, in milliseconds. The last class has none.
const ENDS: [u64; 13] = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000];

/// A histogram of these times.
#[derive(Default)]
pub(super) struct Histogram([AtomicU64; ENDS.len() + 1]);

impl Histogram {
    pub(super) fn record(&self, time: Duration) {
        let class = ENDS.iter().position(|end| time <= Duration::from_millis(*end)).unwrap_or(ENDS.len());
        self.0[class].fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn read(&self) -> Spread {
        let ends = ENDS.iter().copied().map(Some).chain([None]);
        Spread { classes: ends.zip(self.0.iter().map(|count| count.load(Ordering::Relaxed))).collect() }
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
        let filled: Vec<_> = histogram.read().classes.into_iter().filter(|(_, count)| *count > 0).collect();
        assert_eq!(filled, [(Some(1), 2), (Some(2), 1), (Some(10), 1), (Some(10_000), 1), (None, 1)]);
    }
}
