//! Counts the open sessions of the guarded API, for a license that limits them: `docs/adr/0024-license.md`.

use super::{Installed, LiveSession};
use crate::entropy::{Entropy, random};
use crate::error::{Code, Error};
use crate::policy::SessionEvent;
use crate::port::Store;
use crate::retry::retried;
use crate::time::Clock;
use std::sync::Arc;
use titan_token::TenantId;

/// The longest name of a session, and its characters: `^[a-zA-Z0-9][a-zA-Z0-9._-]{0,63}$`.
const LONGEST_NAME: usize = 64;

/// Counts sessions while the license limits them.
pub struct SessionCounter {
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
    installed: Arc<Installed>,
}

/// What the upstream has made of the request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It has not done it.
    Failed,
    /// It has done it, or it was so before.
    Done,
    /// Nobody knows.
    Unknown,
}

/// A session that this request opens or closes, before the upstream has answered.
#[must_use = "without the outcome, a session stays counted"]
pub struct UnsettledSession {
    tenant: TenantId,
    name: String,
    /// The mark of the row; `None`: the request closes the session.
    mark: Option<i64>,
}

impl UnsettledSession {
    /// Whether it begins; otherwise it ends.
    pub fn opens(&self) -> bool {
        self.mark.is_some()
    }
}

impl SessionCounter {
    /// Counts in this store.
    pub fn new(
        store: Arc<dyn Store>,
        clock: Arc<dyn Clock>,
        entropy: Arc<dyn Entropy>,
        installed: Arc<Installed>,
    ) -> Self {
        Self { store, clock, entropy, installed }
    }

    /// Whether anything is counted now.
    pub fn is_counting(&self) -> bool {
        self.installed.session_limit().is_some()
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
            SessionEvent::Close => Ok(Some(UnsettledSession { tenant, name: name.to_owned(), mark: None })),
            SessionEvent::Open => retried(|| self.try_open(limit, tenant, name)).await,
        }
    }

    async fn try_open(
        &self,
        limit: u32,
        tenant: TenantId,
        name: &str,
    ) -> Result<Option<UnsettledSession>, Error> {
        let mut tx = self.store.begin().await?;
        let found = tx.live_session(tenant, name).await?;
        if found.as_ref().is_some_and(|session| session.pending.is_none()) {
            return Ok(None);
        }
        if found.is_none() && tx.count_live_sessions().await? >= limit {
            return Err(Error::new(Code::SessionLimitReached, format!("session limit reached: {limit}")));
        }
        let mark = i64::from_be_bytes(random(&*self.entropy));
        let opened_at = found.map_or_else(|| self.clock.now(), |session| session.opened_at);
        let session = LiveSession { tenant, name: name.to_owned(), opened_at, pending: Some(mark) };
        tx.put_live_session(&session).await?;
        tx.commit().await?;
        Ok(Some(UnsettledSession { tenant, name: session.name, mark: Some(mark) }))
    }

    /// After the upstream has answered. If this fails, the session stays counted.
    pub async fn settle(&self, session: UnsettledSession, outcome: Outcome) -> Result<(), Error> {
        let UnsettledSession { tenant, name, mark } = &session;
        match (mark, outcome) {
            (_, Outcome::Unknown) | (None, Outcome::Failed) => Ok(()),
            (None, Outcome::Done) => retried(|| self.try_close(*tenant, name)).await,
            (Some(_), Outcome::Done) => retried(|| self.try_confirm(*tenant, name)).await,
            (Some(mark), Outcome::Failed) => retried(|| self.try_give_back(*tenant, name, *mark)).await,
        }
    }

    async fn try_confirm(&self, tenant: TenantId, name: &str) -> Result<(), Error> {
        let mut tx = self.store.begin().await?;
        // Another request may have removed the row: the session is open all the same.
        let found = tx.live_session(tenant, name).await?;
        let opened_at = found.map_or_else(|| self.clock.now(), |session| session.opened_at);
        let session = LiveSession { tenant, name: name.to_owned(), opened_at, pending: None };
        tx.put_live_session(&session).await?;
        Ok(tx.commit().await?)
    }

    async fn try_give_back(&self, tenant: TenantId, name: &str, mark: i64) -> Result<(), Error> {
        let mut tx = self.store.begin().await?;
        let found = tx.live_session(tenant, name).await?;
        // With another mark it belongs to another request, and without one it is open.
        if found.is_some_and(|session| session.pending == Some(mark)) {
            tx.remove_live_session(tenant, name).await?;
        }
        Ok(tx.commit().await?)
    }

    async fn try_close(&self, tenant: TenantId, name: &str) -> Result<(), Error> {
        let mut tx = self.store.begin().await?;
        tx.remove_live_session(tenant, name).await?;
        Ok(tx.commit().await?)
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
