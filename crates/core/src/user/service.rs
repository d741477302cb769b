//! What can be done with users and their roles.

use super::{Email, Factors, Membership, PasswordHash, PasswordWork, PlainPassword, Role, User};
use crate::access::{ManageUsers, Permit};
use crate::audit::Entry;
use crate::entropy::{Entropy, random};
use crate::error::Error;
use crate::key::{RoleScopes, owner};
use crate::opaque;
use crate::page::cut;
use crate::port::Store;
use crate::retry::retried;
use crate::revision::{Propagation, Receipt, Wait};
use crate::session;
use crate::tenant::DEFAULT;
use crate::time::Clock;
use serde_json::json;
use std::sync::Arc;
use titan_token::{TenantId, UserId, Uuid};

/// The rules of users.
pub struct UserService {
    pub(super) store: Arc<dyn Store>,
    pub(super) clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
    pub(super) propagation: Arc<dyn Propagation>,
    passwords: Arc<dyn PasswordWork>,
    pub(super) role_scopes: RoleScopes,
}

/// A new user.
pub struct NewUser {
    /// Its address.
    pub email: String,
    /// Its password.
    pub password: PlainPassword,
    /// Its role.
    pub role: Role,
    /// The tenant; `None`: the default one.
    pub tenant: Option<TenantId>,
}

/// What shall change of a user; `None` leaves it.
#[derive(Default)]
pub struct UserUpdate {
    /// The switch.
    pub is_active: Option<bool>,
    /// A new password. It ends all sessions.
    pub password: Option<PlainPassword>,
    /// Removes the second factor of somebody who lost it. Only with a new password: the old one may be too short without it.
    pub removes_second_factor: bool,
}

/// An update whose password is hashed.
struct Change<'a> {
    is_active: Option<bool>,
    hash: Option<&'a PasswordHash>,
    removes_second_factor: bool,
}

/// A user and its roles.
pub struct Person {
    /// The user.
    pub user: User,
    /// Its memberships, by tenant.
    pub memberships: Vec<Membership>,
    /// Whether a sign-in needs a second factor.
    pub has_second_factor: bool,
}

impl UserService {
    /// The rules over this store.
    pub fn new(
        store: Arc<dyn Store>,
        clock: Arc<dyn Clock>,
        entropy: Arc<dyn Entropy>,
        propagation: Arc<dyn Propagation>,
        passwords: Arc<dyn PasswordWork>,
        role_scopes: RoleScopes,
    ) -> Self {
        Self { store, clock, entropy, propagation, passwords, role_scopes }
    }

    /// Makes a user with a role in a tenant.
    pub async fn create(&self, permit: &Permit<ManageUsers>, new: NewUser) -> Result<Person, Error> {
        let email = Email::parse(&new.email)?;
        let hash = self.passwords.hash(new.password.approve(Factors::Password, &email)?).await?;
        let place = (new.tenant.unwrap_or(DEFAULT), new.role);
        retried(|| self.try_create(permit, &email, &hash, place)).await
    }

    async fn try_create(
        &self,
        permit: &Permit<ManageUsers>,
        email: &Email,
        hash: &PasswordHash,
        (tenant, role): (TenantId, Role),
    ) -> Result<Person, Error> {
        let now = self.clock.now();
        let mut tx = self.store.begin().await?;
        tx.lookup_tenant(tenant).await?.ok_or_else(|| Error::invalid("tenantId: no such tenant"))?;
        if tx.find_user(email).await?.is_some() {
            return Err(Error::conflict("a user with this e-mail address already exists"));
        }
        let id = UserId::new(Uuid::v7(now.ms().unsigned_abs(), random(&*self.entropy)));
        let user = User { id, email: email.clone(), is_active: true, created_at: now.whole_seconds() };
        let membership = Membership { user: id, tenant, role, since: now.whole_seconds() };
        tx.add_user(&user).await?;
        tx.set_password(id, hash).await?;
        tx.put_membership(&membership).await?;
        // No address: what is in the audit log stays there.
        let detail = json!({ "tenantId": tenant.0, "role": role.name() });
        tx.add_audit(&Entry::by(permit, now, "user.create", id.to_string(), detail)).await?;
        tx.commit().await?;
        Ok(Person { user, memberships: vec![membership], has_second_factor: false })
    }

