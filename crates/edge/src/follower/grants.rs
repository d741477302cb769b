//! Renewing the lease of this instance.

use super::{Follower, ticks};
use crate::fault::{self, Break};
use crate::lease::LEASE;
use std::sync::atomic::Ordering;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use titan_core::port::{StoreError, StoreResult};
use titan_core::revision::Revision;
use titan_core::time::Moment;
use tokio::time::timeout;

/// How often a lease is asked for.
const RENEWAL: Duration = Duration::from_secs(1);
/// More grants than this do not wait for their head: the newest are worth most.
const MOST: usize = 8;

/// Grants that do not count yet, because their head is not applied: when they were asked for, and that head.
#[derive(Default)]
pub(super) struct Grants(Mutex<Vec<(Moment, Revision)>>);

impl Grants {
    fn lock(&self) -> MutexGuard<'_, Vec<(Moment, Revision)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn add(&self, asked: Moment, head: Revision) {
        let mut grants = self.lock();
        if grants.len() == MOST {
            grants.remove(0);
        }
        grants.push((asked, head));
    }

    /// The time at which the newest grant was asked for that counts now.
    fn counting(&self, applied: Revision) -> Option<Moment> {
        let mut grants = self.lock();
        let counts = |head: &Revision| *head <= applied || fault::is_on(Break::HeadRuleOff);
        let counting = grants.iter().filter(|(_, head)| counts(head)).map(|(asked, _)| *asked);
        let newest = counting.max_by_key(|asked| asked.uptime);
        grants.retain(|(_, head)| *head > applied);
        newest
    }

    pub(super) fn clear(&self) {
        self.lock().clear();
    }
}

impl Follower {
    /// Gets the first lease.
    pub(super) async fn join(&self) -> StoreResult<()> {
        self.ask_for_lease().await?;
        if !self.store.is_shared() {
            self.guard.lease().make_endless();
            return Ok(());
        }
        // Until the head of the grant is applied, which counts it.
        while self.guard.lease().rest(self.clock.uptime()).is_some_and(|rest| rest.is_zero()) {
            self.catch_up().await?;
        }
        Ok(())
    }

    /// Keeps the lease good, for ever.
    pub(super) async fn renew(&self) {
        let mut ticks = ticks(RENEWAL);
        let mut is_good = true;
        loop {
            ticks.tick().await;
            let result = self.ask_for_lease().await;
            let was_good = std::mem::replace(&mut is_good, self.guard.lease().is_good(self.clock.moment()));
            match result {
                Err(error) if was_good => tracing::warn!(%error, "the lease cannot be renewed"),
                _ if was_good && !is_good => {
                    tracing::error!("the lease has ended: each key is looked up in the database");
                }
                _ if !was_good && is_good => tracing::info!("the lease is good again"),
                _ => {}
            }
        }
    }

    async fn ask_for_lease(&self) -> StoreResult<()> {
        // Held while the database is asked, so that no grant makes a row again after this instance has left.
        let has_left = self.has_left.lock().await;
        if *has_left {
            return Ok(());
        }
        // Before asking: the database cannot have granted it earlier.
        let asked = self.clock.moment();
        let grant = timeout(LEASE, self.store.grant(&self.member, self.applied())).await;
        let head = grant.map_err(|late| StoreError::Unavailable(late.into())).flatten()?;
        self.hear_of(head);
        let asked = if fault::is_on(Break::LeaseFromAnswer) { self.clock.moment() } else { asked };
        // A head that is behind what is applied is that of another database: see `begin_anew`.
        if head >= self.applied() && head.generation() == self.generation.load(Ordering::Relaxed) {
            self.grants.add(asked, head);
        }
        if head > self.applied() {
            self.is_awaited.notify_one();
        }
        self.count_grants();
        Ok(())
    }

    /// Leaves the other instances, so that no change waits for this one. The last thing to do before the program ends, while
    /// [`Self::run`] still runs: what it has asked the database for is awaited.
    pub async fn leave(&self) {
        let mut has_left = self.has_left.lock().await;
        *has_left = true;
        self.lapse();
        if let Err(error) = self.store.leave(self.member.id).await {
            tracing::warn!(%error, "the row of this instance stays; changes wait for it until its lease has ended");
        }
    }

    /// Extends the lease by the grants whose head is applied.
    pub(super) fn count_grants(&self) {
        if let Some(asked) = self.grants.counting(self.applied()) {
            self.guard.lease().extend(asked);
        }
    }

    /// Tells the others what is applied here.
    pub(super) async fn report(&self) {
        if let Err(error) = self.store.report(self.member.id, self.applied()).await {
            tracing::warn!(%error, "what is applied here cannot be reported");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use titan_core::time::{Timestamp, Uptime};

    fn at(ms: u64) -> Moment {
        Moment { wall: Timestamp::from_ms(0), uptime: Uptime::new(Duration::from_millis(ms)) }
    }

    #[test]
    fn a_grant_counts_once_its_head_is_applied() {
        let grants = Grants::default();
        grants.add(at(1000), Revision(5));
        grants.add(at(2000), Revision(5));
        grants.add(at(3000), Revision(7));
        assert!(grants.counting(Revision(4)).is_none());
        assert_eq!(grants.counting(Revision(6)).map(|asked| asked.uptime), Some(at(2000).uptime));
        assert!(grants.counting(Revision(6)).is_none(), "it counts once");
        assert_eq!(grants.counting(Revision(9)).map(|asked| asked.uptime), Some(at(3000).uptime));
    }

    #[test]
    fn grants_that_never_count_take_no_memory() {
        let grants = Grants::default();
        for ms in 0..1000 {
            grants.add(at(ms), Revision(ms));
        }
        assert_eq!(grants.lock().len(), MOST);
        assert_eq!(grants.counting(Revision(1000)).map(|asked| asked.uptime), Some(at(999).uptime));
    }
}
