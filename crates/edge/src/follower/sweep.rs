//! What has expired leaves the log and memory: `docs/adr/0017-sweeping.md`.

use super::{Follower, ticks};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use titan_core::port::StoreResult;
use titan_core::revision::{Change, KeyStatus};
use titan_core::time::{Timestamp, Uptime};

const ROUND: Duration = Duration::from_secs(60);
/// Nothing is swept until it has expired for so long: one hour.
const GRACE_SECS: i64 = 3600;
/// How many keys leave at once.
const PIECE: u32 = 2000;

/// How far this instance is.
#[derive(Default)]
pub(super) struct Sweep(Mutex<State>);

#[derive(Default)]
struct State {
    /// The value that is applied, and the one before it: keys that expire up to that have left memory.
    applied: Option<Timestamp>,
    forgotten: Option<Timestamp>,
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
        let (_, since) = *state.watched.get_or_insert((swept_until, now)).filter_same(swept_until, now);
        let passed = i64::try_from(now.since(since).as_secs()).unwrap_or(0);
        let next = swept_until.plus_secs(passed).min(wall.plus_secs(-GRACE_SECS));
        (next > swept_until).then_some(next)
    }

    /// The value in the database changed at this time, by this instance.
    fn raised(&self, to: Timestamp, now: Uptime) {
        self.lock().watched = Some((to, now));
    }
}

/// Begins to watch anew if the value is another one.
trait FilterSame {
    fn filter_same(&mut self, value: Timestamp, now: Uptime) -> &mut Self;
}

impl FilterSame for (Timestamp, Uptime) {
    fn filter_same(&mut self, value: Timestamp, now: Uptime) -> &mut Self {
        if self.0 != value {
            *self = (value, now);
        }
        self
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
        let swept_until = tx.swept_until().await?;
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
        self.sweep_log(swept_until).await
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
    pub(super) async fn apply_sweep(&self, until: Timestamp) -> StoreResult<()> {
        let (applied, forgotten) = {
            let state = self.sweep.lock();
            (state.applied, state.forgotten)
        };
        if applied == Some(until) {
            return Ok(());
        }
        self.guard.sweep_until(until);
        if let Some(applied) = applied {
            self.forget_keys(forgotten.unwrap_or(Timestamp::from_ms(0)), applied).await?;
        }
        let mut state = self.sweep.lock();
        state.forgotten = applied;
        state.applied = Some(until);
        Ok(())
    }

    async fn forget_keys(&self, after: Timestamp, until: Timestamp) -> StoreResult<()> {
        let mut after = after;
        loop {
            let ended = self.store.ended_keys(after, until, PIECE).await?;
            let gone: Vec<_> =
                ended.iter().map(|(id, _)| Change::Key(*id, KeyStatus::default())).collect();
            self.guard.apply(&gone);
            match ended.last() {
                Some((_, last)) if ended.len() >= usize::try_from(PIECE).unwrap_or(0) => after = *last,
                _ => return Ok(()),
            }
        }
    }
}
