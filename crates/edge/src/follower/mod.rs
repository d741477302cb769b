//! Follows the revision log and keeps the snapshot current, under a lease: `docs/adr/0016-leases.md`.
//!
//! One task applies revisions in order ([`Follower::run`]). So the snapshot has one writer, a caller who goes away
//! leaves nothing half-applied, and no worker stops while a large set grows.
//!
//! The edge learns of changes in no other way. A start is the same as catching up from revision 0. A change that
//! this process made reaches its own edge through the log, like every other change.

mod grants;
mod instances;
mod settings;
mod spread;
mod sweep;
mod waits;

use crate::Guard;
use crate::key_cache::KeyCache;
use async_trait::async_trait;
use grants::Grants;
use instances::Watch;
use settings::InForceHere;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;
use sweep::Sweep;
use titan_core::error::Error;
use titan_core::port::{Store, StoreError, StoreResult};
use titan_core::revision::{
    Change, Changes, Fleet, InForce, InstanceView, Member, Propagation, Receipt, Revision, Spread, Topic,
};
use titan_core::time::Clock;
use titan_core::usage::Retention;
use tokio::sync::{Mutex, Notify, watch};
use tokio::task::JoinHandle;
use tokio::time::{Interval, MissedTickBehavior, interval};
use waits::Waits;

/// How many changes are read at once.
const PIECE: u32 = 10_000;
/// How often the log is read without being asked to: a change whose caller went away is applied then, and one of another
/// instance whose notification was lost.
const POLL: Duration = Duration::from_millis(500);
/// How often uses are written. `lastUsedAt` may be a minute late.
const WRITE_USES: Duration = Duration::from_secs(5);
const USES_AT_ONCE: usize = 500;

/// The one writer of a [`Guard`]'s snapshot.
pub struct Follower {
    store: Arc<dyn Store>,
    guard: Arc<Guard>,
    clock: Arc<dyn Clock>,
    member: Member,
    key_cache: KeyCache,
    applied: watch::Sender<Revision>,
    /// That of the revisions that are applied.
    generation: AtomicU64,
    /// The newest revision that was heard of.
    head: AtomicU64,
    is_started: AtomicBool,
    /// Notified when a caller waits for a revision that is not applied yet.
    is_awaited: Notify,
    grants: Grants,
    /// Whether this instance has left the others.
    has_left: Mutex<bool>,
    waits: Waits,
    watch: std::sync::Mutex<Watch>,
    sweep: Sweep,
    settings: InForceHere,
    /// How long usage is kept; `None`: nobody counts it, and of what there is, only from where keys were used is deleted.
    usage_retention: Option<Retention>,
}

/// Whether requests can be answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Readiness {
    /// The lease has ended: each key is asked for in the database.
    Lapsed,
    /// They can.
    Ready,
    /// The snapshot is being built.
    Starting,
}

impl Follower {
    /// A follower that has applied nothing yet. `member` is what others see of this instance.
    pub fn new(store: Arc<dyn Store>, guard: Arc<Guard>, clock: Arc<dyn Clock>, member: Member) -> Self {
        Self {
            key_cache: KeyCache::new(Arc::clone(&store)),
            store,
            guard,
            clock,
            member,
            applied: watch::Sender::default(),
            generation: AtomicU64::default(),
            head: AtomicU64::new(0),
            is_started: AtomicBool::new(false),
            is_awaited: Notify::new(),
            grants: Grants::default(),
            has_left: Mutex::default(),
            waits: Waits::default(),
            watch: std::sync::Mutex::default(),
            sweep: Sweep::default(),
            settings: InForceHere::default(),
            usage_retention: None,
        }
    }

    /// The same, which deletes usage that is older.
    #[must_use]
    pub fn with_usage_retention(self, usage_retention: Option<Retention>) -> Self {
        Self { usage_retention, ..self }
    }

    /// Builds the snapshot, and joins the instances of the database. Nothing may be served before this has returned.
    pub async fn start(&self) -> StoreResult<()> {
        self.read_signing_keys().await?;
        // Before the others know of this instance: nobody shall wait for a long log to be read.
        self.catch_up().await?;
        self.join().await?;
        self.forget_overrides(self.applied());
        self.is_started.store(true, Ordering::Release);
        Ok(())
    }

    /// Whether requests can be answered now.
    pub fn readiness(&self) -> Readiness {
        if !self.is_started.load(Ordering::Acquire) {
            Readiness::Starting
        } else if self.guard.lease().is_good(self.clock.moment()) {
            Readiness::Ready
        } else {
            Readiness::Lapsed
        }
    }

    /// The newest revision that is in force here.
    pub fn applied(&self) -> Revision {
        *self.applied.borrow()
    }

    /// The newest revision that this instance has heard of.
    pub(crate) fn head(&self) -> Revision {
        Revision(self.head.load(Ordering::Relaxed))
    }

    /// Notes how far the log is. If the database went back in time, so does this.
    fn hear_of(&self, head: Revision) {
        self.head.store(head.0, Ordering::Relaxed);
    }

    pub(crate) fn guard(&self) -> &Guard {
        &self.guard
    }

    pub(crate) fn key_cache(&self) -> &KeyCache {
        &self.key_cache
    }

