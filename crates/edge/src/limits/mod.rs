//! Limits of requests: `docs/adr/0020-limits.md`.
//!
//! ```text
//! request → key or person, message, global: each has a purse → one atomic step, or a loan from the database
//! ```

mod agenda;
mod lender;
mod purse;
mod quota;
mod word;

use crate::metrics::LoanResult;
use agenda::Agenda;
use lender::Lender;
use purse::{Purse, Spent, Stop};
pub(crate) use quota::Kind;
pub use quota::{Quota, Refusal};
use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use titan_core::Error;
use titan_core::limit::{Budgets, Subject};
use titan_core::settings::Settings;
use titan_core::time::{Clock, Uptime};

/// Purses of keys and persons are kept in so many maps, so that workers seldom wait for each other.
const SHARDS: usize = 64;
/// How long giving back may take at a time.
const TIDY: Duration = Duration::from_millis(300);

type Shard = HashMap<Subject, Arc<Purse>>;

/// What a request counts toward.
#[derive(Clone, Copy, Debug)]
pub struct Cost {
    /// For how many requests it counts.
    pub amount: u32,
    /// The key or person that is limited by itself, and its limit.
    pub own: Option<(Subject, u32)>,
    /// Whether its route sends messages.
    pub is_message: bool,
}

/// Counts requests, and refuses those above a limit.
pub struct Limiter {
    /// Without one, nothing is limited.
    lender: Option<Arc<Lender>>,
    /// The limits of the settings: the global one in the upper half.
    limits: AtomicU64,
    global: Arc<Purse>,
    message: Arc<Purse>,
    /// Those of keys and persons.
    own: [Mutex<Shard>; SHARDS],
    /// When the loan of a purse has ended.
    agenda: Arc<Agenda<Purse>>,
}

