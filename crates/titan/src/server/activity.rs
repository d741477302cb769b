//! What runs in a connection. Only the connection writes it. Others read it when they look for one that can be closed.

use futures_util::task::AtomicWaker;
use http::Version;
use std::future::poll_fn;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU32, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, LazyLock};
use std::task::{Context, Poll};
use std::time::Instant;
use titan_edge::Arrivals;

/// Set in `running`: no request may start any more.
const GIVEN_UP: u32 = 1 << 31;
/// How many bytes a connection may read that belong to no request and no body, such as PING frames of HTTP/2. It must
/// be more than the flow control lets a client send ahead, which is 1 MiB.
const MAX_UNPRODUCTIVE: usize = 4 * 1024 * 1024;

/// What a connection is asked to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Call {
    /// Let running requests finish, then end.
    Finish,
    /// End now: nothing runs.
    GiveUp,
    /// Nothing.
    GoOn,
}

/// The state of one connection. A request costs one addition at its start and one at its end.
#[derive(Default)]
pub(super) struct Activity {
    /// The number of requests whose answers are not sent yet; plus one while the client does not read what is written,
    /// and one for a WebSocket. The bit `GIVEN_UP` is also here.
    running: AtomicU32,
    has_asked: AtomicBool,
    is_http_1: AtomicBool,
    is_tunnel: AtomicBool,
    is_blocked: AtomicBool,
    /// When the last request ended: milliseconds as of [`now_ms`].
    idle_since: AtomicU64,
    /// Bytes that were read since the last sign of progress: a request, a piece of a body, or a piece of an answer.
    unproductive: AtomicUsize,
    /// All bytes that the client has read.
    written: AtomicU64,
    /// The number of answers whose next piece waits for the client; and the number of all pieces that were sent.
    waiting: AtomicU32,
    moved: AtomicU64,
    call: AtomicU8,
    waker: AtomicWaker,
}

/// Milliseconds since the first call.
pub(super) fn now_ms() -> u64 {
    static START: LazyLock<Instant> = LazyLock::new(Instant::now);
    u64::try_from(START.elapsed().as_millis()).unwrap_or(u64::MAX)
}

impl Activity {
    /// Whether a request has arrived yet.
    pub(super) fn has_asked(&self) -> bool {
        self.has_asked.load(Ordering::Relaxed)
    }

    /// Notes the HTTP version of a request.
    pub(super) fn speaks(&self, version: Version) {
        self.is_http_1.store(version < Version::HTTP_2, Ordering::Relaxed);
    }

    /// Whether a part of the next request has arrived since the last sign of progress. Only HTTP/1.1 shows it: on
    /// HTTP/2, frames such as PING also arrive between requests.
    pub(super) fn has_begun_next(&self) -> bool {
        self.is_http_1.load(Ordering::Relaxed) && self.unproductive.load(Ordering::Relaxed) > 0
    }

    /// Since when nothing runs, if nothing runs.
    pub(super) fn idle_since(&self) -> Option<u64> {
        (self.running.load(Ordering::Acquire) == 0).then(|| self.idle_since.load(Ordering::Relaxed))
    }

    /// Whether anything runs.
    pub(super) fn is_running(&self) -> bool {
        self.running.load(Ordering::Acquire) & !GIVEN_UP != 0
    }

    /// How much the client has read, if the connection waits for the client.
    pub(super) fn stalled_at(&self) -> Option<u64> {
        if self.is_blocked.load(Ordering::Relaxed) {
            return Some(self.written.load(Ordering::Relaxed));
        }
        (self.waiting.load(Ordering::Relaxed) > 0).then(|| self.moved.load(Ordering::Relaxed))
    }

    /// Ends the connection, unless something runs. A request that arrives later does not start.
    pub(super) fn give_up(&self) -> bool {
        let given_up = self.running.compare_exchange(0, GIVEN_UP, Ordering::AcqRel, Ordering::Relaxed);
        if given_up.is_ok() {
            self.call(2);
        }
        given_up.is_ok()
    }

    /// Asks for an orderly end.
    pub(super) fn finish(&self) {
        self.call(1);
    }

    fn call(&self, call: u8) {
        self.call.fetch_max(call, Ordering::Release);
        self.waker.wake();
    }

    /// What the connection is asked to do. The task wakes when that changes.
    pub(super) fn poll_call(&self, cx: &Context<'_>) -> Call {
        self.waker.register(cx.waker());
        match self.call.load(Ordering::Acquire) {
            0 => Call::GoOn,
            1 => Call::Finish,
            _ => Call::GiveUp,
        }
    }

    /// Waits until the connection is asked to end.
    pub(super) async fn called(&self) {
        poll_fn(|cx| if self.poll_call(cx) == Call::GoOn { Poll::Pending } else { Poll::Ready(()) }).await;
    }

