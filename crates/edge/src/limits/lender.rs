//! Where loans come from: the database, unless it has just failed.

use crate::metrics::{Counters, LoanResult};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use titan_core::Error;
use titan_core::limit::{Ask, Budgets, Loan, Subject};
use titan_core::time::{Clock, Uptime};
use tokio::time::timeout;

/// After the database has failed, it is not asked again for so long: those who wait are answered at once.
const REST: Duration = Duration::from_secs(1);
/// The database itself gives up before.
const PATIENCE: Duration = Duration::from_secs(3);

/// Asks the database for loans.
pub(super) struct Lender {
    budgets: Arc<dyn Budgets>,
    pub(super) clock: Arc<dyn Clock>,
    /// In milliseconds of uptime.
    failed_until: AtomicU64,
    pub(super) loans: Counters<LoanResult>,
}

impl Lender {
    pub(super) fn new(budgets: Arc<dyn Budgets>, clock: Arc<dyn Clock>) -> Self {
        Self { budgets, clock, failed_until: AtomicU64::new(0), loans: Counters::default() }
    }

    /// Asks, unless the database has failed a moment ago: then it has failed for all limits.
    pub(super) async fn ask(&self, subject: Subject, ask: &Ask, now: Uptime) -> Result<Loan, Error> {
        self.check()?;
        let loan = timeout(PATIENCE, self.budgets.borrow(subject, ask, now)).await;
        let loan = loan.map_err(Error::not_ready).and_then(|loan| Ok(loan?));
        // Without a wish, something is given back.
        if ask.wanted > 0 {
            self.loans.add(result(&loan));
        }
        loan.inspect_err(|_| self.rest())
    }

    /// An error while the database has its rest.
    pub(super) fn check(&self) -> Result<(), Error> {
        if self.failed_until.load(Ordering::Acquire) > self.clock.uptime().ms() {
            return Err(Error::not_ready("the database did not lend a moment ago"));
        }
        Ok(())
    }

    /// The database has failed, or was too slow.
    pub(super) fn rest(&self) {
        self.failed_until.store(self.clock.uptime().plus(REST).ms(), Ordering::Release);
    }
}

const fn result(loan: &Result<Loan, Error>) -> LoanResult {
    match loan {
        Err(_) => LoanResult::Failed,
        Ok(Loan::Lent { .. }) => LoanResult::Lent,
        Ok(Loan::Refused { .. }) => LoanResult::Refused,
    }
}
