//! Cuts an exchange that stays open when its credential is not accepted any more: a WebSocket, a stream, a long up- or download.

use crate::Guard;
use crate::lease::LEASE;
use std::error::Error as StdError;
use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;
use titan_core::Error;
use titan_core::access::{Denial, Principal};
use titan_core::time::Uptime;
use tokio::time::{Instant, Sleep, sleep};

/// How often the key is looked at.
const ROUND: Duration = Duration::from_secs(1);

type Asking = Pin<Box<dyn Future<Output = Result<(), Denial>> + Send>>;

/// Looks at a credential from time to time, while its exchange lasts. It costs nothing until it is polled.
pub(crate) struct CredentialWatch {
    guard: Arc<Guard>,
    principal: Principal,
    timer: Option<Pin<Box<Sleep>>>,
    /// Asking the database, because this instance has no good lease.
    asking: Option<Asking>,
    /// Since when nobody could say whether the key is good.
    unknown_since: Option<Uptime>,
}

/// The key of an exchange was refused in the middle of it.
#[derive(Debug)]
pub(crate) struct Cut(Denial);

impl fmt::Display for Cut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the credential is not accepted any more")
    }
}

impl StdError for Cut {}

impl From<Cut> for Error {
    fn from(cut: Cut) -> Self {
        cut.0.into()
    }
}

impl Cut {
    /// Why the key was refused, if that is the reason of this error.
    pub(crate) fn behind(error: &(dyn StdError + 'static)) -> Option<Denial> {
        let mut causes = std::iter::successors(Some(error), |&error| error.source());
        causes.find_map(|cause| cause.downcast_ref::<Self>()).map(|Self(denial)| denial.clone())
    }
}

impl CredentialWatch {
    pub(crate) fn new(guard: &Arc<Guard>, principal: &Principal) -> Self {
        let principal = principal.clone();
        Self { guard: Arc::clone(guard), principal, timer: None, asking: None, unknown_since: None }
    }

    /// Waits until the exchange must end.
    pub(crate) async fn cut(mut self) -> Cut {
        std::future::poll_fn(|cx| self.poll_cut(cx)).await
    }

    /// Ready when the exchange must end.
    pub(crate) fn poll_cut(&mut self, cx: &mut Context<'_>) -> Poll<Cut> {
        loop {
            if let Some(asking) = &mut self.asking {
                let Poll::Ready(answer) = asking.as_mut().poll(cx) else { return Poll::Pending };
                self.asking = None;
                if let Err(denial) = self.check_answer(answer) {
                    return Poll::Ready(Cut(denial));
                }
            }
            if self.poll_round(cx).is_pending() {
                return Poll::Pending;
            }
            match self.guard.recheck(&self.principal) {
                Ok(()) => self.unknown_since = None,
                Err(Denial::Unknown) => self.ask(),
                Err(denial) => return Poll::Ready(Cut(denial)),
            }
        }
    }

    fn poll_round(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let timer = self.timer.get_or_insert_with(|| Box::pin(sleep(ROUND)));
        let polled = timer.as_mut().poll(cx);
        if polled.is_ready() {
            timer.as_mut().reset(Instant::now() + ROUND);
        }
        polled
    }

    fn ask(&mut self) {
        let (guard, principal) = (Arc::clone(&self.guard), self.principal.clone());
        self.asking = Some(Box::pin(async move { guard.recheck_in_database(&principal).await }));
    }

    /// Nobody knows: the exchange goes on for a lease, and is cut then. A revocation may have been answered.
    fn check_answer(&mut self, answer: Result<(), Denial>) -> Result<(), Denial> {
        if answer != Err(Denial::Unknown) {
            self.unknown_since = None;
            return answer;
        }
        let now = self.guard.now().uptime;
        let since = *self.unknown_since.get_or_insert(now);
        if now.since(since) < LEASE { Ok(()) } else { answer }
    }
}
