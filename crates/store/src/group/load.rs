//! How busy a group is: for the metrics.

use std::sync::atomic::{AtomicU64, Ordering};
use titan_core::port::WriteLoad;

/// Counts writers.
#[derive(Default)]
pub(super) struct Load {
    waiting: AtomicU64,
    writes: AtomicU64,
    commits: AtomicU64,
}

/// A writer that waits for its turn. It stops waiting when this is dropped.
pub(super) struct Waiting<'a>(&'a Load);

impl Load {
    pub(super) fn wait(&self) -> Waiting<'_> {
        self.waiting.fetch_add(1, Ordering::Relaxed);
        Waiting(self)
    }

    pub(super) fn committed(&self, writes: usize) {
        self.writes.fetch_add(u64::try_from(writes).unwrap_or_default(), Ordering::Relaxed);
        self.commits.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn read(&self) -> WriteLoad {
        let [waiting, writes, commits] =
            [&self.waiting, &self.writes, &self.commits].map(|count| count.load(Ordering::Relaxed));
        WriteLoad { waiting, writes, commits }
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.waiting.fetch_sub(1, Ordering::Relaxed);
    }
}
