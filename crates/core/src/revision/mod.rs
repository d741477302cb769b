//! Changes that the edge must know, in order.
//!
//! Every change that can turn a yes into a no is recorded with the next [`Revision`] in the transaction that
//! makes it. A change says how its subject *stands now*, not what happened to it, so the log keeps one row a
//! subject, replaying it from the start gives the present, and applying a row twice does no harm. The edge
//! builds its picture and keeps it current in this one way; `docs/revocation.md` has the argument.

use crate::error::Error;
use crate::store_error::StoreResult;
use crate::time::Timestamp;
use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use std::fmt;
use titan_token::{KeyId, Slot, TenantId};

/// The number of a change. 0 is before the first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Revision(pub u64);

impl fmt::Display for Revision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

/// How a key stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyStanding {
    /// Dead for good, whatever the clock says.
    pub is_revoked: bool,
    /// Switched off.
    pub is_disabled: bool,
    /// Rotated with overlap: since when, and when it dies. Milliseconds since 1970.
    pub retirement: Option<(i64, i64)>,
}

/// How a tenant stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TenantStanding {
    /// Switched off: all its keys are refused.
    pub is_disabled: bool,
    /// Keys issued before this are revoked. Milliseconds since 1970.
    pub not_before: Option<i64>,
}

/// How a subject stands from this revision on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// A key.
    Key(KeyId, KeyStanding),
    /// A signing key: read it anew, as its secret is not in the log.
    SigningKey(Slot),
    /// A tenant.
    Tenant(TenantId, TenantStanding),
}

/// A piece of the log.
#[derive(Debug)]
pub struct Changes {
    /// The newest revision there was when this was read.
    pub head: Revision,
    /// The changes after the revision asked for, oldest first.
    pub list: Vec<(Revision, Change)>,
    /// Whether more follow before `head`.
    pub has_more: bool,
}

/// Reading the log.
#[async_trait]
pub trait Revisions {
    /// At most `limit` changes after `after`, and the head, of one moment.
    async fn changes_after(&self, after: Revision, limit: u32) -> StoreResult<Changes>;
}

/// Writing the log.
#[async_trait]
pub trait RevisionsTx {
    /// The newest revision, as this transaction sees it.
    async fn head(&mut self) -> StoreResult<Revision>;

    /// Records how a subject stands, with the next revision.
    async fn record_change(&mut self, change: &Change) -> StoreResult<Revision>;
}

/// The proof, for the caller, that a change is in force: `Titan-Revocation`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Receipt {
    /// The change.
    pub revision: Revision,
    /// How many instances have applied it.
    pub applied: u32,
    /// How many lost their lease instead.
    pub lapsed: u32,
    /// How long that took, in milliseconds.
    pub ms: u64,
}

impl fmt::Display for Receipt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { revision, applied, lapsed, ms } = self;
        write!(f, "rev={revision}, applied={applied}, lapsed={lapsed}, ms={ms}")
    }
}

/// Waits until no instance answers from before a revision.
#[async_trait]
pub trait Settle: Send + Sync {
    /// Returns once the change is in force everywhere. An error means that the change is committed and will
    /// be in force, but not yet provably is.
    async fn settle(&self, revision: Revision) -> Result<Receipt, Error>;
}

impl KeyStanding {
    /// When it began and when it ends, if the key was rotated with overlap.
    pub fn retirement(&self) -> Option<(Timestamp, Timestamp)> {
        self.retirement.map(|(since, until)| (Timestamp::from_ms(since), Timestamp::from_ms(until)))
    }

    /// Whether nothing stands against the key.
    pub fn is_plain(&self) -> bool {
        *self == Self::default()
    }
}
