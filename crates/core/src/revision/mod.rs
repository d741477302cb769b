//! Changes that the edge must know, in order.
//!
//! Every change that can turn a yes into a no is recorded with the next [`Revision`] in the transaction that
//! makes it. A change says the *current status* of its subject, not what happened to it, so the log keeps one row a
//! subject, replaying it from the start gives the present, and applying a row twice does no harm. The edge
//! builds its picture and keeps it current in this one way; `docs/revocation.md` has the argument.

mod changes;
mod fleet;
mod id_text;
mod imported;
mod instance;
mod opaque;
mod receipt;
mod record;

use crate::client_token::{ClientRules, ClientSession, RevokedToken};
use crate::settings::Settings;
use crate::store_error::StoreResult;
use crate::time::Timestamp;
use async_trait::async_trait;
pub use changes::{Changes, Encoded};
pub use fleet::{Fleet, FleetService, InstanceView, Spread};
pub use imported::ImportedStatus;
pub use instance::{CredentialId, CredentialState, Instance, InstanceId, Instances, Member, News, Topic};
pub use opaque::OpaqueStatus;
pub use receipt::{InForce, Propagation, Receipt, Wait};
pub(crate) use record::record;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::sync::Arc;
use titan_token::{HashedKey, KeyId, SessionId, Slot, TenantId};

/// The number of a change. 0 is before the first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Revision(pub u64);

/// How many revisions a generation has room for. A restored database goes on in a later generation than its backup. 2^13
/// generations fit into the numbers that JSON can carry (2^53).
pub const GENERATION: u64 = 1 << 40;

impl Revision {
    /// Two databases of one origin that were restored since have different ones.
    pub const fn generation(self) -> u64 {
        self.0 / GENERATION
    }
}

impl fmt::Display for Revision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

/// The status of a key.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyStatus {
    /// Revoked permanently, independent of any clock.
    pub is_revoked: bool,
    /// Switched off.
    pub is_disabled: bool,
    /// Rotated with overlap: the time of the rotation, and the end of the overlap. Milliseconds since 1970.
    pub retirement: Option<(i64, i64)>,
    /// How many requests it may make in any 60 seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rate_limit: Option<u32>,
    /// The key with which it shares this limit.
    #[serde(default, with = "id_text", skip_serializing_if = "Option::is_none")]
    pub limited_as: Option<KeyId>,
}

/// The status of a tenant.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TenantStatus {
    /// Switched off: all its keys are refused.
    pub is_disabled: bool,
    /// Keys issued before this are revoked. Milliseconds since 1970.
    pub not_before: Option<i64>,
}

/// The status of a session.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionStatus {
    /// Ended for good.
    pub is_ended: bool,
    /// JWTs with a lower `ver` are refused: the role has changed since.
    pub epoch: u32,
    /// When the last of the JWTs expires that this refuses: it means nothing after that. Milliseconds since 1970.
    pub until: i64,
}

/// The status of a subject from this revision on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// The rules of a session for client tokens; `None`: there are none any more.
    ClientRules(ClientSession, Option<Arc<ClientRules>>),
    /// A client token that was revoked.
    ClientToken(RevokedToken),
    /// A console session of a holder of the master key that was ended.
    Console(SessionId),
    /// A key.
    Key(KeyId, KeyStatus),
    /// An opaque key; `None`: there is none any more.
    Opaque(HashedKey, Option<OpaqueStatus>),
    /// A key that was imported.
    Imported(HashedKey, ImportedStatus),
    /// Something of a kind that this version does not know, so it has no credentials of this kind either: a newer version
    /// runs beside it.
    Other,
    /// A session of a user.
    Session(SessionId, SessionStatus),
    /// The debug mode of the instances that run; `None`: as the settings say.
    Debug(Option<bool>),
    /// The settings.
    Settings(Settings),
    /// A signing key. The edge must read it again, because its secret is not in the log.
    SigningKey(Slot),
    /// A tenant.
    Tenant(TenantId, TenantStatus),
}

/// What has expired for good (`docs/adr/0017-sweeping.md`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Swept {
    /// Every key that expires at or before this time is refused, whatever a clock says.
    pub until: Timestamp,
    /// The log has no rows any more of keys that expire at or before this time.
    pub log_until: Timestamp,
}

/// Reading the log.
#[async_trait]
pub trait Revisions {
    /// At most `limit` changes after `after`, and the head, of one moment.
    async fn changes_after(&self, after: Revision, limit: u32) -> StoreResult<Changes>;

    /// Keys with a row in the log whose expiry is later than `after` and not later than `until`: at most `limit`, the
    /// earliest first, and those that expire at the same time as the last of them.
    async fn ended_keys(
        &self,
        after: Timestamp,
        until: Timestamp,
        limit: u32,
    ) -> StoreResult<Vec<(KeyId, Timestamp)>>;
}

/// Writing the log.
#[async_trait]
pub trait RevisionsTx {
    /// The newest revision, as this transaction sees it.
    async fn head(&mut self) -> StoreResult<Revision>;

    /// What has left the log, as this transaction sees it.
    async fn swept(&mut self) -> StoreResult<Swept>;

    /// Raises that time, with the next revision.
    async fn sweep_until(&mut self, until: Timestamp) -> StoreResult<Revision>;

    /// Deletes rows of keys that expire at or before `until` from the log, those of about `limit` keys. Whether there are
    /// more.
    async fn sweep_log(&mut self, until: Timestamp, limit: u32) -> StoreResult<bool>;

    /// Records the status of a subject, with the next revision.
    async fn record_change(&mut self, change: &Change) -> StoreResult<Revision>;
}

impl KeyStatus {
    /// When it began and when it ends, if the key was rotated with overlap.
    pub fn retirement(&self) -> Option<(Timestamp, Timestamp)> {
        self.retirement.map(|(since, until)| (Timestamp::from_ms(since), Timestamp::from_ms(until)))
    }

    /// Whether the key is neither revoked, disabled, retiring nor limited.
    pub fn is_unrestricted(&self) -> bool {
        *self == Self::default()
    }
}
