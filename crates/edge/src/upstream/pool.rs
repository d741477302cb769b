//! Connections that wait for their next request.

use super::link::Link;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::task::{Context, Waker};
use std::time::Duration;
use tokio::time::{MissedTickBehavior, interval};

/// How often idle connections are checked.
const SWEEP: Duration = Duration::from_secs(5);
/// How many sweeps an idle connection survives. The next one closes it, after 30 to 35 s. Counting needs no clock for each
/// request.
const MAX_IDLE: u32 = 6;

/// The idle connections of one worker, by upstream.
///
/// Only the worker's own thread takes the lock, so no request waits for it.
#[derive(Default)]
pub(super) struct Pool(Mutex<BTreeMap<UpstreamId, Vec<Idle>>>);

/// Identifies an upstream. After a reload, each upstream has another number, and so gets new connections.
pub(super) type UpstreamId = u64;

/// In the pool, the oldest come first. The newest is used first.
struct Idle {
    link: Link,
    sweeps: u32,
}

/// A connection in use, and the pool to which it returns.
pub(super) struct Checkout {
    pub(super) link: Link,
    upstream: UpstreamId,
    pool: Arc<Pool>,
}

impl Pool {
    /// A pool, with a task that closes connections that are idle for too long. The task ends with the pool.
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

    /// A connection that returns to this pool after its exchange.
    pub(super) fn checkout(self: &Arc<Self>, upstream: UpstreamId, link: Link) -> Checkout {
        Checkout { link, upstream, pool: Arc::clone(self) }
    }

    fn put(&self, upstream: UpstreamId, link: Link) {
        self.lock().entry(upstream).or_default().push(Idle { link, sweeps: 0 });
    }

    /// Drops the connections that the upstream has closed, and those that are idle for too long.
    fn close_unused(&self) {
        let mut context = Context::from_waker(Waker::noop());
        self.lock().retain(|_, links| {
            links.retain_mut(|idle| {
                idle.sweeps += 1;
                idle.sweeps <= MAX_IDLE && idle.link.drive(&mut context).is_pending()
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
    /// Returns the connection after its exchange, for the next request. If it cannot take another one, it is dropped.
    pub(super) fn give_back(mut self, context: &mut Context<'_>) {
        if !self.link.is_ready() {
            // The end of the answer, or the end of the connection, may not have been read yet.
            let _ = self.link.drive(context);
        }
        if self.link.is_ready() {
            self.pool.put(self.upstream, self.link);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::stream::Stream;
    use super::*;
    use hyper_util::rt::TokioIo;
    use tokio::net::{TcpListener, TcpStream};

    const UPSTREAM: UpstreamId = 7;

    /// After a use, the sweeps are counted anew.
    #[tokio::test]
    async fn a_connection_is_closed_when_it_was_idle_for_too_many_sweeps() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let socket = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        let _other_end = listener.accept().await.unwrap();
        let pool = Arc::<Pool>::default();
        pool.put(UPSTREAM, Link::open(Stream::Tcp(TokioIo::new(socket))).await.unwrap());
        for _ in 0..2 {
            for _ in 0..MAX_IDLE {
                pool.close_unused();
            }
            let checkout = pool.take(UPSTREAM).expect("idle for just long enough");
            checkout.give_back(&mut Context::from_waker(Waker::noop()));
        }
        for _ in 0..=MAX_IDLE {
            pool.close_unused();
        }
        assert!(pool.take(UPSTREAM).is_none());
    }
}
