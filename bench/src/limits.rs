//! What counting toward a limit adds to a verification, and what a refusal by a limit costs.

use crate::keys::{NEEDED, Pile};
use crate::{Outcome, guards};
use async_trait::async_trait;
use std::future::Future;
use std::pin::pin;
use std::task::{Context, Poll, Waker};
use std::time::Duration;
use titan_core::access::Denial;
use titan_core::limit::{Ask, Budgets, Loan, MOST, Subject, Tick};
use titan_core::port::StoreResult;
use titan_core::revision::Change;
use titan_core::settings::Settings;
use titan_core::time::{Moment, Uptime};
use titan_edge::Guard;
use tokio::runtime::{Builder, Runtime};

/// A database that lends what is wanted, as long as the limit is not 1.
struct Generous;

#[async_trait]
impl Budgets for Generous {
    async fn borrow(&self, _: Subject, ask: &Ask, _: Uptime) -> StoreResult<Loan> {
        if ask.limit == 1 {
            return Ok(Loan::Refused { retry_in: Duration::from_mins(1), rest: 0 });
        }
        let (amount, resets_in) = (ask.wanted, Duration::from_mins(1));
        Ok(Loan::Lent { amount, tick: Tick(1), rest: ask.limit - amount, resets_in })
    }

    async fn sweep_budgets(&self, _: Uptime) -> StoreResult<()> {
        Ok(())
    }
}

/// A guard whose requests count toward a limit.
pub struct Limited {
    guard: Guard,
    runtime: Runtime,
}

impl Limited {
    /// One that lets all pass, with so many revoked keys.
    pub fn admitting(revoked: usize) -> anyhow::Result<Self> {
        Self::new(revoked, MOST)
    }

    /// One whose limit is used up.
    pub fn refusing(revoked: usize) -> anyhow::Result<Self> {
        Self::new(revoked, 1)
    }

    fn new(revoked: usize, rate_limit: u32) -> anyhow::Result<Self> {
        let guard = guards::with_revoked(revoked)?.with_budgets(std::sync::Arc::new(Generous));
        guard.apply(&[Change::Settings(Settings { rate_limit, ..Settings::default() })]);
        Ok(Self { guard, runtime: Builder::new_current_thread().enable_time().build()? })
    }

    /// Every check of one key, and its limits. A refusal by a limit is [`Denial::Unknown`].
    pub fn check(&self, pile: &Pile, n: usize, now: Moment) -> Outcome {
        let principal = self.guard.check(pile.get(n), now)?;
        self.guard.check_scope(&principal, NEEDED, "messages:write")?;
        let count = || self.guard.count(&principal, false, 1, now);
        // Only a question to the database waits.
        let counted = at_once(count()).unwrap_or_else(|| self.runtime.block_on(count()));
        counted.map_err(|_| Denial::Unknown)?;
        Ok(principal.tenant())
    }

    /// For the questions of the rows.
    pub fn enter(&self) -> tokio::runtime::EnterGuard<'_> {
        self.runtime.enter()
    }
}

fn at_once<T>(future: impl Future<Output = T>) -> Option<T> {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => Some(value),
        Poll::Pending => None,
    }
}
