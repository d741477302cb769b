//! Who holds a credential may end it: possession is enough, and nothing else is asked (RFC 7009). Somebody who finds a key in a
//! public place can make it worthless, and so can its owner without the key that made it.

use crate::access::{Held, Origin};
use crate::audit::{Entry, changed};
use crate::error::Error;
use crate::key::{audited, write};
use crate::opaque;
use crate::port::{Store, Tx};
use crate::retry::retried;
use crate::revision::{Propagation, Receipt, Revision, Wait};
use crate::session;
use crate::time::{Clock, Timestamp};
use crate::user::Role;
use serde_json::json;
use std::sync::Arc;
use titan_token::{KeyId, SessionId};

/// The rules of holders.
pub struct HolderService {
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    propagation: Arc<dyn Propagation>,
}

impl HolderService {
    /// The rules over this store.
    pub fn new(store: Arc<dyn Store>, clock: Arc<dyn Clock>, propagation: Arc<dyn Propagation>) -> Self {
        Self { store, clock, propagation }
    }

    /// Ends a credential for good. If it has ended before, that is in force when this returns.
    pub async fn end(&self, held: &Held, origin: &Origin) -> Result<Receipt, Error> {
        retried(|| self.try_end(held, origin)).await
    }

    async fn try_end(&self, held: &Held, origin: &Origin) -> Result<Receipt, Error> {
        let now = self.clock.now();
        let mut tx = self.store.begin().await?;
        let ended = match held {
            Held::Key(id) => end_key(&mut *tx, *id, origin, now).await?,
            Held::Opaque(id) => end_opaque(&mut *tx, *id, origin, now).await?,
            Held::Session(id) => end_session(&mut *tx, *id, origin, now).await?,
            Held::Refresh(token) => match session::of_refresh_token(&mut *tx, token).await? {
                Some(id) => end_session(&mut *tx, id, origin, now).await?,
                None => None,
            },
        };
        let revision = match ended {
            Some(revision) => revision,
            None => tx.head().await?,
        };
        tx.commit().await?;
        self.propagation.receipt(revision, Wait::UntilInForce).await
    }
}

/// The revision of the change, if there was something to end.
async fn end_key(
    tx: &mut dyn Tx,
    id: KeyId,
    origin: &Origin,
    now: Timestamp,
) -> Result<Option<Revision>, Error> {
    let swept = tx.swept().await?.until;
    let Some(mut key) = tx.lookup_key(id).await?.filter(|key| !key.is_gone(now)) else { return Ok(None) };
    let before = audited(&key);
    key.revoked_at = Some(now);
    let (actor, detail) = (id.to_string(), changed(&before, &audited(&key)));
    tx.add_audit(&Entry::of(origin, actor.clone(), now, "key.delete", actor, detail)).await?;
    Ok(Some(write(tx, &key, swept).await?))
}

async fn end_opaque(
    tx: &mut dyn Tx,
    id: KeyId,
    origin: &Origin,
    now: Timestamp,
) -> Result<Option<Revision>, Error> {
    let swept = tx.swept().await?.until;
    let Some(mut key) = tx.lookup_opaque(id).await? else { return Ok(None) };
    let before = opaque::audited(&key);
    key.deleted_at = Some(now);
    let (actor, detail) = (id.to_string(), changed(&before, &opaque::audited(&key)));
    tx.add_audit(&Entry::of(origin, actor.clone(), now, "opaque_key.delete", actor, detail)).await?;
    // A key that is gone has no role.
    Ok(Some(opaque::save(tx, &key, Role::Member, swept).await?))
}

async fn end_session(
    tx: &mut dyn Tx,
    id: SessionId,
    origin: &Origin,
    now: Timestamp,
) -> Result<Option<Revision>, Error> {
    let Some(mut session) = tx.lookup_session(id).await? else { return Ok(None) };
    if !session::is_open(tx, &session).await? {
        return Ok(None);
    }
    let revision = session::end(tx, &mut session, now).await?;
    let (actor, subject) = (session.user.to_string(), id.to_string());
    tx.add_audit(&Entry::of(origin, actor, now, "session.end", subject, json!({}))).await?;
    Ok(Some(revision))
}
