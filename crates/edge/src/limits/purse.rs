//! What this instance holds of one limit.

use super::agenda::Agenda;
use super::lender::Lender;
use super::quota::{Quota, Refusal};
use super::word::{LARGEST, LoanId, Word};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::time::Duration;
use titan_core::Error;
use titan_core::limit::{Ask, LOAN, Loan, Subject, Tick, WINDOW};
use titan_core::time::Uptime;
use tokio::sync::{Mutex, OwnedMutexGuard};

/// What was spent longer ago says nothing of what will be.
const RECENT: Duration = Duration::from_secs(2);
/// A shorter time says nothing of what a second needs.
const LEAST: Duration = Duration::from_millis(100);

/// A loan, and how to get the next one.
pub(super) struct Purse {
    subject: Subject,
    /// The limit for which the loan was granted: with another one, it is not spent.
    limit: AtomicU32,
    word: Word,
    /// Until when the database has too little to lend, in milliseconds of uptime, and for how many requests.
    refused_until: AtomicU64,
    refused_amount: AtomicU32,
    /// What anybody may borrow, as of the last answer.
    rest: AtomicU32,
    /// When the oldest booking leaves the window.
    resets_at: AtomicU64,
    /// How many requests wait for a loan.
    waiting: AtomicU32,
    /// Held by who asks the database.
    books: Arc<Mutex<Books>>,
}

#[derive(Default)]
struct Books {
    /// Where the loan is booked.
    booked: Option<Tick>,
    size: u32,
    since: Uptime,
    turn: u64,
}

/// What was taken.
#[derive(Clone, Copy, Debug)]
pub(super) struct Spent {
    /// Of which loan; `None`: of one that nobody keeps.
    loan: Option<LoanId>,
    /// Until when it counts as spent, in milliseconds of uptime: a request that passes later would be in no window.
    pub(super) ends_ms: u64,
    pub(super) left: u32,
    /// Whether the database was asked.
    pub(super) has_waited: bool,
}

/// Why nothing was taken.
#[derive(Debug)]
pub(super) enum Stop {
    /// The limit is used up until this time, in milliseconds of uptime.
    Limited(u64),
    /// The database does not answer.
    Unavailable(Error),
}

impl From<Error> for Stop {
    fn from(error: Error) -> Self {
        Self::Unavailable(error)
    }
}

/// A request that waits for a loan.
struct Waiting<'a>(&'a AtomicU32);

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Books {
    /// What was spent of the last loan tells how much a second needs; a quarter more, so that it seldom is too little.
    fn wanted(&self, left: u32, now: Uptime) -> u32 {
        let elapsed = now.since(self.since);
        if elapsed > RECENT {
            return 1;
        }
        let elapsed_ms = u64::try_from(elapsed.max(LEAST).as_millis()).unwrap_or(u64::MAX);
        let a_second = u64::from(self.size.saturating_sub(left)) * 1000 / elapsed_ms;
        u32::try_from(a_second + a_second / 4 + 1).unwrap_or(u32::MAX)
    }
}

impl Purse {
    pub(super) fn new(subject: Subject) -> Self {
        Self {
            subject,
            limit: AtomicU32::new(0),
            word: Word::default(),
            refused_until: AtomicU64::new(0),
            refused_amount: AtomicU32::new(0),
            rest: AtomicU32::new(0),
            resets_at: AtomicU64::new(0),
            waiting: AtomicU32::new(0),
            books: Arc::default(),
        }
    }

    pub(super) fn subject(&self) -> Subject {
        self.subject
    }

    /// Until when such a request is refused, as far as it is known here.
    #[inline]
    pub(super) fn refused(&self, limit: u32, amount: u32, now: Uptime) -> Option<u64> {
        if amount > limit {
            return Some(now.plus(WINDOW).ms());
        }
        let until = self.refused_until.load(Ordering::Acquire);
        let is_refused = until > now.ms()
            && amount >= self.refused_amount.load(Ordering::Acquire)
            && self.limit.load(Ordering::Acquire) == limit
            && !self.word.has(amount, now.ms());
        is_refused.then_some(until)
    }

    /// Takes from the loan. `None`: there is too little.
    #[inline]
    pub(super) fn spend(&self, limit: u32, amount: u32, now: Uptime) -> Option<Spent> {
        if self.limit.load(Ordering::Acquire) != limit {
            return None;
        }
        let (loan, left) = self.word.take(amount, now.ms())?;
        Some(Spent { loan: Some(loan), ends_ms: loan.ends_ms(), left, has_waited: false })
    }

    pub(super) fn put_back(&self, spent: Spent, amount: u32) {
        if let Some(loan) = spent.loan {
            self.word.put_back(loan, amount);
        }
    }

    /// Asks the database for a loan and takes from it. Of all that wait, one asks.
    pub(super) async fn borrow(
        self: Arc<Self>,
        lender: &Arc<Lender>,
        limit: u32,
        amount: u32,
        agenda: &Arc<Agenda<Self>>,
    ) -> Result<Spent, Stop> {
        lender.check()?;
        self.waiting.fetch_add(1, Ordering::Relaxed);
        let waiting = Waiting(&self.waiting);
        let books = Arc::clone(&self.books).lock_owned().await;
        drop(waiting);
        // Another one may have asked meanwhile.
        let now = lender.clock.uptime();
        if let Some(spent) = self.spend(limit, amount, now) {
            return Ok(Spent { has_waited: true, ..spent });
        }
        if let Some(until) = self.refused(limit, amount, now) {
            return Err(Stop::Limited(until));
        }
        let (lender, agenda) = (Arc::clone(lender), Arc::clone(agenda));
        // In a task of its own: if this caller goes away, the next one finds the loan.
        let asking = async move {
            let taken = self.ask(books, &lender, limit, amount).await;
            // It is looked at again when what it has now has ended.
            let end = self.end();
            agenda.add(self, end);
            taken
        };
        tokio::spawn(asking).await.map_err(Error::internal)?
    }

