//! Users: the people who sign in, by e-mail address, password and second factor, and their roles in tenants.
//! `docs/adr/0018-people.md`.

mod attempts;
mod blocklist;
mod email;
mod hash;
mod members;
mod password;
mod recovery;
mod role;
mod second_factor;
mod service;
pub mod throttle;
mod totp;

use crate::error::Error;
use crate::store_error::StoreResult;
use crate::time::Timestamp;
use async_trait::async_trait;
pub(crate) use attempts::SignInSubjects;
pub use attempts::{AttemptsTx, FailedSignIns};
pub use email::Email;
pub use hash::{ApprovedPassword, PasswordHash};
pub(crate) use members::{begin_managing, check_reach};
pub use password::{Factors, PlainPassword};
pub use recovery::{RecoveryCode, RecoveryHash};
pub use role::{Role, Roles};
pub use second_factor::{SecondFactor, SecondFactors, SecondFactorsTx};
pub use service::{NewUser, Person, UserService, UserUpdate};
use titan_token::{TenantId, UserId};
pub use totp::TotpSecret;

/// Hashing passwords takes long on purpose. This does it where it holds up no request, and only some at once.
#[async_trait]
pub trait PasswordWork: Send + Sync {
    /// The password, if it is the one that was hashed. 503 if too many wait already.
    async fn verify(
        &self,
        password: PlainPassword,
        hash: PasswordHash,
    ) -> Result<Option<ApprovedPassword>, Error>;

    /// Its hash. 503 if too many wait already.
    async fn hash(&self, password: ApprovedPassword) -> Result<PasswordHash, Error>;
}

/// A person who signs in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    /// Its id.
    pub id: UserId,
    /// Its address, unique in all tenants.
    pub email: Email,
    /// Whether it may sign in. Off: its sessions have ended, and its keys are refused.
    pub is_active: bool,
    /// When it was made.
    pub created_at: Timestamp,
}

/// The role of a user in a tenant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Membership {
    /// Who.
    pub user: UserId,
    /// Where.
    pub tenant: TenantId,
    /// As what.
    pub role: Role,
    /// Since when.
    pub since: Timestamp,
}

/// Reading users.
#[async_trait]
pub trait Users {
    /// One user.
    async fn user(&self, id: UserId) -> StoreResult<Option<User>>;

    /// At most `limit` users with an id above `after`, by id.
    async fn users(&self, after: Option<UserId>, limit: u32) -> StoreResult<Vec<User>>;

    /// The same of a tenant, with their roles there.
    async fn members(
        &self,
        tenant: TenantId,
        after: Option<UserId>,
        limit: u32,
    ) -> StoreResult<Vec<(User, Role)>>;

    /// The memberships of a user, by tenant.
    async fn memberships(&self, user: UserId) -> StoreResult<Vec<Membership>>;
}

/// Changing users.
#[async_trait]
pub trait UsersTx {
    /// One user, as this transaction sees it.
    async fn lookup_user(&mut self, id: UserId) -> StoreResult<Option<User>>;

    /// The user with this address.
    async fn find_user(&mut self, email: &Email) -> StoreResult<Option<User>>;

    /// The same, with the hash of its password, in one statement: who exists must not take longer.
    async fn find_credentials(&mut self, email: &Email) -> StoreResult<Option<(User, Option<PasswordHash>)>>;

    /// The hash of its password; `None` if none is set.
    async fn password(&mut self, user: UserId) -> StoreResult<Option<PasswordHash>>;

    /// Adds a user without a password.
    async fn add_user(&mut self, user: &User) -> StoreResult<()>;

    /// Writes the switch.
    async fn save_user(&mut self, user: &User) -> StoreResult<()>;

    /// Sets the password.
    async fn set_password(&mut self, user: UserId, password: &PasswordHash) -> StoreResult<()>;

    /// The role of a user in a tenant.
    async fn membership(&mut self, user: UserId, tenant: TenantId) -> StoreResult<Option<Membership>>;

    /// All memberships of a user, by tenant.
    async fn memberships_of(&mut self, user: UserId) -> StoreResult<Vec<Membership>>;

    /// Adds a membership, or changes its role.
    async fn put_membership(&mut self, membership: &Membership) -> StoreResult<()>;

    /// Removes a membership.
    async fn remove_membership(&mut self, user: UserId, tenant: TenantId) -> StoreResult<()>;

    /// Whether a tenant has another active owner.
    async fn has_other_owner(&mut self, tenant: TenantId, than: UserId) -> StoreResult<bool>;
}
