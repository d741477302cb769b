//! Opaque keys live and die with the membership of their owner, and follow its role.

use super::{audited, save};
use crate::access::Permit;
use crate::audit::{Entry, changed};
use crate::error::Error;
use crate::port::Tx;
use crate::revision::Revision;
use crate::time::Timestamp;
use crate::user::{Membership, Role};
use titan_token::{TenantId, UserId};

/// Deletes the keys of somebody who is not a member any more. The last revision, if there were any.
pub(crate) async fn delete_all<A>(
    tx: &mut dyn Tx,
    permit: &Permit<A>,
    user: UserId,
    tenant: TenantId,
    now: Timestamp,
) -> Result<Option<Revision>, Error> {
    let swept = tx.swept().await?.until;
    let mut last = None;
    for mut key in tx.opaque_of(user, tenant, swept).await? {
        let before = audited(&key);
        key.deleted_at = Some(now);
        // Whatever the role was: a key that is deleted has none.
        last = Some(save(tx, &key, Role::Member, swept).await?);
        let (subject, detail) = (key.id.to_string(), changed(&before, &audited(&key)));
        tx.add_audit(&Entry::by(permit, now, "opaque_key.delete", subject, detail)).await?;
    }
    Ok(last)
}

/// Tells the edge of the role that a user has now. The last revision, if there were any keys.
pub(crate) async fn follow_role(tx: &mut dyn Tx, membership: &Membership) -> Result<Option<Revision>, Error> {
    let swept = tx.swept().await?.until;
    let mut last = None;
    for key in tx.opaque_of(membership.user, membership.tenant, swept).await? {
        last = Some(save(tx, &key, membership.role, swept).await?);
    }
    Ok(last)
}

/// Suspends the keys of a user who is switched off, and takes that back. The last revision, if there were any.
pub(crate) async fn follow_switch(
    tx: &mut dyn Tx,
    membership: &Membership,
    is_active: bool,
) -> Result<Option<Revision>, Error> {
    let swept = tx.swept().await?.until;
    let mut last = None;
    for mut key in tx.opaque_of(membership.user, membership.tenant, swept).await? {
        if key.is_suspended == is_active {
            key.is_suspended = !is_active;
            last = Some(save(tx, &key, membership.role, swept).await?);
        }
    }
    Ok(last)
}