    /// Follows the log, renews the lease, watches the other instances, and writes uses, until it is dropped. Once
    /// [`Self::start`] has returned, one task must be in here.
    pub async fn run(&self) {
        tokio::join!(
            self.follow(),
            self.renew(),
            self.keep_waits(),
            self.watch_instances(),
            self.keep_sweeping(),
            self.keep_limits(),
            self.keep_uses()
        );
    }

    async fn follow(&self) {
        let (mut poll, mut news) = (ticks(POLL), self.store.news(Topic::Changes));
        loop {
            tokio::select! {
                _ = poll.tick() => {}
                () = self.is_awaited.notified() => {}
                () = news.wait() => {}
            }
            let before = self.applied();
            // Those who wait are answered when it has been read at a later poll, or when their patience ends.
            if let Err(error) = self.catch_up().await {
                tracing::warn!(%error, "the log of revisions cannot be read");
            }
            if self.applied() != before {
                self.report().await;
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

    /// Applies all changes after `applied`. While it decodes and applies a piece, the next one is read: with a million opaque
    /// keys, that is a third of the time of a start.
    async fn catch_up(&self) -> StoreResult<()> {
        let mut changes = self.store.changes_after(self.applied(), PIECE).await?;
        loop {
            if changes.head < self.applied() || self.is_other_history(changes.head) {
                self.begin_anew(changes.head).await?;
                changes = self.store.changes_after(self.applied(), PIECE).await?;
                continue;
            }
            let next = changes.has_more.then(|| self.read_on(changes.reached()));
            self.apply(changes).await?;
            let Some(next) = next else { return Ok(()) };
            changes = next.await.map_err(|error| StoreError::Failed(error.into()))??;
        }
    }

    /// Whether this head is of another generation than the one before it.
    fn is_other_history(&self, head: Revision) -> bool {
        self.generation.load(Ordering::Relaxed) != head.generation() && self.applied() != Revision::default()
    }

    /// Reads the piece after this revision in a task of its own.
    fn read_on(&self, after: Revision) -> JoinHandle<StoreResult<Changes>> {
        let store = Arc::clone(&self.store);
        tokio::spawn(async move { store.changes_after(after, PIECE).await })
    }

    async fn apply(&self, changes: Changes) -> StoreResult<()> {
        let reached = changes.reached();
        self.hear_of(changes.head);
        self.generation.store(changes.head.generation(), Ordering::Relaxed);
        let list = changes.list.decode()?;
        let signs_anew = list.iter().any(|(_, change)| matches!(change, Change::SigningKey(_)));
        if signs_anew {
            self.read_signing_keys().await?;
        }
        self.apply_sweep(changes.swept).await?;
        if !list.is_empty() {
            self.guard.apply(list.iter().map(|(_, change)| change));
        }
        for (revision, change) in &list {
            self.apply_settings(*revision, change);
        }
        self.key_cache.invalidate(list.iter().map(|(_, change)| change));
        self.applied.send_if_modified(|applied| std::mem::replace(applied, reached) != reached);
        self.count_grants();
        Ok(())
    }

    /// The database is older than it was, or a restored one: somebody has put a copy in its place. If this fails, the next
    /// reading of the log finds the copy again, and until then there is no lease.
    async fn begin_anew(&self, head: Revision) -> StoreResult<()> {
        self.lapse();
        // Held until nothing is applied: a grant that is asked for meanwhile would make the row again.
        let _no_grant = self.has_left.lock().await;
        self.lapse();
        // Its row says that it has applied what it has not.
        self.store.leave(self.member.id).await?;
        let applied = self.applied();
        tracing::error!(%applied, %head, "the database was replaced by a copy: the snapshot is built anew");
        self.forget(head);
        Ok(())
    }

    /// Forgets all that was applied.
    fn forget(&self, head: Revision) {
        self.waits.forget();
        self.sweep.forget();
        self.guard.forget();
        self.key_cache.clear();
        self.forget_overrides(head);
        self.generation.store(head.generation(), Ordering::Relaxed);
        self.applied.send_replace(Revision::default());
    }

    /// No lease, and none from a grant that does not count yet.
    fn lapse(&self) {
        self.grants.clear();
        self.guard.lease().end();
    }

    async fn read_signing_keys(&self) -> StoreResult<()> {
        self.guard.set_signing_keys(&self.store.signing_keys().await?);
        Ok(())
    }
}

#[async_trait]
impl Propagation for Follower {
    async fn wait_until_in_force(&self, revision: Revision) -> Result<Receipt, Error> {
        self.wait_for(revision).await
    }

    fn watch(&self, revision: Revision) -> InForce {
        self.watch_revision(revision)
    }
}

#[async_trait]
impl Fleet for Follower {
    async fn instances(&self) -> Result<Vec<InstanceView>, Error> {
        self.list_instances().await
    }

    async fn is_in_force(&self, revision: Revision) -> bool {
        revision.generation() == self.generation.load(Ordering::Relaxed) && self.look_for(revision).await
    }

    fn spread(&self) -> Spread {
        self.read_spread()
    }
}

/// A missed tick is skipped, not repeated.
fn ticks(period: Duration) -> Interval {
    let mut ticks = interval(period);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    ticks
}
