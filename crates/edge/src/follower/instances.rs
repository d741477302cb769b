//! The other instances: who they are, and which of them do not answer any more.

use super::{Follower, ticks};
use crate::fault;
use crate::lease::{LEASE, MARGIN};
use std::collections::HashMap;
use std::sync::{MutexGuard, PoisonError};
use std::time::Duration;
use titan_core::error::Error;
use titan_core::revision::{Instance, InstanceId, InstanceView};
use titan_core::time::Uptime;

const LOOK: Duration = Duration::from_secs(1);

/// When the counter of each instance was first seen with its present value.
#[derive(Default)]
pub(super) struct Watch(HashMap<InstanceId, (u64, Uptime)>);

impl Watch {
    /// Looks at all rows, and returns those that stood still for longer than any lease.
    fn look(&mut self, rows: &[Instance], now: Uptime) -> Vec<Instance> {
        self.0.retain(|id, _| rows.iter().any(|row| row.member.id == *id));
        let is_dead = |row: &&Instance| {
            let seen = self.0.entry(row.member.id).or_insert((row.renewals, now));
            if seen.0 != row.renewals {
                *seen = (row.renewals, now);
            }
            now.since(seen.1) > fault::silence(LEASE + MARGIN)
        };
        rows.iter().filter(is_dead).cloned().collect()
    }

    fn quiet_for(&self, id: InstanceId, now: Uptime) -> Option<Duration> {
        self.0.get(&id).map(|(_, since)| now.since(*since))
    }
}

impl Follower {
    /// Removes the rows of instances that are gone, so that nobody waits for them twice.
    pub(super) async fn watch_instances(&self) {
        let mut ticks = ticks(LOOK);
        loop {
            ticks.tick().await;
            // If the rows cannot be read, the lease cannot be renewed either, which is in the log.
            let Ok(rows) = self.store.instances().await else { continue };
            let dead = self.watched().look(&rows, self.clock.uptime());
            for row in dead.iter().filter(|row| row.member.id != self.member.id) {
                self.sweep(row).await;
            }
        }
    }

    fn watched(&self) -> MutexGuard<'_, Watch> {
        self.watch.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn sweep(&self, row: &Instance) {
        let (instance, address) = (row.member.id, &row.member.address);
        match self.store.sweep(instance, row.renewals).await {
            Ok(()) => {
                tracing::warn!(%instance, address, "an instance does not answer any more: its row is removed");
            }
            Err(error) => tracing::warn!(%instance, %error, "the row of a dead instance cannot be removed"),
        }
    }

    pub(super) async fn list_instances(&self) -> Result<Vec<InstanceView>, Error> {
        let rows = self.store.instances().await?;
        let now = self.clock.uptime();
        let watch = self.watched();
        Ok(rows.into_iter().map(|row| self.view(row, &watch, now)).collect())
    }

    fn view(&self, instance: Instance, watch: &Watch, now: Uptime) -> InstanceView {
        let quiet_for = watch.quiet_for(instance.member.id, now);
        InstanceView {
            is_self: instance.member.id == self.member.id,
            is_lapsed: self.store.is_shared() && quiet_for.is_some_and(|quiet| quiet > LEASE + MARGIN),
            quiet_for,
            instance,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use titan_core::revision::{Member, Revision};
    use titan_core::time::Timestamp;

    fn row(id: u64, renewals: u64) -> Instance {
        let (version, address) = (String::new(), String::new());
        let started_at = Timestamp::from_ms(0);
        let member = Member { id: InstanceId(id), version, address, started_at };
        Instance { member, applied: Revision(1), renewals }
    }

    fn at(ms: u64) -> Uptime {
        Uptime::new(Duration::from_millis(ms))
    }

    #[test]
    fn only_a_row_that_was_watched_for_a_lease_is_dead() {
        let mut watch = Watch::default();
        assert_eq!(watch.look(&[row(1, 9), row(2, 0)], at(1_000_000)), [], "nothing is known of before");
        assert_eq!(watch.look(&[row(1, 9), row(2, 1)], at(1_005_500)), []);
        assert_eq!(watch.look(&[row(1, 9), row(2, 1)], at(1_005_501)), [row(1, 9)]);
        assert_eq!(watch.quiet_for(InstanceId(2), at(1_006_000)), Some(Duration::from_millis(500)));
    }

    #[test]
    fn a_row_that_was_away_is_watched_anew() {
        let mut watch = Watch::default();
        watch.look(&[row(1, 0)], at(0));
        watch.look(&[], at(3000));
        assert_eq!(watch.look(&[row(1, 0)], at(6000)), []);
    }
}
