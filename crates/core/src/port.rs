//! What the rules need from a database.
//!
//! Each noun defines its own traits beside its rules; this module combines them. Reads see only committed data.
//! There is one way to write: a [`Tx`], which commits completely or not at all. A conformance suite tests each
//! engine that implements these traits.

pub use crate::store_error::{StoreError, StoreResult};
use crate::{
    audit, client_token, idempotency, invitation, key, license, limit, opaque, revision, seal, session,
    settings, signing, tenant, usage, user,
};
use async_trait::async_trait;

/// A database.
#[async_trait]
pub trait Store:
    key::Keys
    + tenant::Tenants
    + user::Users
    + user::FailedSignIns
    + user::SecondFactors
    + invitation::Invitations
    + opaque::OpaqueKeys
    + session::Sessions
    + signing::SigningKeys
    + revision::Revisions
    + revision::Instances
    + audit::AuditLog
    + settings::SettingsStore
    + client_token::ClientRulesStore
    + client_token::DailyCounts
    + limit::Budgets
    + license::LiveSessions
    + key::ImportedKeys
    + seal::SealKeys
    + usage::UsageStore
    + Send
    + Sync
{
    /// How busy the writers are.
    fn write_load(&self) -> WriteLoad;

    /// Starts a write. Writes exclude each other from here to their end.
    async fn begin(&self) -> StoreResult<Box<dyn Tx>>;
}

/// How busy the writers are. The counts start with the program.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct WriteLoad {
    /// Writers that wait for their turn.
    pub waiting: u64,
    /// Writes that were committed.
    pub writes: u64,
    /// Transactions of the database that contained them.
    pub commits: u64,
}

/// One write. Dropping it undoes it.
#[async_trait]
pub trait Tx:
    key::KeysTx
    + tenant::TenantsTx
    + user::UsersTx
    + user::AttemptsTx
    + user::SecondFactorsTx
    + invitation::InvitationsTx
    + opaque::OpaqueKeysTx
    + session::SessionsTx
    + signing::SigningKeysTx
    + revision::RevisionsTx
    + idempotency::AnswersTx
    + audit::AuditLogTx
    + settings::SettingsTx
    + client_token::ClientRulesTx
    + license::LiveSessionsTx
    + key::ImportedKeysTx
    + seal::SealKeysTx
    + Send
{
    /// Makes it durable: when this has returned, a crash does not undo it.
    async fn commit(self: Box<Self>) -> StoreResult<()>;
}
