//! Waiting until a change is in force on every instance. All who wait share one look at the rows of the instances.

use super::Follower;
use super::spread::Histogram;
use crate::fault;
use crate::lease::{LEASE, MARGIN};
use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use titan_core::error::Error;
use titan_core::revision::{InForce, Instance, Receipt, Revision, Spread, Topic};
use titan_core::time::Uptime;
use tokio::sync::{Notify, watch};
use tokio::time::{sleep, timeout};

/// How often the rows are read while somebody waits, if no news come.
const LOOK: Duration = Duration::from_millis(25);
/// How long reading the rows may take.
const READ: Duration = Duration::from_secs(4);
/// How long a caller waits where no lease ends: for a change that is committed but cannot be read back.
const PATIENCE: Duration = Duration::from_secs(10);

/// Who waits for what.
#[derive(Default)]
pub(super) struct Waits {
    /// Revisions that were committed, and a time after that.
    pending: Mutex<BTreeMap<Revision, Uptime>>,
    in_force: watch::Sender<InForce>,
    has_pending: Notify,
    histogram: Histogram,
}

impl Waits {
    fn pending(&self) -> MutexGuard<'_, BTreeMap<Revision, Uptime>> {
        self.pending.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The numbers of revisions begin somewhere else.
    pub(super) fn forget(&self) {
        self.pending().clear();
        self.in_force.send_replace(InForce::default());
    }

    /// Ends the waits for all revisions up to this one.
    fn end(&self, in_force: InForce, now: Uptime) {
        let mut pending = self.pending();
        let rest = pending.split_off(&Revision(in_force.revision.0 + 1));
        for since in std::mem::replace(&mut *pending, rest).into_values() {
            self.histogram.record(now.since(since));
        }
        drop(pending);
        self.in_force.send_if_modified(|known| {
            let is_newer = in_force.revision > known.revision;
            if is_newer {
                *known = in_force;
            }
            is_newer
        });
    }
}

/// The newest of these revisions that is in force, by rows that were read after all of them were committed.
///
/// `own` is what is applied here. With `lease_ends`, a wait also ends when every lease from before the commit has ended.
fn newest_in_force(
    pending: &BTreeMap<Revision, Uptime>,
    own: Revision,
    others: &[Instance],
    lease_ends: bool,
    now: Uptime,
) -> Option<InForce> {
    let everywhere = others.iter().map(|other| other.applied).fold(own, Revision::min);
    let is_in_force = |revision: &Revision, since: &Uptime| {
        *revision <= everywhere || (lease_ends && now.since(*since) > fault::wait(LEASE + MARGIN))
    };
    let (revision, _) = pending.iter().rev().find(|(revision, since)| is_in_force(revision, since))?;
    let all = others.iter().map(|other| other.applied).chain([own]);
    let (applied, lapsed): (Vec<_>, Vec<_>) = all.partition(|applied| applied >= revision);
    let count = |list: Vec<_>| u32::try_from(list.len()).unwrap_or(u32::MAX);
    Some(InForce { revision: *revision, applied: count(applied), lapsed: count(lapsed) })
}

impl Follower {
    /// Notes a committed revision, and says what is in force already.
    pub(super) fn watch_revision(&self, revision: Revision) -> InForce {
        let known = *self.waits.in_force.borrow();
        if known.revision < revision {
            // The commit was before this, so counting from here is counting too long.
            self.waits.pending().entry(revision).or_insert_with(|| self.clock.uptime());
            self.waits.has_pending.notify_one();
            if self.applied() < revision {
                self.is_awaited.notify_one();
            }
        }
        known
    }

    pub(super) async fn wait_for(&self, revision: Revision) -> Result<Receipt, Error> {
        let began = self.clock.uptime();
        let mut in_force = self.waits.in_force.subscribe();
        self.watch_revision(revision);
        let reached = timeout(PATIENCE, in_force.wait_for(|known| known.revision >= revision)).await;
        let known = *reached.map_err(Error::not_ready)?.map_err(Error::not_ready)?;
        let ms = u64::try_from(self.clock.uptime().since(began).as_millis()).unwrap_or(u64::MAX);
        Ok(Receipt { revision, proof: Some((known, ms)) })
    }

    pub(super) async fn look_for(&self, revision: Revision) -> bool {
        if self.watch_revision(revision).revision < revision {
            self.end_waits().await;
        }
        self.waits.in_force.borrow().revision >= revision
    }

    pub(crate) fn read_spread(&self) -> Spread {
        self.waits.histogram.read()
    }

    /// Ends waits, for ever.
    pub(super) async fn keep_waits(&self) {
        let mut applied = self.applied.subscribe();
        let mut reports = self.store.news(Topic::Reports);
        loop {
            if self.waits.pending().is_empty() {
                self.waits.has_pending.notified().await;
                continue;
            }
            if !self.end_waits().await {
                tokio::select! {
                    _ = applied.changed() => {}
                    () = reports.wait() => {}
                    () = sleep(LOOK) => {}
                }
            }
        }
    }

    /// Whether a wait has ended.
    async fn end_waits(&self) -> bool {
        // Only these: what is committed from now on may have been committed after the rows were read.
        let pending = self.waits.pending().clone();
        let Some(others) = self.others().await else { return self.end_without_rows(&pending) };
        let now = self.clock.uptime();
        let found = newest_in_force(&pending, self.applied(), &others, self.store.is_shared(), now);
        found.inspect(|in_force| self.waits.end(*in_force, now)).is_some()
    }

    /// Also without the database, no lease from before a commit outlives the wait.
    fn end_without_rows(&self, pending: &BTreeMap<Revision, Uptime>) -> bool {
        let now = self.clock.uptime();
        let is_over =
            |since: &Uptime| self.store.is_shared() && now.since(*since) > fault::wait(LEASE + MARGIN);
        let Some((revision, _)) = pending.iter().rev().find(|(_, since)| is_over(since)) else {
            return false;
        };
        // How many others there are, nobody can say. This one counts, as applied or as lapsed.
        let applied = u32::from(self.applied() >= *revision);
        self.waits.end(InForce { revision: *revision, applied, lapsed: 1 - applied }, now);
        true
    }

    /// The rows of the other instances; `None` if they cannot be read.
    async fn others(&self) -> Option<Vec<Instance>> {
        if !self.store.is_shared() {
            return Some(Vec::new());
        }
        let rows = timeout(READ, self.store.instances()).await.ok()?.ok()?;
        Some(rows.into_iter().filter(|row| row.member.id != self.member.id).collect())
    }
}
