//! Limits of requests: `docs/adr/0020-limits.md`.
//!
//! ```text
//! request → key, message, global: each has a purse → one atomic step, or a loan from the database
//! ```

mod agenda;
mod purse;
mod quota;
mod word;

use agenda::Agenda;
use purse::{Purse, Spent, Stop};
pub use quota::{Quota, Refusal};
use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use titan_core::Error;
use titan_core::limit::{Budgets, Subject};
use titan_core::settings::Settings;
use titan_core::time::{Clock, Uptime};
use titan_token::KeyId;

/// Purses of keys are kept in so many maps, so that workers seldom wait for each other.
const SHARDS: usize = 64;

type Shard = HashMap<KeyId, Arc<Purse>>;

/// What a request counts toward.
#[derive(Clone, Copy, Debug)]
pub struct Cost {
    /// For how many requests it counts.
    pub amount: u32,
    /// The key that is limited by itself, and its limit.
    pub key: Option<(KeyId, u32)>,
    /// Whether its route sends messages.
    pub is_message: bool,
}

/// Counts requests, and refuses those above a limit.
pub struct Limiter {
    budgets: Option<Arc<dyn Budgets>>,
    clock: Arc<dyn Clock>,
    /// The limits of the settings: the global one in the upper half.
    limits: AtomicU64,
    global: Arc<Purse>,
    message: Arc<Purse>,
    keys: [Mutex<Shard>; SHARDS],
    /// When the loan of a purse has ended.
    agenda: Arc<Agenda<Purse>>,
}

impl Limiter {
    /// Without budgets, nothing is limited.
    pub(crate) fn new(budgets: Option<Arc<dyn Budgets>>, clock: Arc<dyn Clock>) -> Self {
        Self {
            budgets,
            clock,
            limits: AtomicU64::new(0),
            global: Arc::new(Purse::new(Subject::Global)),
            message: Arc::new(Purse::new(Subject::Message)),
            keys: std::array::from_fn(|_| Mutex::default()),
            agenda: Arc::default(),
        }
    }

    /// These limits are in force from now on.
    pub(crate) fn set(&self, settings: &Settings) {
        let limits = u64::from(settings.rate_limit) << 32 | u64::from(settings.msg_rate_limit);
        self.limits.store(limits, Ordering::Release);
    }

    fn limits(&self) -> Settings {
        let [rate_limit, msg_rate_limit] =
            [32, 0].map(|shift| u32::try_from(self.limits.load(Ordering::Acquire) >> shift & 0xffff_ffff));
        Settings {
            rate_limit: rate_limit.unwrap_or(0),
            msg_rate_limit: msg_rate_limit.unwrap_or(0),
            ..Settings::default()
        }
    }

    /// Counts a request that comes now. The quota is that of the tightest limit; `None` if nothing is limited. It waits for
    /// the database only where a loan is used up.
    #[inline]
    pub(crate) async fn count(&self, cost: Cost, now: Uptime) -> Result<Option<Quota>, Refusal> {
        if cost.key.is_none() && self.limits.load(Ordering::Acquire) == 0 {
            return Ok(None);
        }
        self.count_limited(cost, self.limits(), Some(now)).await
    }

    /// The same without a good lease: the limits are those of the database, and each request asks it.
    pub(crate) async fn count_in_database(
        &self,
        cost: Cost,
        settings: Settings,
    ) -> Result<Option<Quota>, Refusal> {
        self.count_limited(cost, settings, None).await
    }

    /// The key comes first: what it may not do takes nothing from the others.
    async fn count_limited(
        &self,
        cost: Cost,
        settings: Settings,
        now: Option<Uptime>,
    ) -> Result<Option<Quota>, Refusal> {
        let key = cost.key.map(|(id, limit)| (Subject::Key(id), limit));
        let message = cost.is_message.then_some((Subject::Message, settings.msg_rate_limit));
        let all = [key, message, Some((Subject::Global, settings.rate_limit))];
        let mut tightest: Option<Quota> = None;
        let mut spent: [Option<(Arc<Purse>, Spent)>; 3] = [None, None, None];
        for (place, (subject, limit)) in all.into_iter().flatten().filter(|(_, limit)| *limit > 0).enumerate()
        {
            let purse = self.purse(subject);
            match self.spend(&purse, limit, cost.amount, now).await {
                Ok(taken) => {
                    let quota = purse.quota(limit, taken.left, self.clock.uptime());
                    tightest = Some(tightest.map_or(quota, |other| other.tighter(quota)));
                    spent[place] = Some((purse, taken));
                }
                Err(stop) => {
                    // It was not let through, so it counts for none of them.
                    for (purse, taken) in spent.into_iter().flatten() {
                        purse.put_back(taken, cost.amount);
                    }
                    return Err(self.refusal(&purse, limit, stop));
                }
            }
        }
        Ok(tightest)
    }

    #[inline]
    async fn spend(
        &self,
        purse: &Arc<Purse>,
        limit: u32,
        amount: u32,
        now: Option<Uptime>,
    ) -> Result<Spent, Stop> {
        let Some(budgets) = &self.budgets else { return Ok(Spent::nothing()) };
        let Some(now) = now else {
            self.agenda.add(Arc::clone(purse), 0);
            return purse.ask_once(&**budgets, limit, amount, &*self.clock).await;
        };
        if let Some(result) = purse.spend(limit, amount, now) {
            return result;
        }
        Box::pin(Arc::clone(purse).borrow(budgets, limit, amount, &self.clock, &self.agenda)).await
    }

    fn refusal(&self, purse: &Purse, limit: u32, stop: Stop) -> Refusal {
        match stop {
            Stop::Limited(until) => purse.refusal(limit, until, self.clock.uptime()),
            Stop::Unavailable(error) => Refusal { error, quota: None },
        }
    }

    fn purse(&self, subject: Subject) -> Arc<Purse> {
        match subject {
            Subject::Global => Arc::clone(&self.global),
            Subject::Message => Arc::clone(&self.message),
            Subject::Key(id) => {
                let mut shard = self.shard(id);
                Arc::clone(shard.entry(id).or_insert_with(|| Arc::new(Purse::new(subject))))
            }
        }
    }

    fn shard(&self, id: KeyId) -> MutexGuard<'_, Shard> {
        let (_, random) = id.uuid().halves();
        let place = usize::try_from(random).unwrap_or_default() % SHARDS;
        self.keys[place].lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Gives back what is left of loans that have ended, and forgets keys that are not used any more.
    pub(crate) async fn tidy(&self) {
        let Some(budgets) = &self.budgets else { return };
        for purse in self.agenda.due(self.clock.uptime()) {
            if purse.is_over(self.clock.uptime()) {
                purse.give_back(&**budgets, &*self.clock).await;
            }
            // If it is not idle, it is due again at the end of what it has.
            if let Subject::Key(id) = purse.subject()
                && purse.is_idle(self.clock.uptime())
            {
                self.shard(id).remove(&id);
            }
        }
    }

    /// How many keys have a place in memory.
    #[cfg(test)]
    fn key_count(&self) -> usize {
        self.keys.iter().map(|shard| shard.lock().unwrap().len()).sum()
    }
}

impl From<Error> for Stop {
    fn from(error: Error) -> Self {
        Self::Unavailable(error)
    }
}

#[cfg(test)]
mod tests;
