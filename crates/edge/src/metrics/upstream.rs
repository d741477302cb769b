//! A request to an upstream, until its answer begins.

use super::{EdgeMetrics, UpstreamResult};
use std::time::{Duration, Instant};
use titan_core::Error;
use titan_core::error::Code;

/// Counts what becomes of the request. If it is dropped before the end, the client has gone away.
pub(crate) struct Asking<'a> {
    metrics: &'a EdgeMetrics,
    began: Instant,
    pub(crate) is_connected: bool,
    result: UpstreamResult,
}

impl<'a> Asking<'a> {
    pub(super) fn new(metrics: &'a EdgeMetrics) -> Self {
        let (began, result) = (Instant::now(), UpstreamResult::GivenUp);
        Self { metrics, began, is_connected: false, result }
    }

    /// The upstream has begun to answer, or has failed. Returns how long that took.
    pub(crate) fn end<T>(mut self, answer: &Result<T, Error>) -> Duration {
        let took = self.began.elapsed();
        self.result = match answer {
            Ok(_) => UpstreamResult::Answered,
            Err(error) => failed(error.code(), self.is_connected),
        };
        if self.result == UpstreamResult::Answered {
            self.metrics.upstream_duration.observe(took);
        }
        took
    }
}

impl Drop for Asking<'_> {
    fn drop(&mut self) {
        self.metrics.upstream_results.add(self.result);
    }
}

/// What the client did is not the upstream's fault.
const fn failed(code: Code, is_connected: bool) -> UpstreamResult {
    match (code, is_connected) {
        (Code::UpstreamTimeout, true) => UpstreamResult::Timeout,
        (Code::UpstreamTimeout, false) => UpstreamResult::ConnectTimeout,
        (Code::UpstreamUnreachable, true) => UpstreamResult::Broken,
        (Code::UpstreamUnreachable, false) => UpstreamResult::ConnectFailed,
        _ => UpstreamResult::GivenUp,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_request_has_one_result() {
        let metrics = EdgeMetrics::default();
        let error = |code| Err::<(), _>(Error::new(code, "x"));
        let end = |is_connected, answer: &Result<(), Error>| {
            let mut asking = metrics.ask();
            asking.is_connected = is_connected;
            asking.end(answer);
        };
        end(true, &Ok(()));
        end(true, &error(Code::UpstreamUnreachable));
        end(false, &error(Code::UpstreamUnreachable));
        end(true, &error(Code::UpstreamTimeout));
        end(false, &error(Code::UpstreamTimeout));
        end(true, &error(Code::RequestTimeout));
        let running = metrics.ask();
        assert_eq!((metrics.asked(), metrics.upstream_results.sum()), (7, 6));
        drop(running);
        let count = |result| metrics.upstream_results.read(result);
        assert_eq!(count(UpstreamResult::GivenUp), 2, "the client's timeout, and the client who went away");
        let once = [
            UpstreamResult::Answered,
            UpstreamResult::Broken,
            UpstreamResult::ConnectFailed,
            UpstreamResult::ConnectTimeout,
            UpstreamResult::Timeout,
        ];
        assert_eq!(once.map(count), [1; 5]);
    }
}