impl Limiter {
    /// Without budgets, nothing is limited.
    pub(crate) fn new(budgets: Option<Arc<dyn Budgets>>, clock: Arc<dyn Clock>) -> Self {
        Self {
            lender: budgets.map(|budgets| Arc::new(Lender::new(budgets, clock))),
            limits: AtomicU64::new(0),
            global: Arc::new(Purse::new(Subject::Global)),
            message: Arc::new(Purse::new(Subject::Message)),
            own: std::array::from_fn(|_| Mutex::default()),
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

    /// Whether this request counts toward a limit.
    #[inline]
    pub(crate) fn is_limited(&self, cost: Cost) -> bool {
        cost.own.is_some() || self.limits.load(Ordering::Acquire) != 0
    }

    /// Counts a request. The quota is that of the tightest limit; `None` if nothing is limited. It waits for the database only
    /// where a loan is used up.
    pub(crate) async fn count(&self, cost: Cost) -> Result<Option<Quota>, Refusal> {
        self.count_limited(cost, self.limits(), true).await
    }

    /// The same without a good lease: the limits are those of the database, and each request asks it.
    pub(crate) async fn count_in_database(
        &self,
        cost: Cost,
        settings: Settings,
    ) -> Result<Option<Quota>, Refusal> {
        self.count_limited(cost, settings, false).await
    }

    async fn count_limited(
        &self,
        cost: Cost,
        settings: Settings,
        keeps: bool,
    ) -> Result<Option<Quota>, Refusal> {
        let Some(lender) = &self.lender else { return Ok(None) };
        let purses = self.purses(cost, settings);
        let now = lender.clock.uptime();
        if keeps {
            // What one of them refuses from memory takes nothing from the others, and asks nobody.
            for (purse, limit) in purses.iter().flatten() {
                if let Some(until) = purse.refused(*limit, cost.amount, now) {
                    return Err(purse.refusal(*limit, until, now));
                }
            }
        }
        for _ in 0..2 {
            let (quota, ends_ms) = self.charge(lender, &purses, cost.amount, keeps).await?;
            if lender.clock.uptime().ms() < ends_ms {
                return Ok(quota);
            }
        }
        let error = Error::not_ready("loans end before the next one has come");
        Err(Refusal { error, quota: None })
    }

    /// The key or person comes first: what it may not do takes nothing from the others.
    fn purses(&self, cost: Cost, settings: Settings) -> [Option<(Arc<Purse>, u32)>; 3] {
        let message = cost.is_message.then_some((Subject::Message, settings.msg_rate_limit));
        [cost.own, message, Some((Subject::Global, settings.rate_limit))].map(|limited| {
            let (subject, limit) = limited.filter(|(_, limit)| *limit > 0)?;
            Some((self.purse(subject), limit))
        })
    }

    /// Takes from all of them, or from none. Also until when the request must have passed.
    async fn charge(
        &self,
        lender: &Arc<Lender>,
        purses: &[Option<(Arc<Purse>, u32)>; 3],
        amount: u32,
        keeps: bool,
    ) -> Result<(Option<Quota>, u64), Refusal> {
        let mut now = lender.clock.uptime();
        let (mut tightest, mut ends_ms): (Option<Quota>, u64) = (None, u64::MAX);
        let mut spent: [Option<Spent>; 3] = [None; 3];
        for (place, (purse, limit)) in
            purses.iter().enumerate().filter_map(|(n, purse)| Some((n, purse.as_ref()?)))
        {
            let taken = match self.spend(lender, purse, (*limit, amount), keeps.then_some(now)).await {
                Ok(taken) => taken,
                Err(stop) => {
                    put_back(purses, &spent, amount);
                    return Err(refusal(purse, *limit, stop, lender.clock.uptime()));
                }
            };
            if taken.has_waited {
                now = lender.clock.uptime();
            }
            let quota = purse.quota(*limit, taken.left, now);
            tightest = Some(tightest.map_or(quota, |other| other.tighter(quota)));
            ends_ms = ends_ms.min(taken.ends_ms);
            spent[place] = Some(taken);
        }
        if now.ms() >= ends_ms {
            put_back(purses, &spent, amount);
        }
        Ok((tightest, ends_ms))
    }

    #[inline]
    async fn spend(
        &self,
        lender: &Arc<Lender>,
        purse: &Arc<Purse>,
        (limit, amount): (u32, u32),
        now: Option<Uptime>,
    ) -> Result<Spent, Stop> {
        let Some(now) = now else { return purse.ask_once(lender, limit, amount).await };
        match purse.spend(limit, amount, now) {
            Some(spent) => Ok(spent),
            None => Box::pin(Arc::clone(purse).borrow(lender, limit, amount, &self.agenda)).await,
        }
    }

    fn purse(&self, subject: Subject) -> Arc<Purse> {
        match subject {
            Subject::Global => Arc::clone(&self.global),
            Subject::Message => Arc::clone(&self.message),
            Subject::Client(_) | Subject::Key(_) => {
                let mut shard = self.shard(subject);
                Arc::clone(shard.entry(subject).or_insert_with(|| {
                    let purse = Arc::new(Purse::new(subject));
                    // Perhaps nothing is lent to it: then it is forgotten at the next look.
                    self.agenda.add(Arc::clone(&purse), 0);
                    purse
                }))
            }
        }
    }

    fn shard(&self, subject: Subject) -> MutexGuard<'_, Shard> {
        let random = match subject {
            Subject::Client(person) => usize::from(person.as_bytes()[0]),
            Subject::Global | Subject::Message => 0,
            Subject::Key(id) => usize::try_from(id.uuid().halves().1).unwrap_or_default(),
        };
        self.own[random % SHARDS].lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Gives back what is left of loans that have ended, and forgets keys that are not used any more.
    pub(crate) async fn tidy(&self) {
        let Some(lender) = &self.lender else { return };
        let began = lender.clock.uptime();
        let mut due = self.agenda.due(began);
        // What all share is worth most.
        due.sort_by_key(|purse| is_own(purse.subject()));
        for purse in due {
            let now = lender.clock.uptime();
            // What there is no time for is lost until its window has passed; it is forgotten all the same.
            if purse.is_over(now) && now.since(began) < TIDY && lender.check().is_ok() {
                purse.give_back(lender).await;
            }
            // If it is not idle, it is due again at the end of what it has.
            let subject = purse.subject();
            if is_own(subject) && purse.is_idle(lender.clock.uptime()) {
                self.shard(subject).remove(&subject);
            }
        }
    }

    /// How often loans had this result.
    pub(crate) fn loans(&self, result: LoanResult) -> u64 {
        self.lender.as_ref().map_or(0, |lender| lender.loans.read(result))
    }

    /// How many keys have a place in memory.
    #[cfg(test)]
    fn key_count(&self) -> usize {
        self.own.iter().map(|shard| shard.lock().unwrap().len()).sum()
    }
}

/// Whether it is of a key or of a person: there can be many.
fn is_own(subject: Subject) -> bool {
    matches!(subject, Subject::Client(_) | Subject::Key(_))
}

/// It was not let through, so it counts for none of them.
fn put_back(purses: &[Option<(Arc<Purse>, u32)>; 3], spent: &[Option<Spent>; 3], amount: u32) {
    for (purse, taken) in purses.iter().zip(spent) {
        if let (Some((purse, _)), Some(taken)) = (purse, taken) {
            purse.put_back(*taken, amount);
        }
    }
}

fn refusal(purse: &Purse, limit: u32, stop: Stop, now: Uptime) -> Refusal {
    match stop {
        Stop::Limited(until) => purse.refusal(limit, until, now),
        Stop::Unavailable(error) => Refusal { error, quota: None },
    }
}

#[cfg(test)]
mod tests;
