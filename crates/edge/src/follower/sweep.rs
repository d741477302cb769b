//! What has expired leaves the log and memory: `docs/adr/0017-sweeping.md`.

use super::{Follower, ticks};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use titan_core::client_token::Day;
use titan_core::port::StoreResult;
use titan_core::revision::{Change, KeyStatus, Swept};
use titan_core::time::{Timestamp, Uptime};
use titan_core::usage::UsageEnd;

const ROUND: Duration = Duration::from_mins(1);
/// Nothing is swept until it has expired for so long: one hour.
const GRACE_SECS: i64 = 3600;
/// How many keys leave at once.
const PIECE: u32 = 2000;

/// How far this instance is.
#[derive(Default)]
pub(super) struct Sweep(Mutex<State>);

#[derive(Default)]
struct State {
    /// The value that is applied, and up to when keys that have expired have left memory.
    applied: Option<(Timestamp, Timestamp)>,
    /// Since when the value in the database stands still, by the clock of this instance.
    watched: Option<(Timestamp, Uptime)>,
}

impl Sweep {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn forget(&self) {
        *self.lock() = State::default();
    }

    /// The next value, if there is one: not later than an hour ago by the wall clock, and not later than the time allows
    /// that has passed while `swept_until` stood still.
    fn next(&self, swept_until: Timestamp, wall: Timestamp, now: Uptime) -> Option<Timestamp> {
        let mut state = self.lock();
        let same = state.watched.filter(|(value, _)| *value == swept_until);
        let (_, since) = *state.watched.insert(same.unwrap_or((swept_until, now)));
        let passed = i64::try_from(now.since(since).as_secs()).unwrap_or(0);
        let next = swept_until.plus_secs(passed).min(wall.plus_secs(-GRACE_SECS));
        (next > swept_until).then_some(next)
    }

    /// The value in the database changed at this time, by this instance.
    fn raised(&self, to: Timestamp, now: Uptime) {
        self.lock().watched = Some((to, now));
    }
}

impl Follower {
    pub(super) async fn keep_sweeping(&self) {
        let mut ticks = ticks(ROUND);
        loop {
            ticks.tick().await;
            if let Err(error) = self.sweep_once().await {
                tracing::warn!(%error, "what has expired stays in the log for now");
            }
        }
    }

    /// One round: raises the time up to which keys are refused, and deletes what had expired at the last one.
    pub async fn sweep_once(&self) -> StoreResult<()> {
        let mut tx = self.store.begin().await?;
        let swept_until = tx.swept().await?.until;
        // Read after the value: a time before it would allow too much.
        let now = self.clock.moment();
        let next = self.sweep.next(swept_until, now.wall, now.uptime);
        if let Some(next) = next {
            tx.sweep_until(next).await?;
        }
        tx.commit().await?;
        if let Some(next) = next {
            self.sweep.raised(next, now.uptime);
        }
        if let Err(error) = self.store.sweep_budgets(now.uptime).await {
            tracing::warn!(%error, "what was counted for limits is not deleted for now");
        }
        // Not by the clock of this instance alone; and a day more, as the clocks of others may be behind.
        let day = Day(swept_until.day().saturating_sub(1));
        if let Err(error) = self.store.sweep_days(day).await {
            tracing::warn!(%error, "what persons have sent on earlier days is not deleted for now");
        }
        self.sweep_usage(swept_until).await;
        self.sweep_log(swept_until).await
    }

    /// By the time that the log is swept until: a clock that leaps ahead deletes nothing early.
    async fn sweep_usage(&self, swept_until: Timestamp) {
        let end = self.usage_retention.map_or(UsageEnd::OF_CLIENTS, |retention| retention.end(swept_until));
        if let Err(error) = self.store.sweep_usage(&end).await {
            tracing::warn!(%error, "usage that is old is not deleted for now");
        }
    }

    /// In small transactions, so that changes wait for none of them for long.
    async fn sweep_log(&self, until: Timestamp) -> StoreResult<()> {
        loop {
            let mut tx = self.store.begin().await?;
            let has_more = tx.sweep_log(until, PIECE).await?;
            tx.commit().await?;
            if !has_more {
                return Ok(());
            }
        }
    }

    /// Publishes a new value, and forgets the keys that had expired at the one before. Between the two, every check that
    /// began with an older snapshot has ended.
    pub(super) async fn apply_sweep(&self, swept: Swept) -> StoreResult<()> {
        let before = self.sweep.lock().applied;
        if before.is_some_and(|(applied, _)| applied == swept.until) {
            return Ok(());
        }
        self.guard.sweep_until(swept.until);
        let forgotten = match before {
            // What the log had no more, has never been in memory.
            None => swept.log_until,
            Some((applied, forgotten)) => {
                self.forget_keys(forgotten, applied).await?;
                self.guard.forget_expired(applied);
                applied
            }
        };
        self.sweep.lock().applied = Some((swept.until, forgotten));
        Ok(())
    }

    async fn forget_keys(&self, after: Timestamp, until: Timestamp) -> StoreResult<()> {
        let mut after = after;
        loop {
            let ended = self.store.ended_keys(after, until, PIECE).await?;
            let gone: Vec<_> = ended.iter().map(|(id, _)| Change::Key(*id, KeyStatus::default())).collect();
            self.guard.apply(&gone);
            match ended.last() {
                Some((_, last)) if ended.len() >= usize::try_from(PIECE).unwrap_or(0) => after = *last,
                _ => return Ok(()),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const YEARS: i64 = 10 * 365 * 86_400;

    fn wall(secs: i64) -> Timestamp {
        Timestamp::from_secs(1_800_000_000 + secs)
    }

    fn up(secs: u64) -> Uptime {
        Uptime::new(Duration::from_secs(secs))
    }

    #[test]
    fn a_clock_that_leaps_ahead_raises_it_no_faster_than_time_passes() {
        let sweep = Sweep::default();
        assert_eq!(sweep.next(wall(0), wall(YEARS), up(100)), None, "nothing is known of before");
        assert_eq!(sweep.next(wall(0), wall(YEARS), up(160)), Some(wall(60)));
        sweep.raised(wall(60), up(160));
        assert_eq!(sweep.next(wall(60), wall(YEARS), up(220)), Some(wall(120)));
    }

    #[test]
    fn a_clock_that_is_behind_raises_nothing() {
        let sweep = Sweep::default();
        sweep.next(wall(0), wall(GRACE_SECS), up(0));
        assert_eq!(sweep.next(wall(0), wall(GRACE_SECS), up(1000)), None);
        assert_eq!(sweep.next(wall(0), wall(GRACE_SECS + 30), up(1000)), Some(wall(30)));
        assert_eq!(sweep.next(wall(0), wall(-YEARS), up(2000)), None);
    }

    #[test]
    fn what_another_instance_raised_is_watched_anew() {
        let sweep = Sweep::default();
        sweep.next(wall(0), wall(YEARS), up(0));
        assert_eq!(sweep.next(wall(50), wall(YEARS), up(60)), None);
        assert_eq!(sweep.next(wall(50), wall(YEARS), up(120)), Some(wall(110)));
    }
}
