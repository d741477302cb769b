//! Keeps the snapshot current: applies revisions in order, from the first one on.
//!
//! There is no other way in which the edge learns anything. A start is the same as catching up from revision
//! 0, and a change made by this process comes back to its own edge through the log like anybody else's.

use crate::Guard;
use crate::details::Details;
use async_trait::async_trait;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;
use titan_core::error::Error;
use titan_core::port::{Store, StoreResult};
use titan_core::revision::{Change, Receipt, Revision, Settle};
use tokio::sync::Mutex;
use tokio::time::{Instant, MissedTickBehavior, interval, sleep};

/// How many changes are read at once.
const PIECE: u32 = 10_000;
/// How often the log is read without being asked to: a change whose caller went away is applied then.
const POLL: Duration = Duration::from_millis(500);
/// How often uses are written. `lastUsedAt` may be a minute late.
const WRITE_USES: Duration = Duration::from_secs(5);
const USES_AT_ONCE: usize = 500;
/// How long a caller waits for a change that is committed but cannot be read back.
const PATIENCE: Duration = Duration::from_secs(10);
const RETRY: Duration = Duration::from_millis(50);

/// The one writer of a [`Guard`]'s snapshot.
pub struct Keeper {
    store: Arc<dyn Store>,
    guard: Arc<Guard>,
    details: Details,
    applied: AtomicU64,
    is_ready: AtomicBool,
    /// Whoever holds it applies.
    turn: Mutex<()>,
}

impl Keeper {
    /// A keeper that has applied nothing yet.
    pub fn new(store: Arc<dyn Store>, guard: Arc<Guard>) -> Self {
        let details = Details::new(Arc::clone(&store));
        let turn = Mutex::new(());
        Self { store, guard, details, applied: AtomicU64::new(0), is_ready: AtomicBool::new(false), turn }
    }

    /// Builds the snapshot. Nothing may be served before this has returned.
    pub async fn start(&self) -> StoreResult<()> {
        let turn = self.turn.lock().await;
        self.read_signing_keys().await?;
        self.catch_up().await?;
        drop(turn);
        self.is_ready.store(true, Ordering::Release);
        Ok(())
    }

    /// Whether the snapshot is built.
    pub fn is_ready(&self) -> bool {
        self.is_ready.load(Ordering::Acquire)
    }

    /// The newest revision that is in force here.
    pub fn applied(&self) -> Revision {
        Revision(self.applied.load(Ordering::Acquire))
    }

    pub(crate) fn details(&self) -> &Details {
        &self.details
    }

    /// Polls the log and writes uses, until it is dropped.
    pub async fn run(&self) {
        let (mut poll, mut uses) = (interval(POLL), interval(WRITE_USES));
        poll.set_missed_tick_behavior(MissedTickBehavior::Delay);
        uses.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                _ = poll.tick() => {
                    self.poll().await;
                    if self.guard.uses().is_pressing() {
                        self.write_uses().await;
                    }
                }
                _ = uses.tick() => self.write_uses().await,
            }
        }
    }

    async fn poll(&self) {
        let _turn = self.turn.lock().await;
        if let Err(error) = self.catch_up().await {
            tracing::warn!(%error, "the log of revisions cannot be read");
        }
    }

    /// Writes when keys were last used. Also the last thing to do before the program ends.
    pub async fn write_uses(&self) {
        for uses in self.guard.uses().take().chunks(USES_AT_ONCE) {
            if let Err(error) = self.store.record_uses(uses).await {
                tracing::warn!(%error, "lastUsedAt cannot be written");
                return;
            }
        }
    }

    /// Applies all there is. The caller holds the turn.
    async fn catch_up(&self) -> StoreResult<()> {
        loop {
            let changes = self.store.changes_after(self.applied(), PIECE).await?;
            let signs_anew = changes.list.iter().any(|(_, change)| matches!(change, Change::SigningKey(_)));
            if signs_anew {
                self.read_signing_keys().await?;
            }
            if !changes.list.is_empty() {
                self.guard.apply(changes.list.iter().map(|(_, change)| change));
            }
            let last = changes.list.last().map(|(revision, _)| *revision);
            let reached = if changes.has_more { last.unwrap_or(changes.head) } else { changes.head };
            self.applied.store(reached.0, Ordering::Release);
            self.details.forget(changes.list.iter().map(|(_, change)| change));
            if !changes.has_more {
                return Ok(());
            }
        }
    }

    async fn read_signing_keys(&self) -> StoreResult<()> {
        self.guard.set_signing_keys(&self.store.signing_keys().await?);
        Ok(())
    }
}

#[async_trait]
impl Settle for Keeper {
    async fn settle(&self, revision: Revision) -> Result<Receipt, Error> {
        let began = Instant::now();
        let turn = self.turn.lock().await;
        // Whoever had the turn before may have read this change, too.
        while self.applied() < revision {
            if let Err(error) = self.catch_up().await {
                if began.elapsed() > PATIENCE {
                    return Err(Error::not_ready(error));
                }
                sleep(RETRY).await;
            }
        }
        drop(turn);
        let ms = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
        Ok(Receipt { revision, applied: 1, lapsed: 0, ms })
    }
}
