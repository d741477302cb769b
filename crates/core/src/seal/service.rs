//! What can be done with the seal key.

use super::{Resealed, ResealedPiece, SealKeyName, SealState, SealedSecrets};
use crate::access::{ManageSealKey, Permit};
use crate::audit::Entry;
use crate::error::Error;
use crate::port::{Store, Tx};
use crate::retry::retried;
use crate::time::Clock;
use serde_json::json;
use std::sync::Arc;
use titan_token::UserId;

/// How many second factors a transaction seals anew: others wait for a few milliseconds.
const PIECE: u32 = 200;
const SUBJECT: &str = "seal key";

/// The rules of the seal key.
pub struct SealKeyService {
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
}

/// Which key seals, and what it sealed.
#[derive(Clone, Copy, Debug)]
pub struct SealKeyStatus {
    /// What the database says.
    pub state: SealState,
    /// How many secrets each key sealed.
    pub sealed: SealedSecrets,
}

/// A rotation that began, or one that goes on.
struct Begun {
    round: u64,
    signing_keys: u64,
}

impl SealKeyService {
    /// The rules over this store.
    pub fn new(store: Arc<dyn Store>, clock: Arc<dyn Clock>) -> Self {
        Self { store, clock }
    }

    /// Which key seals, and how many secrets each one sealed.
    pub async fn status(&self, _permit: &Permit<ManageSealKey>) -> Result<SealKeyStatus, Error> {
        let state = self.store.seal_state().await?;
        Ok(SealKeyStatus { state, sealed: self.store.sealed_secrets().await? })
    }

    /// The current key of this instance seals from now on, and what the previous one sealed is sealed anew. A rotation that
    /// was interrupted goes on.
    pub async fn rotate(&self, permit: &Permit<ManageSealKey>) -> Result<Resealed, Error> {
        let Some(Begun { round, signing_keys }) = retried(|| self.begin(permit)).await? else {
            return Ok(Resealed::default());
        };
        let second_factors = self.reseal(round).await?;
        let resealed = Resealed { signing_keys, second_factors };
        retried(|| self.finish(permit, round, resealed)).await?;
        Ok(resealed)
    }

    /// `None` if nothing is to be done.
    async fn begin(&self, permit: &Permit<ManageSealKey>) -> Result<Option<Begun>, Error> {
        let mut tx = self.store.begin().await?;
        let state = tx.current_seal_state().await?;
        if !state.has_previous {
            return Err(Error::conflict(
                "there is no new seal key: give every instance the new key as seal_key and the present one as \
                 seal_key_previous, restart them one by one, and ask again",
            ));
        }
        if state.by == SealKeyName::Current && !state.is_unfinished {
            return Ok(None);
        }
        if state.by == SealKeyName::Previous {
            check_instances(&mut *tx).await?;
            tx.begin_seal_round().await?;
            let entry = Entry::by(permit, self.clock.now(), "seal_key.rotate", SUBJECT.to_owned(), json!({}));
            tx.add_audit(&entry).await?;
        }
        let signing_keys = tx.reseal_signing_keys().await?;
        let round = tx.current_seal_state().await?.round;
        tx.commit().await?;
        Ok(Some(Begun { round, signing_keys }))
    }

    async fn reseal(&self, round: u64) -> Result<u64, Error> {
        let (mut after, mut total) = (None, 0);
        loop {
            let piece = retried(|| self.reseal_piece(round, after)).await?;
            total += piece.count;
            after = piece.last;
            if after.is_none() {
                return Ok(total);
            }
        }
    }

    async fn reseal_piece(&self, round: u64, after: Option<UserId>) -> Result<ResealedPiece, Error> {
        let mut tx = self.store.begin().await?;
        check_round(&mut *tx, round).await?;
        let piece = tx.reseal_second_factors(after, PIECE).await?;
        tx.commit().await?;
        Ok(piece)
    }

    async fn finish(
        &self,
        permit: &Permit<ManageSealKey>,
        round: u64,
        resealed: Resealed,
    ) -> Result<(), Error> {
        let mut tx = self.store.begin().await?;
        check_round(&mut *tx, round).await?;
        tx.end_seal_round().await?;
        let detail =
            json!({ "signingKeys": resealed.signing_keys, "secondFactors": resealed.second_factors });
        let now = self.clock.now();
        tx.add_audit(&Entry::by(permit, now, "seal_key.reseal", SUBJECT.to_owned(), detail)).await?;
        Ok(tx.commit().await?)
    }
}

async fn check_instances(tx: &mut dyn Tx) -> Result<(), Error> {
    let strangers = tx.instances_without_seal_key().await?;
    if strangers.is_empty() {
        return Ok(());
    }
    Err(Error::conflict(format!(
        "these instances do not know the new seal key: {}. Give it to them as seal_key, with the present one as \
         seal_key_previous, restart them, and ask again. The row of an instance that ended without notice goes away within \
         10 seconds",
        strangers.join(", ")
    )))
}

/// Of two rotations to different keys, the one that began first stops: its scan says nothing any more.
async fn check_round(tx: &mut dyn Tx, round: u64) -> Result<(), Error> {
    if tx.current_seal_state().await?.round == round {
        return Ok(());
    }
    Err(Error::conflict(
        "another rotation of the seal key began meanwhile: look at the status, and ask again",
    ))
}
