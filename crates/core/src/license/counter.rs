//! Counts the open sessions of the guarded API, for a license that limits them: `docs/adr/0024-license.md`.

use super::{Installed, LiveSession};
use crate::entropy::{Entropy, random};
use crate::error::{Code, Error};
use crate::policy::SessionEvent;
use crate::port::{Store, Tx};
use crate::retry::retried;
use crate::time::{Clock, Timestamp};
use std::sync::Arc;
use std::time::Duration;
use titan_token::TenantId;

/// The longest name of a session, and its characters: `^[a-zA-Z0-9][a-zA-Z0-9._-]{0,63}$`.
const LONGEST_NAME: usize = 64;

/// After the longest time that a request may be under way, so much later nobody waits for its answer: clocks of instances differ.
const MARGIN: Duration = Duration::from_mins(1);

/// Counts sessions while the license limits them.
pub struct SessionCounter {
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
    installed: Arc<Installed>,
    /// For so long a request that was not settled may still be under way.
    under_way: Duration,
}

/// What the upstream has made of the request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It has done it, or it was so before.
    Done,
    /// It has not done it.
    Failed,
    /// It knows no such session.
    NotThere,
    /// Nobody knows.
    Unknown,
}

/// A session that this request opens or closes, before the upstream has answered.
#[must_use = "without the outcome, a session stays counted"]
pub struct UnsettledSession {
    tenant: TenantId,
    name: String,
    event: SessionEvent,
    /// The mark of the row. With another one, a later request has begun.
    mark: i64,
}

impl UnsettledSession {
    /// Whether it begins; otherwise it ends.
    pub fn opens(&self) -> bool {
        self.event == SessionEvent::Open
    }
}

impl SessionCounter {
    /// Counts in this store. `longest` is the longest time between the begin of a request and its answer.
    pub fn new(
        store: Arc<dyn Store>,
        clock: Arc<dyn Clock>,
        entropy: Arc<dyn Entropy>,
        installed: Arc<Installed>,
        longest: Duration,
    ) -> Self {
        Self { store, clock, entropy, installed, under_way: longest.saturating_add(MARGIN) }
    }

    /// Before the request is passed on. `None` if its outcome does not matter.
    pub async fn begin(
        &self,
        event: SessionEvent,
        tenant: TenantId,
        name: &str,
    ) -> Result<Option<UnsettledSession>, Error> {
        let Some(limit) = self.installed.session_limit() else { return Ok(None) };
        check_name(name)?;
        match event {
            SessionEvent::Close => retried(|| self.try_close(tenant, name)).await,
            SessionEvent::Open => retried(|| self.try_open(limit, tenant, name)).await.map(Some),
        }
    }

    async fn try_open(&self, limit: u32, tenant: TenantId, name: &str) -> Result<UnsettledSession, Error> {
        let (now, mut tx) = (self.clock.now(), self.store.begin().await?);
        let found = tx.live_session(tenant, name).await?;
        if found.is_none() && tx.count_live_sessions().await? >= limit {
            return Err(Error::new(Code::SessionLimitReached, format!("session limit reached: {limit}")));
        }
        let new = || LiveSession::new(tenant, name, now);
        self.mark(tx, found.unwrap_or_else(new), SessionEvent::Open, now).await
    }

    /// While a request that opens it may be under way, the row stays: that request may arrive at the upstream after this one.
    async fn try_close(&self, tenant: TenantId, name: &str) -> Result<Option<UnsettledSession>, Error> {
        let (now, mut tx) = (self.clock.now(), self.store.begin().await?);
        match tx.live_session(tenant, name).await? {
            Some(session) if !self.is_under_way(&session, now) => {
                self.mark(tx, session, SessionEvent::Close, now).await.map(Some)
            }
            None | Some(_) => Ok(None),
        }
    }

    fn is_under_way(&self, session: &LiveSession, now: Timestamp) -> bool {
        let longest = i64::try_from(self.under_way.as_millis()).unwrap_or(i64::MAX);
        session.pending.is_some() && now.ms() < session.marked_at.ms().saturating_add(longest)
    }

    async fn mark(
        &self,
        mut tx: Box<dyn Tx>,
        session: LiveSession,
        event: SessionEvent,
        now: Timestamp,
    ) -> Result<UnsettledSession, Error> {
        let mark = i64::from_be_bytes(random(&*self.entropy));
        let session = LiveSession { pending: Some(mark), marked_at: now, ..session };
        tx.put_live_session(&session).await?;
        tx.commit().await?;
        Ok(UnsettledSession { tenant: session.tenant, name: session.name, event, mark })
    }

    /// After the upstream has answered. If this fails, the session stays counted.
    pub async fn settle(&self, session: UnsettledSession, outcome: Outcome) -> Result<(), Error> {
        if outcome == Outcome::Unknown {
            return Ok(());
        }
        retried(|| self.try_settle(&session, outcome)).await
    }

    async fn try_settle(&self, session: &UnsettledSession, outcome: Outcome) -> Result<(), Error> {
        let (now, mut tx) = (self.clock.now(), self.store.begin().await?);
        let found = tx.live_session(session.tenant, &session.name).await?;
        let is_last = found.as_ref().is_some_and(|row| row.pending == Some(session.mark));
        let pending = found.as_ref().and_then(|row| row.pending).filter(|_| !is_last);
        let new = || LiveSession::new(session.tenant, &session.name, now);
        let row = LiveSession { pending, ..found.unwrap_or_else(new) };
        match settled(session.event, outcome, &row, is_last) {
            After::Stays => return Ok(()),
            After::Is(row) => tx.put_live_session(&row).await?,
            After::Gone => drop(tx.remove_live_session(session.tenant, &session.name).await?),
        }
        Ok(tx.commit().await?)
    }
}

/// What becomes of a row.
enum After {
    Gone,
    Is(LiveSession),
    Stays,
}

/// `row` is without the mark of this request, if that was the last one.
fn settled(event: SessionEvent, outcome: Outcome, row: &LiveSession, is_last: bool) -> After {
    match (event, outcome) {
        // Whatever began later: it is open, if it was not before.
        (SessionEvent::Open, Outcome::Done) => After::Is(LiveSession { is_open: true, ..row.clone() }),
        // What a later request has marked is for that one to settle.
        _ if !is_last => After::Stays,
        (SessionEvent::Open, _) if row.is_open => After::Is(row.clone()),
        (SessionEvent::Open, _) | (SessionEvent::Close, Outcome::Done) => After::Gone,
        // The upstream may have another path for it. What was in doubt is settled by this.
        (SessionEvent::Close, Outcome::NotThere) if !row.is_open => After::Gone,
        (SessionEvent::Close, _) => After::Is(row.clone()),
    }
}

/// Names that only differ in what an upstream overlooks would count twice, and long ones would fill the table.
fn check_name(name: &str) -> Result<(), Error> {
    let is_good = |c: u8| c.is_ascii_alphanumeric() || b"._-".contains(&c);
    let begins = name.bytes().next().is_some_and(|c| c.is_ascii_alphanumeric());
    if begins && name.len() <= LONGEST_NAME && name.bytes().all(is_good) {
        return Ok(());
    }
    Err(Error::invalid(
        "session: must be 1 to 64 letters, digits, `.`, `_` or `-`, the first a letter or digit",
    ))
}
