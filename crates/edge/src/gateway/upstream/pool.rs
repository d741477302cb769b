//! Connections that wait for their next request.

use super::link::Link;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::task::{Context, Waker};
use std::time::Duration;
use tokio::time::{Instant, MissedTickBehavior, interval};

/// A connection that nobody uses is closed after this time.
const MAX_IDLE: Duration = Duration::from_secs(30);
/// How often idle connections are looked at.
const SWEEP: Duration = Duration::from_secs(5);

/// The idle connections of one worker, by upstream.
///
/// Only the worker's own thread takes the lock, so nobody ever waits for it.
#[derive(Default)]
pub(super) struct Pool(Mutex<BTreeMap<UpstreamId, Vec<Idle>>>);

/// Which upstream: an upstream that was configured anew gets another number, and so new connections.
pub(super) type UpstreamId = u64;

/// The oldest stand first, and the newest is used first.
struct Idle {
    link: Link,
    since: Instant,
}

/// A connection in use, which knows its way back.
pub(super) struct Checkout {
    pub(super) link: Link,
    upstream: UpstreamId,
    pool: Arc<Pool>,
}

impl Pool {
    /// A pool that closes what is idle for too long, as long as it is used.
    pub(super) fn start() -> Arc<Self> {
        let pool = Arc::<Self>::default();
        tokio::spawn(sweep(Arc::downgrade(&pool)));
        pool
    }

    /// The connection that was used last.
    pub(super) fn take(self: &Arc<Self>, upstream: UpstreamId) -> Option<Checkout> {
        let link = self.lock().get_mut(&upstream)?.pop()?.link;
        Some(self.checkout(upstream, link))
    }

    /// A connection that will come here when its exchange is over.
    pub(super) fn checkout(self: &Arc<Self>, upstream: UpstreamId, link: Link) -> Checkout {
        Checkout { link, upstream, pool: Arc::clone(self) }
    }

    fn put(&self, upstream: UpstreamId, link: Link) {
        self.lock().entry(upstream).or_default().push(Idle { link, since: Instant::now() });
    }

    /// Drops what the upstream has closed, and what nobody has used for a while.
    fn close_unused(&self) {
        let mut context = Context::from_waker(Waker::noop());
        self.lock().retain(|_, links| {
            links.retain_mut(|idle| {
                idle.since.elapsed() < MAX_IDLE && idle.link.drive(&mut context).is_pending()
            });
            !links.is_empty()
        });
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<UpstreamId, Vec<Idle>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn sweep(pool: Weak<Pool>) {
    let mut ticks = interval(SWEEP);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        let Some(pool) = pool.upgrade() else { return };
        pool.close_unused();
    }
}

impl Checkout {
    /// The exchange is over: the connection can have its next request. One that ends with it is dropped.
    pub(super) fn give_back(mut self, context: &mut Context<'_>) {
        if !self.link.is_ready() {
            // What says that the answer was the last one may not have been read yet.
            let _ = self.link.drive(context);
        }
        if self.link.is_ready() {
            self.pool.put(self.upstream, self.link);
        }
    }
}