    /// One user.
    pub async fn lookup(&self, _permit: &Permit<ManageUsers>, id: UserId) -> Result<Person, Error> {
        let user = self.store.user(id).await?.ok_or_else(|| Error::not_found("user"))?;
        let memberships = self.store.memberships(id).await?;
        Ok(Person { user, memberships, has_second_factor: self.store.has_second_factor(id).await? })
    }

    /// The user with this address.
    pub async fn find(&self, permit: &Permit<ManageUsers>, email: &str) -> Result<Option<Person>, Error> {
        let email = Email::parse(email)?;
        // The store finds addresses in a transaction alone.
        let mut tx = self.store.begin().await?;
        let user = tx.find_user(&email).await?;
        tx.commit().await?;
        match user {
            Some(user) => Ok(Some(self.lookup(permit, user.id).await?)),
            None => Ok(None),
        }
    }

    /// Users by their id, all or those of a tenant; the second value is where the next part begins.
    pub async fn list(
        &self,
        _permit: &Permit<ManageUsers>,
        tenant: Option<TenantId>,
        after: Option<UserId>,
        limit: u32,
    ) -> Result<(Vec<User>, Option<UserId>), Error> {
        let users = match tenant {
            None => self.store.users(after, limit + 1).await?,
            Some(tenant) => {
                let members = self.store.members(tenant, after, limit + 1).await?;
                members.into_iter().map(|(user, _)| user).collect()
            }
        };
        Ok(cut(users, limit, |user| user.id))
    }

    /// Switches a user on or off, or sets its password. Both ways its sessions end. Its keys are refused while it is off.
    pub async fn update(
        &self,
        permit: &Permit<ManageUsers>,
        id: UserId,
        update: UserUpdate,
        wait: Wait,
    ) -> Result<(Person, Receipt), Error> {
        if update.is_active.is_none() && update.password.is_none() {
            return Err(Error::invalid("body: must change isActive or password"));
        }
        if update.removes_second_factor && update.password.is_none() {
            return Err(Error::invalid("removeSecondFactor: is allowed only with a new password"));
        }
        let owner = self.store.user(id).await?.ok_or_else(|| Error::not_found("user"))?;
        let hash = match update.password {
            Some(password) => {
                Some(self.passwords.hash(password.approve(Factors::Password, &owner.email)?).await?)
            }
            None => None,
        };
        let change = Change {
            is_active: update.is_active,
            hash: hash.as_ref(),
            removes_second_factor: update.removes_second_factor,
        };
        retried(|| self.try_update(permit, id, &change, wait)).await
    }

    async fn try_update(
        &self,
        permit: &Permit<ManageUsers>,
        id: UserId,
        change: &Change<'_>,
        wait: Wait,
    ) -> Result<(Person, Receipt), Error> {
        let now = self.clock.now();
        let mut tx = self.store.begin().await?;
        let mut user = tx.lookup_user(id).await?.ok_or_else(|| Error::not_found("user"))?;
        let was_active = user.is_active;
        user.is_active = change.is_active.unwrap_or(was_active);
        tx.save_user(&user).await?;
        let sets_password = change.hash.is_some();
        if let Some(hash) = change.hash {
            tx.set_password(id, hash).await?;
        }
        if change.removes_second_factor {
            tx.remove_second_factor(id).await?;
        }
        let has_second_factor = tx.second_factor(id).await?.is_some_and(|factor| factor.is_confirmed);
        let mut revision = tx.head().await?;
        if sets_password || !user.is_active {
            revision = session::end_all(&mut *tx, id, None, now).await?.unwrap_or(revision);
        }
        let memberships = tx.memberships_of(id).await?;
        for membership in &memberships {
            let standing = (membership, user.is_active);
            revision =
                owner::follow(&mut *tx, permit, &self.role_scopes, standing, now).await?.unwrap_or(revision);
            revision =
                opaque::owner::follow_switch(&mut *tx, membership, user.is_active).await?.unwrap_or(revision);
        }
        let detail = json!({
            "before": { "isActive": was_active },
            "after": { "isActive": user.is_active },
            "password": sets_password,
            "removesSecondFactor": change.removes_second_factor,
        });
        tx.add_audit(&Entry::by(permit, now, "user.update", id.to_string(), detail)).await?;
        tx.commit().await?;
        let receipt = self.propagation.receipt(revision, wait).await?;
        Ok((Person { user, memberships, has_second_factor }, receipt))
    }
}
