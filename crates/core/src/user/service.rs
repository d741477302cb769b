//! What can be done with users and their roles.

use super::{Email, Factors, Membership, PasswordHash, PasswordWork, PlainPassword, Role, User};
use crate::access::{ManageMembers, ManageUsers, Permit};
use crate::audit::Entry;
use crate::entropy::{Entropy, random};
use crate::error::{Code, Error};
use crate::key::{RoleScopes, owner};
use crate::opaque;
use crate::page::cut;
use crate::port::{Store, Tx};
use crate::refuse::refused;
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
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
    propagation: Arc<dyn Propagation>,
    passwords: Arc<dyn PasswordWork>,
    role_scopes: RoleScopes,
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

    /// The people of a tenant, by their id; the second value is where the next part begins.
    pub async fn members(
        &self,
        permit: &Permit<ManageMembers>,
        tenant: TenantId,
        after: Option<UserId>,
        limit: u32,
    ) -> Result<(Vec<(User, Role)>, Option<UserId>), Error> {
        check_reach(permit, tenant)?;
        if permit.user().is_some() {
            // Who is an owner now is known in a transaction alone.
            begin_managing(&*self.store, permit, tenant).await?.commit().await?;
        }
        self.store.tenant(tenant).await?.ok_or_else(|| Error::not_found("tenant"))?;
        let members = self.store.members(tenant, after, limit + 1).await?;
        Ok(cut(members, limit, |(user, _)| user.id))
    }

    /// One of them.
    pub async fn member(
        &self,
        permit: &Permit<ManageMembers>,
        tenant: TenantId,
        id: UserId,
    ) -> Result<User, Error> {
        let mut tx = begin_managing(&*self.store, permit, tenant).await?;
        let membership = tx.membership(id, tenant).await?;
        let user = tx.lookup_user(id).await?.filter(|_| membership.is_some());
        tx.commit().await?;
        user.ok_or_else(|| Error::not_found("member"))
    }

    /// Gives a user a role in a tenant, or another one. The JWTs that have the old one are refused from then on, and so are
    /// the user's keys with scopes that the new one does not hold.
    pub async fn put_member(
        &self,
        permit: &Permit<ManageMembers>,
        tenant: TenantId,
        id: UserId,
        role: Role,
        wait: Wait,
    ) -> Result<(Membership, Receipt), Error> {
        retried(|| self.try_put_member(permit, tenant, id, role, wait)).await
    }

    async fn try_put_member(
        &self,
        permit: &Permit<ManageMembers>,
        tenant: TenantId,
        id: UserId,
        role: Role,
        wait: Wait,
    ) -> Result<(Membership, Receipt), Error> {
        let now = self.clock.now();
        let mut tx = begin_managing(&*self.store, permit, tenant).await?;
        tx.lookup_tenant(tenant).await?.ok_or_else(|| Error::not_found("tenant"))?;
        let old = tx.membership(id, tenant).await?;
        // An owner changes the people of its tenant, and invites others: it must not find out who else is there.
        if old.is_none() && permit.user().is_some() {
            return Err(refused(tx, &*self.propagation, Error::not_found("member")).await);
        }
        let user = tx.lookup_user(id).await?.ok_or_else(|| Error::not_found("user"))?;
        if old.is_some_and(|old| old.role == Role::Owner && role != Role::Owner) {
            keep_an_owner(&mut *tx, tenant, id).await?;
        }
        let since = old.map_or(now.whole_seconds(), |old| old.since);
        let membership = Membership { user: id, tenant, role, since };
        tx.put_membership(&membership).await?;
        let mut revision = tx.head().await?;
        if old.is_some_and(|old| old.role != role) {
            revision = session::renew_all(&mut *tx, id, tenant).await?.unwrap_or(revision);
            let standing = (&membership, user.is_active);
            revision =
                owner::follow(&mut *tx, permit, &self.role_scopes, standing, now).await?.unwrap_or(revision);
            revision = opaque::owner::follow_role(&mut *tx, &membership).await?.unwrap_or(revision);
        }
        let before = old.map(|old| json!({ "role": old.role.name() }));
        let detail = json!({ "tenantId": tenant.0, "before": before, "after": { "role": role.name() } });
        tx.add_audit(&Entry::by(permit, now, "member.put", id.to_string(), detail)).await?;
        tx.commit().await?;
        Ok((membership, self.propagation.receipt(revision, wait).await?))
    }

    /// Removes a user from a tenant, ends its sessions there, and revokes its keys.
    pub async fn remove_member(
        &self,
        permit: &Permit<ManageMembers>,
        tenant: TenantId,
        id: UserId,
        wait: Wait,
    ) -> Result<Receipt, Error> {
        retried(|| self.try_remove_member(permit, tenant, id, wait)).await
    }

    async fn try_remove_member(
        &self,
        permit: &Permit<ManageMembers>,
        tenant: TenantId,
        id: UserId,
        wait: Wait,
    ) -> Result<Receipt, Error> {
        let now = self.clock.now();
        let mut tx = begin_managing(&*self.store, permit, tenant).await?;
        let Some(membership) = tx.membership(id, tenant).await? else {
            return Err(refused(tx, &*self.propagation, Error::not_found("member")).await);
        };
        if membership.role == Role::Owner {
            keep_an_owner(&mut *tx, tenant, id).await?;
        }
        tx.remove_membership(id, tenant).await?;
        let mut revision = tx.head().await?;
        revision = session::end_all(&mut *tx, id, Some(tenant), now).await?.unwrap_or(revision);
        revision = owner::revoke_all(&mut *tx, permit, id, tenant, now).await?.unwrap_or(revision);
        revision = opaque::owner::delete_all(&mut *tx, permit, id, tenant, now).await?.unwrap_or(revision);
        let detail =
            json!({ "tenantId": tenant.0, "before": { "role": membership.role.name() }, "after": null });
        tx.add_audit(&Entry::by(permit, now, "member.remove", id.to_string(), detail)).await?;
        tx.commit().await?;
        self.propagation.receipt(revision, wait).await
    }
}

/// Begins a change of a tenant's people. A user must be an owner of it now, not only by its JWT.
pub(crate) async fn begin_managing(
    store: &dyn Store,
    permit: &Permit<ManageMembers>,
    tenant: TenantId,
) -> Result<Box<dyn Tx>, Error> {
    check_reach(permit, tenant)?;
    let mut tx = store.begin().await?;
    let Some(user) = permit.user() else { return Ok(tx) };
    if session::membership_of(&mut *tx, user).await?.role != Role::Owner {
        return Err(Error::new(Code::InsufficientScope, "only an owner may do this"));
    }
    Ok(tx)
}

/// For a user, other tenants do not exist.
pub(crate) fn check_reach(permit: &Permit<ManageMembers>, tenant: TenantId) -> Result<(), Error> {
    match permit.tenant() {
        Some(own) if own != tenant => Err(Error::not_found("tenant")),
        _ => Ok(()),
    }
}

async fn keep_an_owner(tx: &mut dyn Tx, tenant: TenantId, than: UserId) -> Result<(), Error> {
    if tx.has_other_owner(tenant, than).await? {
        return Ok(());
    }
    Err(Error::conflict("this is the last owner of the tenant: make another one first"))
}
