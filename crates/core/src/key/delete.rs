//! Revoking keys for good.

use super::save::{audited, save};
use super::service::{KeyService, PIECE, Revoked, find, is_last};
use super::{Key, Which};
use crate::access::{DeleteKey, Permit};
use crate::error::Error;
use crate::port::Tx;
use crate::refuse::refused;
use crate::retry::retried;
use crate::revision::{Receipt, Revision, Wait};
use crate::time::Timestamp;
use titan_token::KeyId;

impl KeyService {
    /// Revokes a key for good. With its descendants, it is the last to go: if this is interrupted, it can be repeated.
    pub async fn delete(
        &self,
        permit: &Permit<DeleteKey>,
        id: KeyId,
        with_descendants: bool,
        wait: Wait,
    ) -> Result<Receipt, Error> {
        retried(|| self.try_delete(permit, id, with_descendants, wait)).await
    }

    async fn try_delete(
        &self,
        permit: &Permit<DeleteKey>,
        id: KeyId,
        with_descendants: bool,
        wait: Wait,
    ) -> Result<Receipt, Error> {
        let now = self.clock.now();
        loop {
            let mut tx = self.begin(permit, now).await?;
            let key = match find(&mut *tx, permit, id, now).await {
                Ok(key) => key,
                Err(error) => return Err(refused(tx, &*self.propagation, error).await),
            };
            let mut piece =
                if with_descendants { tx.descendants(id, Which::Living, PIECE).await? } else { Vec::new() };
            let is_last = is_last(&mut piece, permit);
            if is_last {
                piece.push(key);
            }
            let revision = revoke(tx, permit, piece, now).await?;
            if is_last {
                return self.propagation.receipt(revision, wait).await;
            }
        }
    }

    /// Permanently revokes every key that this key created. The key itself does not change. Keys beyond the reach of
    /// the permit do not count, so a key of another tenant has created nothing. Even if there are none, all earlier
    /// changes are in force afterwards.
    pub async fn delete_made_by(
        &self,
        permit: &Permit<DeleteKey>,
        creator: KeyId,
        with_descendants: bool,
        wait: Wait,
    ) -> Result<Revoked, Error> {
        retried(|| self.try_delete_made_by(permit, creator, with_descendants, wait)).await
    }

    async fn try_delete_made_by(
        &self,
        permit: &Permit<DeleteKey>,
        creator: KeyId,
        with_descendants: bool,
        wait: Wait,
    ) -> Result<Revoked, Error> {
        let now = self.clock.now();
        let mut count = 0;
        loop {
            let mut tx = self.begin(permit, now).await?;
            let mut piece = if with_descendants {
                tx.descendants(creator, Which::Living, PIECE).await?
            } else {
                tx.made_by(creator, PIECE).await?
            };
            let is_last = is_last(&mut piece, permit);
            // A key makes keys of its own tenant only, so all of a piece are within the reach, or none is.
            piece.retain(|key| permit.reach().includes(key.tenant, key.id, key.owner()));
            count += piece.iter().filter(|key| !key.is_gone(now)).count();
            let is_done = is_last || piece.is_empty();
            let revision = revoke(tx, permit, piece, now).await?;
            if is_done {
                let receipt = self.propagation.receipt(revision, wait).await?;
                return Ok(Revoked { count, receipt });
            }
        }
    }
}

/// Revokes these keys in one transaction, and ends it. The last revision.
pub(super) async fn revoke<A>(
    mut tx: Box<dyn Tx>,
    permit: &Permit<A>,
    keys: Vec<Key>,
    now: Timestamp,
) -> Result<Revision, Error> {
    let (mut last, swept) = (tx.head().await?, tx.swept().await?.until);
    for mut key in keys {
        let before = audited(&key);
        key.revoked_at = Some(now);
        last = save(&mut *tx, permit, (&before, &key), (now, swept), "key.delete").await?;
    }
    tx.commit().await?;
    Ok(last)
}
