//! What can be done with the roles of users in tenants.

use super::{Membership, Role, User, UserService};
use crate::access::{ManageMembers, Permit};
use crate::audit::Entry;
use crate::error::{Code, Error};
use crate::key::owner;
use crate::opaque;
use crate::page::cut;
use crate::port::{Store, Tx};
use crate::refuse::refused;
use crate::retry::retried;
use crate::revision::{Receipt, Wait};
use crate::session;
use serde_json::json;
use titan_token::{TenantId, UserId};

impl UserService {
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
