//! What this instance holds of one limit.

use super::agenda::Agenda;
use super::quota::{Quota, Refusal};
use super::word::{LARGEST, LoanId, Word};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::time::Duration;
use titan_core::Error;
use titan_core::limit::{Ask, Budgets, LOAN, Loan, Subject, Tick};
use titan_core::time::{Clock, Uptime};
use tokio::sync::{Mutex, OwnedMutexGuard};
use tokio::time::timeout;

/// After the database has failed, it is not asked again for so long: those who wait are answered at once.
const REST: Duration = Duration::from_secs(1);
/// What was spent longer ago says nothing of what will be.
const RECENT: Duration = Duration::from_secs(2);

/// A loan, and how to get the next one.
pub(super) struct Purse {
    subject: Subject,
    /// The limit for which the loan was granted: with another one, it is not spent.
    limit: AtomicU32,
    word: Word,
    /// Until when the database has nothing to lend, in milliseconds of uptime.
    refused_until: AtomicU64,
    /// Until when the database is not asked, because it has failed.
    failed_until: AtomicU64,
    /// What anybody may borrow, as of the last loan.
    rest: AtomicU32,
    /// When the oldest booking leaves the window.
    resets_at: AtomicU64,
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
    loan: LoanId,
    pub(super) left: u32,
}

/// Why nothing was taken.
#[derive(Debug)]
pub(super) enum Stop {
    /// The limit is used up until this time, in milliseconds of uptime.
    Limited(u64),
    /// The database does not answer.
    Unavailable(Error),
}

impl Spent {
    /// Of a limit without a budget.
    pub(super) fn nothing() -> Self {
        Self { loan: LoanId::default(), left: 0 }
    }
}

