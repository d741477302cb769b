//! Instances that share a database, and their leases: `docs/adr/0016-leases.md`.

use super::{Change, Revision};
use crate::client_token::{ClientSession, RevokedToken};
use crate::signing::SlotKey;
use crate::store_error::StoreResult;
use crate::time::Timestamp;
use async_trait::async_trait;
use std::fmt;
use titan_token::{HashedKey, KeyId, SessionId, TenantId};

/// A running program. The number is drawn at its start, so a program that starts again is another instance.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct InstanceId(pub u64);

impl fmt::Display for InstanceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

/// What an instance says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// Its number.
    pub id: InstanceId,
    /// The version of the program.
    pub version: String,
    /// Where it listens: `host:port`.
    pub address: String,
    /// When it started, by its wall clock. For people only: nothing is decided by it.
    pub started_at: Timestamp,
}

/// The row of an instance.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Instance {
    /// What it says of itself.
    pub member: Member,
    /// The revision up to which it has applied all changes.
    pub applied: Revision,
    /// Counts its leases. A number that stands still is an instance that does not answer.
    pub renewals: u64,
}

/// What a credential stands for in the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CredentialId {
    /// A client token, the key that minted it, and its session.
    Client(RevokedToken, KeyId, ClientSession),
    /// An API key.
    Key(KeyId),
    /// An opaque key.
    Opaque(HashedKey),
    /// A session, with its JWTs.
    Session(SessionId),
}

/// All that decides about one credential, read from the database at one moment.
pub struct CredentialState {
    /// The newest revision at that moment.
    pub head: Revision,
    /// The signing keys.
    pub signing_keys: Vec<SlotKey>,
    /// Credentials that expire at or before this time are refused.
    pub swept_until: Timestamp,
    /// The status of the credential and of its tenant, where the log has one.
    pub changes: Vec<Change>,
}

/// What news are about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Topic {
    /// Changes were committed.
    Changes,
    /// Instances have applied changes.
    Reports,
}

/// Word of what other instances do.
#[async_trait]
pub trait News: Send {
    /// Returns when there may be something new since the last call. It can also return for nothing, or never: who waits
    /// must look from time to time.
    async fn wait(&mut self);
}

/// The instances of a database.
#[async_trait]
pub trait Instances {
    /// Whether another process can use this database at the same time.
    fn is_shared(&self) -> bool;

    /// Grants a lease, and makes the row of an instance that has none. A grant and the commit of a change exclude each
    /// other. Returns the newest revision: the lease counts only once it is applied.
    async fn grant(&self, member: &Member, applied: Revision) -> StoreResult<Revision>;

    /// Writes that an instance has applied everything up to here. Without a row, nothing happens.
    async fn report(&self, id: InstanceId, applied: Revision) -> StoreResult<()>;

    /// All instances, by their start.
    async fn instances(&self) -> StoreResult<Vec<Instance>>;

    /// Deletes the row of an instance, if its counter is still this one.
    async fn sweep(&self, id: InstanceId, renewals: u64) -> StoreResult<()>;

    /// Deletes the row of an instance that ends.
    async fn leave(&self, id: InstanceId) -> StoreResult<()>;

    /// From now on, word of what other instances do.
    fn news(&self, topic: Topic) -> Box<dyn News>;

    /// All that decides about a credential.
    async fn credential_state(&self, id: CredentialId, tenant: TenantId) -> StoreResult<CredentialState>;
}
