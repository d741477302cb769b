//! What users can do with their keys.

use super::delete::revoke;
use super::issue::Draft;
use super::service::{Issued, KeyService, Rotation};
use super::{Creator, Key, KeyFilter, Page, Position, check_text};
use crate::access::{ManageOwnKeys, Permit, UserPrincipal};
use crate::error::{Code, Error};
use crate::idempotency::RequestName;
use crate::refuse::refused;
use crate::retry::retried;
use crate::revision::{Receipt, Wait};
use crate::session::{asking, membership_of};
use crate::user::{Membership, Role};
use titan_token::{KeyId, Prefix, UserId};

/// What a user's new key shall be.
#[derive(Clone, Debug)]
pub struct NewOwnKey {
    /// 1 to 100 characters.
    pub name: String,
    /// Names of the catalogue.
    pub scopes: Vec<String>,
    /// 1 to the configured maximum; `None`: the maximum.
    pub lifetime_days: Option<i64>,
    /// Where it shall be used: its prefix says so, and nothing else.
    pub environment: Environment,
}

/// What people use a key for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Environment {
    /// For real.
    #[default]
    Live,
    /// For trying.
    Test,
}

impl KeyService {
    /// Makes a key of the user who asks, with scopes that its role holds.
    pub async fn create_own(
        &self,
        permit: &Permit<ManageOwnKeys>,
        new: NewOwnKey,
        request: Option<RequestName>,
    ) -> Result<Issued, Error> {
        check_text("name", &new.name)?;
        let user = asking(permit)?;
        let days = new.lifetime_days.unwrap_or_else(|| self.max_lifetime_days.into());
        let draft = Draft {
            tenant: user.tenant(),
            prefix: match new.environment {
                Environment::Live => Prefix::Live,
                Environment::Test => Prefix::Test,
            },
            label: new.name,
            scopes: self.catalogue.parse(&new.scopes)?,
            lifetime: self.check_lifetime("expires_in_days", days)?,
            is_active: true,
            created_by: Creator::User(user.id()),
            is_suspended: false,
            rate_limit: None,
            limited_as: None,
            rotated_from: None,
        };
        self.check_grant(permit, &draft.scopes)?;
        retried(|| self.try_create(permit, &draft, request.as_ref())).await
    }

    /// The keys of a user in the tenant, the newest first. Those of another user, admins and owners see.
    pub async fn list_own(
        &self,
        permit: &Permit<ManageOwnKeys>,
        owner: Option<UserId>,
        after: Option<Position>,
        limit: u32,
    ) -> Result<Page, Error> {
        let user = asking(permit)?;
        let owner = owner.unwrap_or(user.id());
        if owner != user.id() && !self.is_admin(user).await? {
            return Err(Error::new(Code::InsufficientScope, "only an admin or an owner may do this"));
        }
        let filter = KeyFilter {
            tenant: Some(user.tenant()),
            created_by: Some(Creator::User(owner)),
            after,
            now: Some(self.clock.now()),
            limit,
            ..KeyFilter::default()
        };
        Ok(self.store.keys(&filter).await?)
    }

    /// One of them.
    pub async fn lookup_own(&self, permit: &Permit<ManageOwnKeys>, id: KeyId) -> Result<Key, Error> {
        let user = asking(permit)?;
        let key = self.store.key(id).await?.filter(|key| !key.is_gone(self.clock.now()));
        let is_admin = self.is_admin(user).await?;
        key.filter(|key| is_visible(key, user, is_admin)).ok_or_else(|| Error::not_found("key"))
    }

    /// Rotates a key of one's own. Nobody else gets the text of the new one.
    pub async fn rotate_own(
        &self,
        permit: &Permit<ManageOwnKeys>,
        id: KeyId,
        rotation: Rotation,
        request: Option<RequestName>,
        wait: Wait,
    ) -> Result<Issued, Error> {
        rotation.check("overlap_seconds")?;
        retried(|| self.try_rotate(permit, id, rotation, request.as_ref(), wait)).await
    }

    /// Revokes a key for good: one's own, or as an admin or an owner that of another user.
    pub async fn delete_own(
        &self,
        permit: &Permit<ManageOwnKeys>,
        id: KeyId,
        wait: Wait,
    ) -> Result<Receipt, Error> {
        retried(|| self.try_delete_own(permit, id, wait)).await
    }

    async fn try_delete_own(
        &self,
        permit: &Permit<ManageOwnKeys>,
        id: KeyId,
        wait: Wait,
    ) -> Result<Receipt, Error> {
        let user = asking(permit)?;
        let now = self.clock.now();
        let mut tx = self.store.begin().await?;
        let is_admin = is_admin(&membership_of(&mut *tx, user).await?);
        let key = tx.lookup_key(id).await?.filter(|key| !key.is_gone(now));
        let Some(key) = key.filter(|key| is_visible(key, user, is_admin)) else {
            return Err(refused(tx, &*self.propagation, Error::not_found("key")).await);
        };
        let revision = revoke(tx, permit, vec![key], now).await?;
        self.propagation.receipt(revision, wait).await
    }

    async fn is_admin(&self, user: &UserPrincipal) -> Result<bool, Error> {
        let memberships = self.store.memberships(user.id()).await?;
        Ok(memberships.iter().any(|membership| membership.tenant == user.tenant() && is_admin(membership)))
    }
}

fn is_admin(membership: &Membership) -> bool {
    membership.role >= Role::Admin
}

/// Whether a key is one that this user may see: for others, it does not exist.
fn is_visible(key: &Key, user: &UserPrincipal, is_admin: bool) -> bool {
    let is_owner = |owner| owner == user.id() || is_admin;
    key.tenant == user.tenant() && key.owner().is_some_and(is_owner)
}