impl Books {
    /// What was spent of the last loan tells how much a second needs; a quarter more, so that it seldom is too little.
    fn wanted(&self, left: u32, now: Uptime) -> u32 {
        let elapsed = now.since(self.since);
        if elapsed > RECENT {
            return 1;
        }
        let elapsed_ms = u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX).max(1);
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
            failed_until: AtomicU64::new(0),
            rest: AtomicU32::new(0),
            resets_at: AtomicU64::new(0),
            books: Arc::default(),
        }
    }

    pub(super) fn subject(&self) -> Subject {
        self.subject
    }

    /// Takes from the loan, or refuses from memory. `None`: the database must be asked.
    #[inline]
    pub(super) fn spend(&self, limit: u32, amount: u32, now: Uptime) -> Option<Result<Spent, Stop>> {
        if self.limit.load(Ordering::Acquire) != limit {
            return None;
        }
        if let Some((loan, left)) = self.word.take(amount, now.ms()) {
            return Some(Ok(Spent { loan, left }));
        }
        let refused_until = self.refused_until.load(Ordering::Acquire);
        if amount == 1 && refused_until > now.ms() {
            return Some(Err(Stop::Limited(refused_until)));
        }
        if self.failed_until.load(Ordering::Acquire) > now.ms() {
            return Some(Err(Error::not_ready("the database did not lend a moment ago").into()));
        }
        None
    }

    pub(super) fn put_back(&self, spent: Spent, amount: u32) {
        if spent.loan != LoanId::default() {
            self.word.put_back(spent.loan, amount);
        }
    }

    /// Asks the database for a loan and takes from it. Of all that wait, one asks.
    pub(super) async fn borrow(
        self: Arc<Self>,
        budgets: &Arc<dyn Budgets>,
        limit: u32,
        amount: u32,
        clock: &Arc<dyn Clock>,
        agenda: &Arc<Agenda<Self>>,
    ) -> Result<Spent, Stop> {
        let books = Arc::clone(&self.books).lock_owned().await;
        if let Some(result) = self.spend(limit, amount, clock.uptime()) {
            return result;
        }
        let (budgets, clock, agenda) = (Arc::clone(budgets), Arc::clone(clock), Arc::clone(agenda));
        // In a task of its own: if this caller goes away, the next one finds the loan.
        let asking = async move { self.ask(books, &*budgets, limit, amount, &*clock, &agenda).await };
        tokio::spawn(asking).await.map_err(Error::internal)?
    }

    async fn ask(
        self: Arc<Self>,
        mut books: OwnedMutexGuard<Books>,
        budgets: &dyn Budgets,
        limit: u32,
        amount: u32,
        clock: &dyn Clock,
        agenda: &Agenda<Self>,
    ) -> Result<Spent, Stop> {
        // Before asking: the loan ends so much later, by whatever clock.
        let now = clock.uptime();
        let unspent = self.word.close();
        let ask = Ask {
            limit,
            wanted: books.wanted(unspent, now).clamp(amount, LARGEST),
            needed: amount,
            unspent: books.booked.take().map(|tick| (tick, unspent)),
        };
        self.limit.store(limit, Ordering::Release);
        let loan = timeout(LOAN, budgets.borrow(self.subject, &ask, now)).await;
        let taken = match loan.map_err(Error::not_ready).and_then(|loan| Ok(loan?)) {
            Ok(Loan::Lent { amount: size, tick, rest, resets_in }) => {
                *books = Books { booked: Some(tick), size, since: now, turn: books.turn + 1 };
                self.rest.store(rest, Ordering::Release);
                self.resets_at.store(clock.uptime().plus(resets_in).ms(), Ordering::Release);
                self.open(&books, amount, clock)
            }
            Ok(Loan::Refused { retry_in }) => Err(self.refuse(amount, clock.uptime().plus(retry_in))),
            Err(error) => Err(self.rest_after(error, now.plus(REST))),
        };
        // It is looked at again when what it has now has ended.
        let end = self.end();
        agenda.add(self, end);
        taken
    }

    fn open(&self, books: &Books, amount: u32, clock: &dyn Clock) -> Result<Spent, Stop> {
        self.refused_until.store(0, Ordering::Release);
        self.word.open(LoanId::new(books.since.plus(LOAN).ms(), books.turn), books.size);
        let taken = self.word.take(amount, clock.uptime().ms());
        let (loan, left) = taken.ok_or_else(|| Error::not_ready("the loan came too late"))?;
        Ok(Spent { loan, left })
    }

    /// A refusal of more than one request says nothing of one.
    fn refuse(&self, amount: u32, until: Uptime) -> Stop {
        self.rest.store(0, Ordering::Release);
        if amount == 1 {
            self.refused_until.store(until.ms(), Ordering::Release);
        }
        Stop::Limited(until.ms())
    }

    fn rest_after(&self, error: Error, until: Uptime) -> Stop {
        self.failed_until.store(until.ms(), Ordering::Release);
        Stop::Unavailable(error)
    }

    /// Asks for one request alone, and keeps nothing.
    pub(super) async fn ask_once(
        &self,
        budgets: &dyn Budgets,
        limit: u32,
        amount: u32,
        clock: &dyn Clock,
    ) -> Result<Spent, Stop> {
        let ask = Ask { limit, wanted: amount, needed: amount, unspent: None };
        let now = clock.uptime();
        let loan = timeout(LOAN, budgets.borrow(self.subject, &ask, now)).await.map_err(Error::not_ready)?;
        match loan.map_err(Error::from)? {
            Loan::Lent { rest, resets_in, .. } => {
                self.rest.store(rest, Ordering::Release);
                self.resets_at.store(clock.uptime().plus(resets_in).ms(), Ordering::Release);
                Ok(Spent::nothing())
            }
            Loan::Refused { retry_in } => Err(Stop::Limited(clock.uptime().plus(retry_in).ms())),
        }
    }

    /// Whether its loan has ended and was not spent whole.
    pub(super) fn is_over(&self, now: Uptime) -> bool {
        let (loan, left) = self.word.read();
        left > 0 && loan.ends_ms() <= now.ms()
    }

    /// When the last has ended that the next request could use, in milliseconds of uptime.
    fn end(&self) -> u64 {
        let (refused, failed) = (&self.refused_until, &self.failed_until);
        let ends = [refused.load(Ordering::Acquire), failed.load(Ordering::Acquire)];
        ends.into_iter().fold(self.word.read().0.ends_ms(), u64::max)
    }

    /// Gives back what is left of a loan that has ended.
    pub(super) async fn give_back(&self, budgets: &dyn Budgets, clock: &dyn Clock) {
        let mut books = self.books.lock().await;
        let now = clock.uptime();
        if self.word.read().0.ends_ms() > now.ms() {
            return;
        }
        let left = self.word.close();
        let unspent = books.booked.take().map(|tick| (tick, left));
        let limit = self.limit.load(Ordering::Acquire);
        let ask = Ask { limit, wanted: 0, needed: 0, unspent };
        if let Ok(Err(error)) = timeout(LOAN, budgets.borrow(self.subject, &ask, now)).await {
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
        let quota = Quota { kind: self.subject.into(), limit, remaining: 0, resets_in_secs };
        Refusal { error: Error::throttled("rate limit exceeded", resets_in_secs), quota: Some(quota) }
    }
}

/// Rounded up: who comes back then is not too early.
fn seconds_until(end_ms: u64, now: Uptime) -> u32 {
    u32::try_from(end_ms.saturating_sub(now.ms()).div_ceil(1000)).unwrap_or(u32::MAX).max(1)
}
