//! What keys are used for, counted at the end of each exchange: `docs/adr/0028-usage.md`.
//!
//! ```text
//! the end of an Entry → Counts of its worker → flush → the rollups of the database
//! ```
//!
//! Each worker has a table of its own. Counting takes no lock and waits for nothing. A flush swaps the tables and writes the old ones.

mod client;
mod counts;
mod flush;
mod table;

pub(crate) use client::Agent;
pub use counts::Counts;

use crate::access_log::{Abort, Record};
use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use table::Table;
use titan_core::port::{Store, StoreResult};
use titan_core::revision::InstanceId;
use titan_core::time::{Clock, Timestamp};
use titan_core::usage::{Flush, Outcome, Step};
use tokio::time::{Instant, MissedTickBehavior, interval};

/// How often it is looked whether a minute has begun.
const LOOK: Duration = Duration::from_millis(500);
/// How often is flushed: this much is lost when a process is killed.
const FLUSH: Duration = Duration::from_secs(10);

/// Counts usage, and writes it.
pub struct Usage {
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    instance: InstanceId,
    keeps_clients: bool,
    workers: Mutex<Vec<Arc<Counts>>>,
    state: tokio::sync::Mutex<State>,
    /// Pieces that wait, for whoever watches.
    waiting: AtomicUsize,
    failures: AtomicU64,
}

/// How far the flushes are.
struct State {
    /// What is counted now belongs to this minute.
    minute: Timestamp,
    /// The number of the last piece.
    number: u64,
    /// Tables that are not added up yet.
    taken: Vec<Arc<Table>>,
    /// Pieces of which it is not known that they were added.
    waiting: VecDeque<Flush>,
    /// When the last flush was tried, and whether it worked.
    tried: (Instant, bool),
}

impl Usage {
    /// Counts for this instance. `keeps_clients`: also from where keys are used.
    pub fn new(
        store: Arc<dyn Store>,
        clock: Arc<dyn Clock>,
        instance: InstanceId,
        keeps_clients: bool,
    ) -> Self {
        let minute = Step::Minute.floor(clock.now());
        let tried = (Instant::now(), true);
        let state = State { minute, number: 0, taken: Vec::new(), waiting: VecDeque::new(), tried };
        let (workers, state) = (Mutex::default(), state.into());
        let (waiting, failures) = (AtomicUsize::new(0), AtomicU64::new(0));
        Self { store, clock, instance, keeps_clients, workers, state, waiting, failures }
    }

    /// How many pieces wait to be written. More than for a moment: the database does not take them.
    pub fn waiting(&self) -> usize {
        self.waiting.load(Ordering::Relaxed)
    }

    /// How many flushes failed. What they had is written later.
    pub fn failures(&self) -> u64 {
        self.failures.load(Ordering::Relaxed)
    }

    /// The table of one more worker.
    pub fn worker(&self) -> Arc<Counts> {
        let counts = Arc::new(Counts::new(self.keeps_clients));
        self.workers.lock().unwrap_or_else(PoisonError::into_inner).push(Arc::clone(&counts));
        counts
    }

    /// Flushes every 10 s and after each minute, until it is dropped.
    pub async fn run(&self) {
        let mut look = interval(LOOK);
        look.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            look.tick().await;
            if self.is_due().await
                && let Err(error) = self.flush().await
            {
                tracing::warn!(%error, "usage cannot be written");
            }
        }
    }

    async fn is_due(&self) -> bool {
        let state = self.state.lock().await;
        let (at, worked) = state.tried;
        let has_minute_passed = Step::Minute.floor(self.clock.now()) != state.minute;
        at.elapsed() >= FLUSH || (worked && has_minute_passed)
    }

    /// Writes what was counted. What cannot be written is kept for the next time, and counted once.
    pub async fn flush(&self) -> StoreResult<()> {
        let mut state = self.state.lock().await;
        state.tried = (Instant::now(), false);
        let flushed = self.flush_all(&mut state).await;
        state.tried.1 = flushed.is_ok();
        self.failures.fetch_add(u64::from(flushed.is_err()), Ordering::Relaxed);
        flushed
    }

    async fn flush_all(&self, state: &mut State) -> StoreResult<()> {
        self.write(state).await?;
        self.take(state).await;
        self.write(state).await
    }

    /// In this order: a piece that was added before, because its answer was lost, has a number by which it is known.
    async fn write(&self, state: &mut State) -> StoreResult<()> {
        self.waiting.store(state.waiting.len(), Ordering::Relaxed);
        while let Some(flush) = state.waiting.front() {
            self.store.add_usage(flush).await?;
            state.waiting.pop_front();
            self.waiting.store(state.waiting.len(), Ordering::Relaxed);
        }
        Ok(())
    }
}

/// How an exchange ended.
fn outcome(record: &Record) -> &'static str {
    let was_asked = record.upstream.is_some();
    match (record.code, record.status) {
        (Some(code), _) => code,
        (None, None) => Outcome::ABORTED,
        (None, _) if was_asked && record.aborted == Some(Abort::Upstream) => Outcome::UPSTREAM_BROKEN,
        (None, Some(500..)) if was_asked => Outcome::UPSTREAM_ERROR,
        (None, _) => Outcome::ALLOWED,
    }
}
