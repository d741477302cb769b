//! Keys that belong to a user: they live and die with its membership, and follow its role.

use super::Key;
use super::save::{audited, save};
use crate::access::{Catalogue, Permit};
use crate::error::Error;
use crate::port::Tx;
use crate::revision::Revision;
use crate::time::Timestamp;
use crate::user::{Membership, Role, Roles};
use titan_token::{ScopeBit, TenantId, UserId};

/// A user has at most so many living keys in a tenant: all of them change together with its role, in one transaction.
pub(super) const MOST_KEYS: u32 = 500;

/// What each role may hold in this deployment.
#[derive(Clone)]
pub struct RoleScopes {
    catalogue: std::sync::Arc<Catalogue>,
    roles: Roles,
}

impl RoleScopes {
    /// From the catalogue of scopes and those of the roles.
    pub fn new(catalogue: std::sync::Arc<Catalogue>, roles: Roles) -> Self {
        Self { catalogue, roles }
    }

    /// The first of these scopes that the role does not hold, by its name.
    pub(super) fn lacks(&self, role: Role, scopes: &[ScopeBit]) -> Option<String> {
        let beyond = self.catalogue.first_beyond(self.roles.scopes(role), scopes);
        beyond.map(|bit| self.catalogue.name(bit))
    }
}

/// Refuses one more key than a user may have.
pub(super) async fn check_room(
    tx: &mut dyn Tx,
    user: UserId,
    tenant: TenantId,
    now: Timestamp,
) -> Result<(), Error> {
    let count = tx.owned_by(user, tenant, now, MOST_KEYS).await?.len();
    if u32::try_from(count).is_ok_and(|count| count < MOST_KEYS) {
        return Ok(());
    }
    Err(Error::conflict(format!("a user has at most {MOST_KEYS} keys in a tenant: revoke one first")))
}

/// Revokes the keys of somebody who is not a member any more. The last revision, if there were any.
pub(crate) async fn revoke_all<A>(
    tx: &mut dyn Tx,
    permit: &Permit<A>,
    user: UserId,
    tenant: TenantId,
    now: Timestamp,
) -> Result<Option<Revision>, Error> {
    let swept = tx.swept().await?.until;
    let mut last = None;
    for mut key in living(tx, user, tenant, swept).await? {
        let before = audited(&key);
        key.revoked_at = Some(now);
        last = Some(save(tx, permit, (&before, &key), (now, swept), "key.delete").await?);
    }
    Ok(last)
}

/// Suspends the keys of a user that it may not have now, and takes that back for those that it may. The last revision,
/// if there were any.
pub(crate) async fn follow<A>(
    tx: &mut dyn Tx,
    permit: &Permit<A>,
    scopes: &RoleScopes,
    (membership, is_active): (&Membership, bool),
    now: Timestamp,
) -> Result<Option<Revision>, Error> {
    let swept = tx.swept().await?.until;
    let mut last = None;
    for mut key in living(tx, membership.user, membership.tenant, swept).await? {
        let is_suspended = !is_active || scopes.lacks(membership.role, &key.scopes).is_some();
        if key.is_suspended != is_suspended {
            let before = audited(&key);
            key.is_suspended = is_suspended;
            let action = if is_suspended { "key.suspend" } else { "key.resume" };
            last = Some(save(tx, permit, (&before, &key), (now, swept), action).await?);
        }
    }
    Ok(last)
}

/// Those that some instance may still accept, whatever the clock of this one says.
async fn living(
    tx: &mut dyn Tx,
    user: UserId,
    tenant: TenantId,
    swept: Timestamp,
) -> Result<Vec<Key>, Error> {
    Ok(tx.owned_by(user, tenant, swept, u32::MAX).await?)
}