    async fn ask(
        &self,
        mut books: OwnedMutexGuard<Books>,
        lender: &Lender,
        limit: u32,
        amount: u32,
    ) -> Result<Spent, Stop> {
        // Before asking: the loan ends so much later, by whatever clock.
        let now = lender.clock.uptime();
        let unspent = self.word.close();
        let wanted = books.wanted(unspent, now).max(self.waiting.load(Ordering::Relaxed).saturating_add(1));
        let ask = Ask {
            limit,
            wanted: wanted.clamp(amount, LARGEST),
            needed: amount,
            unspent: books.booked.take().map(|tick| (tick, unspent)),
            is_alone: false,
        };
        self.limit.store(limit, Ordering::Release);
        self.refused_until.store(0, Ordering::Release);
        match lender.ask(self.subject, &ask, now).await? {
            Loan::Lent { amount: size, tick, rest, resets_in } => {
                *books = Books { booked: Some(tick), size, since: now, turn: books.turn + 1 };
                self.rest.store(rest, Ordering::Release);
                self.resets_at.store(lender.clock.uptime().plus(resets_in).ms(), Ordering::Release);
                self.word.open(LoanId::new(now.plus(LOAN).ms(), books.turn), size);
                let spent = self.spend(limit, amount, lender.clock.uptime());
                let spent = spent.ok_or_else(|| {
                    lender.rest();
                    Error::not_ready("the loan came too late")
                })?;
                Ok(Spent { has_waited: true, ..spent })
            }
            Loan::Refused { retry_in, rest } => {
                let until = lender.clock.uptime().plus(retry_in).ms();
                self.rest.store(rest, Ordering::Release);
                self.refused_amount.store(amount, Ordering::Release);
                self.refused_until.store(until, Ordering::Release);
                Err(Stop::Limited(until))
            }
        }
    }

    /// Asks for one request alone, and keeps nothing.
    pub(super) async fn ask_once(&self, lender: &Lender, limit: u32, amount: u32) -> Result<Spent, Stop> {
        let ask = Ask { limit, wanted: amount, needed: amount, ..Ask::default() };
        let now = lender.clock.uptime();
        match lender.ask(self.subject, &ask, now).await? {
            Loan::Lent { rest, resets_in, .. } => {
                self.rest.store(rest, Ordering::Release);
                self.resets_at.store(lender.clock.uptime().plus(resets_in).ms(), Ordering::Release);
                Ok(Spent { loan: None, ends_ms: now.plus(LOAN).ms(), left: 0, has_waited: true })
            }
            Loan::Refused { retry_in, .. } => Err(Stop::Limited(lender.clock.uptime().plus(retry_in).ms())),
        }
    }

    /// Whether its loan has ended and was not spent whole.
    pub(super) fn is_over(&self, now: Uptime) -> bool {
        let (loan, left) = self.word.read();
        left > 0 && loan.ends_ms() <= now.ms()
    }

    /// When the last has ended that the next request could use, in milliseconds of uptime.
    fn end(&self) -> u64 {
        self.word.read().0.ends_ms().max(self.refused_until.load(Ordering::Acquire))
    }

    /// Gives back what is left of a loan that has ended.
    pub(super) async fn give_back(&self, lender: &Lender) {
        let mut books = self.books.lock().await;
        let now = lender.clock.uptime();
        if !self.is_over(now) {
            return;
        }
        let left = self.word.close();
        let unspent = books.booked.take().map(|tick| (tick, left));
        let limit = self.limit.load(Ordering::Acquire);
        let ask = Ask { limit, unspent, ..Ask::default() };
        if let Err(error) = lender.ask(self.subject, &ask, now).await {
            tracing::debug!(%error, "the rest of a loan is lost until its window has passed");
        }
    }

    /// Whether it has nothing that the next request could use.
    pub(super) fn is_idle(&self, now: Uptime) -> bool {
        self.end() <= now.ms()
    }

    pub(super) fn quota(&self, limit: u32, left: u32, now: Uptime) -> Quota {
        let remaining = left.saturating_add(self.rest.load(Ordering::Acquire)).min(limit);
        let resets_in_secs = seconds_until(self.resets_at.load(Ordering::Acquire), now);
        Quota { kind: self.subject.into(), limit, remaining, resets_in_secs }
    }

    pub(super) fn refusal(&self, limit: u32, until_ms: u64, now: Uptime) -> Refusal {
        let resets_in_secs = seconds_until(until_ms, now);
        let remaining = self.rest.load(Ordering::Acquire).min(limit);
        let quota = Quota { kind: self.subject.into(), limit, remaining, resets_in_secs };
        Refusal { error: Error::throttled("rate limit exceeded", resets_in_secs), quota: Some(quota) }
    }
}

/// Rounded up: who comes back then is not too early.
fn seconds_until(end_ms: u64, now: Uptime) -> u32 {
    u32::try_from(end_ms.saturating_sub(now.ms()).div_ceil(1000)).unwrap_or(u32::MAX).max(1)
}
