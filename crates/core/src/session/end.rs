//! Ending sessions, and refusing the JWTs that they have.

use super::Session;
use crate::port::Tx;
use crate::revision::{Revision, record};
use crate::store_error::StoreResult;
use crate::time::Timestamp;
use titan_token::{TenantId, UserId};

/// Ends a session for good.
pub(crate) async fn end(tx: &mut dyn Tx, session: &mut Session, now: Timestamp) -> StoreResult<Revision> {
    session.ended_at = Some(now);
    save(tx, session).await
}

/// Refuses the JWTs that a session has now. A refresh gives one with the role as it is then.
async fn renew(tx: &mut dyn Tx, session: &mut Session) -> StoreResult<Revision> {
    session.epoch += 1;
    save(tx, session).await
}

/// The sessions that can have JWTs that some instance accepts, whatever the clock of this one says.
async fn open_sessions(tx: &mut dyn Tx, user: UserId) -> StoreResult<Vec<Session>> {
    let until = tx.swept().await?.until;
    tx.sessions_of(user, until).await
}

/// Ends the sessions of a user, all or those in a tenant. The last revision, if there were any.
pub(crate) async fn end_all(
    tx: &mut dyn Tx,
    user: UserId,
    tenant: Option<TenantId>,
    now: Timestamp,
) -> StoreResult<Option<Revision>> {
    let mut last = None;
    for mut session in open_sessions(tx, user).await? {
        if tenant.is_none_or(|tenant| tenant == session.tenant) {
            last = Some(end(tx, &mut session, now).await?);
        }
    }
    Ok(last)
}

/// Refuses the JWTs that the sessions of a user in a tenant have now. A refresh gives one with the new role.
pub(crate) async fn renew_all(
    tx: &mut dyn Tx,
    user: UserId,
    tenant: TenantId,
) -> StoreResult<Option<Revision>> {
    let mut last = None;
    for mut session in open_sessions(tx, user).await? {
        if session.tenant == tenant {
            last = Some(renew(tx, &mut session).await?);
        }
    }
    Ok(last)
}

async fn save(tx: &mut dyn Tx, session: &Session) -> StoreResult<Revision> {
    tx.save_session(session).await?;
    let has_left = session.jwt_until <= tx.swept().await?.until;
    record(tx, &session.change(), has_left).await
}