    fn begin(&self) -> bool {
        if self.running.fetch_add(1, Ordering::AcqRel) & GIVEN_UP != 0 {
            self.running.fetch_sub(1, Ordering::AcqRel);
            return false;
        }
        true
    }

    fn end(&self) {
        self.idle_since.store(now_ms(), Ordering::Relaxed);
        self.running.fetch_sub(1, Ordering::Release);
    }

    /// The connection is a WebSocket now. It stays busy until it closes.
    pub(super) fn become_tunnel(&self) {
        self.is_tunnel.store(true, Ordering::Relaxed);
        self.running.fetch_add(1, Ordering::Relaxed);
    }

    /// Counts what was read. False: the connection has read too much without progress.
    pub(super) fn may_read(&self, bytes: usize) -> bool {
        // Only one thread writes, so load and store can be separate.
        let unproductive = self.unproductive.load(Ordering::Relaxed).saturating_add(bytes);
        self.unproductive.store(unproductive, Ordering::Relaxed);
        unproductive <= MAX_UNPRODUCTIVE || self.is_tunnel.load(Ordering::Relaxed)
    }

    /// A request, or a piece of a body or of an answer, has moved.
    pub(super) fn progressed(&self) {
        self.unproductive.store(0, Ordering::Relaxed);
    }

    /// A piece of an answer was passed to the connection.
    pub(super) fn moved(&self) {
        self.moved.store(self.moved.load(Ordering::Relaxed).wrapping_add(1), Ordering::Relaxed);
        self.progressed();
    }

    /// One more answer waits for the client, or one less.
    pub(super) fn count_waiting(&self, is_waiting: bool) {
        let waiting = self.waiting.load(Ordering::Relaxed);
        let waiting = if is_waiting { waiting.wrapping_add(1) } else { waiting.wrapping_sub(1) };
        self.waiting.store(waiting, Ordering::Relaxed);
    }

    /// The client has read this many bytes.
    pub(super) fn wrote(&self, bytes: usize) {
        let bytes = u64::try_from(bytes).unwrap_or(u64::MAX);
        self.written.store(self.written.load(Ordering::Relaxed).wrapping_add(bytes), Ordering::Relaxed);
        if self.is_blocked.load(Ordering::Relaxed) {
            self.is_blocked.store(false, Ordering::Relaxed);
            self.end();
        }
    }

    /// The client reads nothing more at the moment.
    pub(super) fn blocked(&self) {
        if !self.is_blocked.swap(true, Ordering::Relaxed) {
            self.running.fetch_add(1, Ordering::AcqRel);
        }
    }
}

impl Arrivals for Activity {
    fn arrived(&self) {
        self.progressed();
    }
}

/// A running request. It ends when its answer is sent or dropped.
pub(super) struct Exchange(Arc<Activity>);

impl Exchange {
    /// None, if the connection was given up.
    pub(super) fn begin(activity: &Arc<Activity>) -> Option<Self> {
        if !activity.begin() {
            return None;
        }
        activity.has_asked.store(true, Ordering::Relaxed);
        activity.progressed();
        Some(Self(Arc::clone(activity)))
    }

    pub(super) fn activity(&self) -> &Arc<Activity> {
        &self.0
    }
}

impl Drop for Exchange {
    fn drop(&mut self) {
        // The rest of a body, such as its last chunk, is not the beginning of the next request.
        self.0.progressed();
        self.0.end();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_runs_is_never_given_up_and_what_is_given_up_never_begins() {
        let activity = Arc::<Activity>::default();
        let exchange = Exchange::begin(&activity).unwrap();
        assert!(activity.idle_since().is_none() && !activity.give_up());
        drop(exchange);
        assert!(activity.idle_since().is_some());
        assert!(activity.give_up());
        assert!(Exchange::begin(&activity).is_none() && !activity.is_running());
        assert!(!activity.give_up(), "it goes once");
    }

    #[test]
    fn an_answer_that_the_client_does_not_take_still_runs() {
        let activity = Activity::default();
        activity.blocked();
        activity.blocked();
        assert!(!activity.give_up() && activity.stalled_at() == Some(0));
        activity.wrote(1);
        assert!(activity.stalled_at().is_none() && activity.give_up());
    }

    #[test]
    fn what_is_read_must_be_good_for_something() {
        let activity = Activity::default();
        assert!(activity.may_read(MAX_UNPRODUCTIVE) && !activity.may_read(1));
        activity.progressed();
        assert!(activity.may_read(1));
        activity.become_tunnel();
        assert!(activity.may_read(2 * MAX_UNPRODUCTIVE), "a WebSocket carries what it likes");
    }
}
