//! Follows the revision log and keeps the snapshot current.
//!
//! One task applies revisions in order ([`Follower::run`]). So the snapshot has one writer, a caller who goes away
//! leaves nothing half-applied, and no worker stops while a large set grows.
//!
//! The edge learns of changes in no other way. A start is the same as catching up from revision 0. A change that
//! this process made reaches its own edge through the log, like every other change.

use crate::Guard;
use crate::key_cache::KeyCache;
use async_trait::async_trait;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use titan_core::error::Error;
use titan_core::port::{Store, StoreResult};
use titan_core::revision::{Change, Propagation, Receipt, Revision};
use tokio::sync::{Notify, watch};
use tokio::time::{Instant, Interval, MissedTickBehavior, interval, timeout};

/// How many changes are read at once.
const PIECE: u32 = 10_000;
/// How often the log is read without being asked to: a change whose caller went away is applied then.
const POLL: Duration = Duration::from_millis(500);
/// How often uses are written. `lastUsedAt` may be a minute late.
const WRITE_USES: Duration = Duration::from_secs(5);
const USES_AT_ONCE: usize = 500;
/// How long a caller waits for a change that is committed but cannot be read back.
const WAIT_LIMIT: Duration = Duration::from_secs(10);

/// The one writer of a [`Guard`]'s snapshot.
pub struct Follower {
    store: Arc<dyn Store>,
    guard: Arc<Guard>,
    key_cache: KeyCache,
    applied: watch::Sender<Revision>,
    is_ready: AtomicBool,
    /// Notified when a caller waits for a revision that is not applied yet.
    is_awaited: Notify,
}

impl Follower {
    /// A follower that has applied nothing yet.
    pub fn new(store: Arc<dyn Store>, guard: Arc<Guard>) -> Self {
        Self {
            key_cache: KeyCache::new(Arc::clone(&store)),
            store,
            guard,
            applied: watch::Sender::default(),
            is_ready: AtomicBool::new(false),
            is_awaited: Notify::new(),
        }
    }

    /// Builds the snapshot. Nothing may be served before this has returned.
    pub async fn start(&self) -> StoreResult<()> {
        self.read_signing_keys().await?;
        self.catch_up().await?;
        self.is_ready.store(true, Ordering::Release);
        Ok(())
    }

    /// Whether the snapshot is built.
    pub fn is_ready(&self) -> bool {
        self.is_ready.load(Ordering::Acquire)
    }

    /// The newest revision that is in force here.
    pub fn applied(&self) -> Revision {
        *self.applied.borrow()
    }

    pub(crate) fn key_cache(&self) -> &KeyCache {
        &self.key_cache
    }

    /// Follows the log and writes uses, until it is dropped. Once [`Self::start`] has returned, one task must be
    /// in here.
    pub async fn run(&self) {
        tokio::join!(self.follow(), self.keep_uses());
    }

    async fn follow(&self) {
        let mut poll = ticks(POLL);
        loop {
            tokio::select! {
                _ = poll.tick() => {}
                () = self.is_awaited.notified() => {}
            }
            // Those who wait are answered when it has been read at a later poll, or when their patience ends.
            if let Err(error) = self.catch_up().await {
                tracing::warn!(%error, "the log of revisions cannot be read");
            }
        }
    }

    async fn keep_uses(&self) {
        let (mut look, mut write) = (ticks(POLL), ticks(WRITE_USES));
        loop {
            tokio::select! {
                _ = look.tick() => {
                    if self.guard.uses().is_pressing() {
                        self.write_uses().await;
                    }
                }
                _ = write.tick() => self.write_uses().await,
            }
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

    /// Applies all changes after `applied`.
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
            self.key_cache.invalidate(changes.list.iter().map(|(_, change)| change));
            self.applied.send_if_modified(|applied| std::mem::replace(applied, reached) != reached);
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
impl Propagation for Follower {
    async fn wait_until_in_force(&self, revision: Revision) -> Result<Receipt, Error> {
        let began = Instant::now();
        let mut applied = self.applied.subscribe();
        if *applied.borrow_and_update() < revision {
            self.is_awaited.notify_one();
        }
        let reached = timeout(WAIT_LIMIT, applied.wait_for(|applied| *applied >= revision)).await;
        reached.map_err(Error::not_ready)?.map_err(Error::not_ready)?;
        let ms = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
        Ok(Receipt { revision, applied: 1, lapsed: 0, ms })
    }
}

/// A missed tick is skipped, not repeated.
fn ticks(period: Duration) -> Interval {
    let mut ticks = interval(period);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    ticks
}
