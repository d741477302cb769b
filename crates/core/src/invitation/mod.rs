//! Invitations to a tenant: a secret that is good once, and that its inviter sends by whatever way there is.
//! `docs/adr/0018-people.md`.

mod accept;
mod service;

use crate::store_error::StoreResult;
use crate::time::Timestamp;
use crate::user::{Email, Role};
pub use accept::{Acceptance, Accepted};
use async_trait::async_trait;
pub use service::InvitationService;
use titan_token::{HashedInvitation, InvitationId, TenantId, UserId};

/// An invitation is good for 7 days.
pub const INVITATION_SECS: i64 = 7 * 86_400;
/// A tenant has at most this many open ones.
pub const MOST_INVITATIONS: u32 = 100;

/// An invitation that was not accepted yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invitation {
    /// Its id.
    pub id: InvitationId,
    /// Where to.
    pub tenant: TenantId,
    /// Whom.
    pub email: Email,
    /// As what.
    pub role: Role,
    /// By whom; `None`: the holder of the master key.
    pub invited_by: Option<UserId>,
    /// When.
    pub created_at: Timestamp,
    /// From then on it is refused.
    pub expires_at: Timestamp,
}

/// Reading invitations.
#[async_trait]
pub trait Invitations {
    /// The one with this secret, expired or not.
    async fn find_invitation(&self, secret: &HashedInvitation) -> StoreResult<Option<Invitation>>;

    /// Those of a tenant that are good at this time, by their id. At most `limit`.
    async fn invitations(&self, tenant: TenantId, now: Timestamp, limit: u32)
    -> StoreResult<Vec<Invitation>>;
}

/// Changing invitations.
#[async_trait]
pub trait InvitationsTx {
    /// The one with this secret, expired or not.
    async fn invitation(&mut self, secret: &HashedInvitation) -> StoreResult<Option<Invitation>>;

    /// How many of a tenant are good at this time.
    async fn count_invitations(&mut self, tenant: TenantId, now: Timestamp) -> StoreResult<u32>;

    /// Adds one, in place of another for the same address and tenant.
    async fn put_invitation(&mut self, invitation: &Invitation, secret: &HashedInvitation)
    -> StoreResult<()>;

    /// Removes one of a tenant. Whether it was there.
    async fn remove_invitation(&mut self, tenant: TenantId, id: InvitationId) -> StoreResult<bool>;

    /// Deletes some of those that have expired, more than one invitation adds.
    async fn forget_invitations(&mut self, now: Timestamp) -> StoreResult<()>;
}
