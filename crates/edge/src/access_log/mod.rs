//! The part of the access log on the path of a request: one record per request, and a queue to the writer.
//!
//! ```text
//! Entry (open while the request runs) → Record → queue → a writer elsewhere
//! ```
//!
//! The path of a request only fills in ids, numbers and shared texts. It formats nothing, takes no lock and does not
//! wait: if the queue is full, the record is dropped and counted.

mod body;
mod entry;
mod record;

pub use body::LoggedBody;
pub use entry::{Entry, Sinks};
pub use record::{Abort, Holder, Record, RequestId};

use crossbeam_queue::ArrayQueue;
use std::sync::atomic::{AtomicU64, Ordering};

/// How many records may wait in the queue. They take 8 MB, and at 30,000 requests a second the queue lasts for a second
/// without a write.
const WAITING: usize = 1 << 15;

/// The queue of records between the workers and the writer.
pub struct AccessLog {
    waiting: ArrayQueue<Record>,
    dropped: AtomicU64,
}

impl AccessLog {
    /// An empty queue.
    pub fn new() -> Self {
        Self::with_capacity(WAITING)
    }

    fn with_capacity(waiting: usize) -> Self {
        Self { waiting: ArrayQueue::new(waiting), dropped: AtomicU64::new(0) }
    }

    /// Takes the oldest record from the queue.
    pub fn take(&self) -> Option<Record> {
        self.waiting.pop()
    }

    /// How many records wait in the queue.
    pub fn waiting(&self) -> usize {
        self.waiting.len()
    }

    /// How many records were never written.
    pub fn dropped(&self) -> u64 {
        self.dropped.load(Ordering::Relaxed)
    }

    /// Counts records that the writer could not write.
    pub fn count_dropped(&self, records: u64) {
        self.dropped.fetch_add(records, Ordering::Relaxed);
    }

    fn push(&self, record: Record) {
        if self.waiting.push(record).is_err() {
            self.count_dropped(1);
        }
    }
}

impl Default for AccessLog {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Body;
    use http::{HeaderMap, HeaderValue, Method, Response};
    use http_body::Body as _;
    use http_body_util::BodyExt;
    use std::net::Ipv4Addr;
    use std::sync::Arc;
    use std::time::Instant;

    fn begin(log: &Arc<AccessLog>, id: &'static str) -> Entry {
        let sinks = Sinks { log: Some(Arc::clone(log)), usage: None };
        let (client, id) = (Ipv4Addr::LOCALHOST.into(), HeaderValue::from_static(id));
        Entry::begin(&sinks, Instant::now(), &Method::GET, client, &id, &HeaderMap::new())
    }

    #[test]
    fn what_has_no_room_is_counted_and_the_oldest_stay() {
        let log = Arc::new(AccessLog::with_capacity(2));
        for id in ["a", "b", "c", "d"] {
            drop(begin(&log, id));
        }
        assert_eq!(log.dropped(), 2);
        let kept: Vec<_> = std::iter::from_fn(|| log.take()).collect();
        assert_eq!(kept.iter().map(|record| record.request_id.as_str()).collect::<Vec<_>>(), ["a", "b"]);
    }

    #[test]
    fn a_request_that_nobody_answers_was_left_by_its_client() {
        let log = Arc::new(AccessLog::new());
        drop(begin(&log, "a"));
        let record = log.take().unwrap();
        assert_eq!((record.status, record.aborted), (None, Some(Abort::Client)));
    }

    #[tokio::test]
    async fn a_record_is_handed_in_when_the_last_byte_was_taken() {
        let log = Arc::new(AccessLog::new());
        let answer = begin(&log, "a").follow(Response::new(Body::from("four")));
        assert!(log.take().is_none(), "the body was not sent yet");
        assert_eq!(answer.into_body().collect().await.unwrap().to_bytes(), "four");
        let record = log.take().unwrap();
        assert_eq!((record.status, record.bytes_out, record.aborted), (Some(200), 4, None));
    }

    /// hyper asks for nothing after trailers.
    #[tokio::test]
    async fn trailers_are_the_end() {
        let log = Arc::new(AccessLog::new());
        let body = http_body_util::Full::new("four".into())
            .with_trailers(async { Some(Ok(http::HeaderMap::new())) });
        let mut body =
            begin(&log, "a").follow(Response::new(Body::Router(axum::body::Body::new(body)))).into_body();
        for _ in 0..2 {
            body.frame().await.unwrap().unwrap();
        }
        drop(body);
        assert_eq!(log.take().unwrap().aborted, None);
    }

    #[test]
    fn an_answer_that_is_not_sent_was_left_by_its_client() {
        let log = Arc::new(AccessLog::new());
        drop(begin(&log, "a").follow(Response::new(Body::from("four"))));
        assert_eq!(log.take().unwrap().aborted, Some(Abort::Client));
        drop(begin(&log, "b").follow(Response::new(Body::empty())));
        assert_eq!(log.take().unwrap().aborted, None, "nothing was to be sent");
    }

    #[tokio::test]
    async fn an_answer_that_nobody_hears_of_is_sent_all_the_same() {
        let body = Entry::off().follow(Response::new(Body::from("four"))).into_body();
        assert_eq!((body.size_hint().exact(), body.is_end_stream()), (Some(4), false));
        assert_eq!(body.collect().await.unwrap().to_bytes(), "four");
    }

    /// A record outlives its request: it must not keep the request's headers.
    #[test]
    fn an_id_is_a_copy_of_any_length() {
        for length in [0, 1, 46, 47, 48, 128, 1000] {
            let id = "x".repeat(length);
            let value = HeaderValue::try_from(&id).unwrap();
            assert_eq!(RequestId::new(&value).as_str(), id);
        }
    }

    #[test]
    fn a_record_fits_four_cache_lines() {
        assert!(size_of::<Record>() <= 256, "{}", size_of::<Record>());
    }
}
