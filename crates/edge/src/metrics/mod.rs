//! Numbers about the path of a request: `docs/adr/0022-metrics.md`.
//!
//! Each worker has a set of its own, so no two threads write the same word. Whoever reads adds the sets up. All labels are
//! enums, so a request can neither make a new series nor leave a text of its own.

mod cells;
mod label;
mod meaning;
mod state;
mod upstream;

pub use cells::{Counters, Histogram, Histograms, Observed};
pub use label::{
    Credential, Label, Limit, Link, LoanResult, Part, Reason, SpanResult, Status, UpstreamResult,
};
pub use state::State;
pub(crate) use upstream::Asking;

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// What one worker has counted.
#[derive(Default)]
pub struct EdgeMetrics {
    begun: AtomicU64,
    asked: AtomicU64,
    /// Requests that ended, by the part that answered and the class of the status.
    pub requests: Counters<(Part, Status)>,
    /// From the head of a request until the last byte of its answer was passed to the connection.
    pub durations: Histograms<Part>,
    /// Decisions about credentials.
    pub verdicts: Counters<(Part, Credential, Reason)>,
    /// Requests that a limit refused.
    pub limited: Counters<Limit>,
    /// What became of requests to upstreams.
    pub upstream_results: Counters<UpstreamResult>,
    /// From when an upstream was asked until it began to answer.
    pub upstream_duration: Histogram,
    /// Where the connections for these requests came from.
    pub upstream_links: Counters<Link>,
}

impl EdgeMetrics {
    /// A request has arrived.
    #[inline]
    pub fn begin(&self) {
        self.begun.fetch_add(1, Ordering::Relaxed);
    }

    /// A request has ended.
    #[inline]
    pub fn end(&self, part: Part, status: Status, took: Duration) {
        self.requests.add((part, status));
        self.durations.observe(part, took);
    }

    /// How many requests have arrived.
    pub fn begun(&self) -> u64 {
        self.begun.load(Ordering::Relaxed)
    }

    /// How many requests were sent to an upstream, or are waiting for a connection.
    pub fn asked(&self) -> u64 {
        self.asked.load(Ordering::Relaxed)
    }

    /// An upstream is asked now.
    pub(crate) fn ask(&self) -> Asking<'_> {
        self.asked.fetch_add(1, Ordering::Relaxed);
        Asking::new(self)
    }
}
