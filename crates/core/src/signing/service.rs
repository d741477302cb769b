//! What can be done with signing keys.

use super::{SlotKey, signer};
use crate::access::{ManageSigningKeys, Permit};
use crate::audit::Entry;
use crate::entropy::{Entropy, random};
use crate::error::Error;
use crate::port::{Store, Tx};
use crate::refuse::refused;
use crate::retry::retried;
use crate::revision::{Change, Propagation, Receipt, Revision, Wait};
use crate::session::SESSION_SECS;
use crate::time::{Clock, Timestamp};
use serde_json::json;
use std::sync::Arc;
use titan_token::{SigningSecret, Slot};

const SLOTS: u8 = 16;
const DAY: i64 = 86_400;

/// The rules of signing keys.
pub struct SigningKeyService {
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
    propagation: Arc<dyn Propagation>,
}

impl SigningKeyService {
    /// The rules over this store.
    pub fn new(
        store: Arc<dyn Store>,
        clock: Arc<dyn Clock>,
        entropy: Arc<dyn Entropy>,
        propagation: Arc<dyn Propagation>,
    ) -> Self {
        Self { store, clock, entropy, propagation }
    }

    /// Makes the first signing key of a new database. Called once, before anything is served.
    pub async fn ensure(store: &dyn Store, clock: &dyn Clock, entropy: &dyn Entropy) -> Result<(), Error> {
        let mut tx = store.begin().await?;
        if signer(&tx.slots().await?).is_none() {
            let now = clock.now();
            let slot = free_slot(&mut *tx, now).await?;
            add(&mut *tx, slot, now, entropy).await?;
            let detail = json!({});
            tx.add_audit(&Entry::by_system(now, "signing_key.create", slot.number().to_string(), detail))
                .await?;
            tx.commit().await?;
        }
        Ok(())
    }

    /// All slots in use.
    pub async fn list(&self, _permit: &Permit<ManageSigningKeys>) -> Result<Vec<SlotKey>, Error> {
        Ok(self.store.signing_keys().await?)
    }

    /// A new key signs from now on; the older ones go on verifying what they signed.
    pub async fn rotate(
        &self,
        permit: &Permit<ManageSigningKeys>,
        wait: Wait,
    ) -> Result<(SlotKey, Receipt), Error> {
        retried(|| self.try_rotate(permit, None, wait)).await
    }

    /// The same, if this slot still signs: of two that have seen it, one rotates.
    pub async fn rotate_from(
        &self,
        permit: &Permit<ManageSigningKeys>,
        slot: Slot,
        wait: Wait,
    ) -> Result<Receipt, Error> {
        Ok(retried(|| self.try_rotate(permit, Some(slot), wait)).await?.1)
    }

    async fn try_rotate(
        &self,
        permit: &Permit<ManageSigningKeys>,
        from: Option<Slot>,
        wait: Wait,
    ) -> Result<(SlotKey, Receipt), Error> {
        let now = self.clock.now();
        let mut tx = self.store.begin().await?;
        if from.is_some() && from != signer(&tx.slots().await?).map(|key| key.slot) {
            return Err(Error::conflict("another slot signs by now: somebody has rotated already"));
        }
        let entry = |slot| Entry::by(permit, now, "signing_key.create", slot, json!({}));
        let (key, revision) = self.put_next(&mut *tx, now, entry).await?;
        tx.commit().await?;
        let receipt = self.propagation.receipt(revision, wait).await?;
        Ok((key, receipt))
    }

    /// Rotates if the key that signs now is older than this, as the program itself. Of several instances, one does it.
    ///
    /// The time is the one up to which keys are swept: no single clock moves it ahead (`docs/adr/0017-sweeping.md`). With that of an
    /// instance whose clock is years ahead, all would sign what nobody accepts. It is an hour late, or as late as Titan was
    /// stopped, and that does no harm here.
    pub async fn rotate_when_old(&self, days: u32) -> Result<Option<Slot>, Error> {
        retried(|| self.try_rotate_when_old(days)).await
    }

    async fn try_rotate_when_old(&self, days: u32) -> Result<Option<Slot>, Error> {
        let mut tx = self.store.begin().await?;
        let at = tx.swept().await?.until;
        let end = |key: &SlotKey| key.created_at.plus_secs(i64::from(days) * DAY);
        if signer(&tx.slots().await?).is_some_and(|key| at < end(key)) {
            return Ok(None);
        }
        let now = self.clock.now();
        let entry = |slot| Entry::by_system(now, "signing_key.create", slot, json!({ "afterDays": days }));
        let (key, revision) = self.put_next(&mut *tx, at, entry).await?;
        tx.commit().await?;
        self.propagation.wait_until_in_force(revision).await?;
        Ok(Some(key.slot))
    }

    /// Puts a new key into a free slot, with its revision and the row that the audit log gets for this slot.
    async fn put_next(
        &self,
        tx: &mut dyn Tx,
        at: Timestamp,
        entry: impl FnOnce(String) -> Entry + Send,
    ) -> Result<(SlotKey, Revision), Error> {
        let slot = free_slot(tx, at).await?;
        let key = add(tx, slot, at, &*self.entropy).await?;
        let revision = tx.record_change(&Change::SigningKey(slot)).await?;
        tx.add_audit(&entry(slot.number().to_string())).await?;
        Ok((key, revision))
    }

    /// How many slots a rotation can take now.
    pub async fn free_slots(&self) -> Result<usize, Error> {
        let now = self.clock.now();
        let mut tx = self.store.begin().await?;
        let slots = tx.slots().await?;
        let mut free = usize::from(SLOTS) - slots.len();
        for key in slots.iter().filter(|key| has_served(key, &slots, now)) {
            free += usize::from(has_ended(&mut *tx, key, now).await?);
        }
        Ok(free)
    }

    /// Retires a slot at once: every key that it signed is revoked. The one that signs now must be rotated
    /// first.
    pub async fn retire(
        &self,
        permit: &Permit<ManageSigningKeys>,
        slot: Slot,
        wait: Wait,
    ) -> Result<Receipt, Error> {
        retried(|| self.try_retire(permit, slot, wait)).await
    }

    async fn try_retire(
        &self,
        permit: &Permit<ManageSigningKeys>,
        slot: Slot,
        wait: Wait,
    ) -> Result<Receipt, Error> {
        let now = self.clock.now();
        let mut tx = self.store.begin().await?;
        let slots = tx.slots().await?;
        if !slots.iter().any(|key| key.slot == slot && key.retired_at.is_none()) {
            return Err(refused(tx, &*self.propagation, Error::not_found("signing key")).await);
        }
        if signer(&slots).is_some_and(|signer| signer.slot == slot) {
            return Err(Error::conflict("this slot signs new keys: rotate before you retire it"));
        }
        tx.retire_slot(slot, now).await?;
        let revision = tx.record_change(&Change::SigningKey(slot)).await?;
        tx.add_audit(&Entry::by(permit, now, "signing_key.retire", slot.number().to_string(), json!({})))
            .await?;
        tx.commit().await?;
        self.propagation.receipt(revision, wait).await
    }
}

/// A slot that was never used, or else one of which nothing is good any more.
async fn free_slot(tx: &mut dyn Tx, now: Timestamp) -> Result<Slot, Error> {
    let slots = tx.slots().await?;
    let is_used = |slot: &Slot| slots.iter().any(|key| key.slot == *slot);
    if let Some(slot) = (0..SLOTS).filter_map(Slot::new).find(|slot| !is_used(slot)) {
        return Ok(slot);
    }
    for key in slots.iter().filter(|key| has_served(key, &slots, now)) {
        if has_ended(tx, key, now).await? {
            return Ok(key.slot);
        }
    }
    Err(Error::conflict("all 16 slots have keys or sessions that are still valid: wait until the oldest end"))
}

/// Whether all keys that a slot signed have expired.
async fn has_ended(tx: &mut dyn Tx, key: &SlotKey, now: Timestamp) -> Result<bool, Error> {
    Ok(tx.last_expiry(key.slot).await?.is_none_or(|last| last <= now))
}

/// Whether the sessions whose refresh tokens a slot signed have ended: it is retired, or another one has signed for as long
/// as a session lives.
fn has_served(key: &SlotKey, slots: &[SlotKey], now: Timestamp) -> bool {
    let younger = slots.iter().map(|other| other.created_at).filter(|at| *at > key.created_at).min();
    key.retired_at.is_some() || younger.is_some_and(|since| since.plus_secs(SESSION_SECS) <= now)
}

async fn add(tx: &mut dyn Tx, slot: Slot, now: Timestamp, entropy: &dyn Entropy) -> Result<SlotKey, Error> {
    let secret = random(entropy);
    // The youngest signs, so this one must be it, also after the clock was set back.
    let youngest = tx.slots().await?.iter().map(|key| key.created_at.ms()).max();
    let now = youngest.map_or(now, |ms| now.max(Timestamp::from_ms(ms + 1)));
    let key = SlotKey {
        slot,
        secret: SigningSecret::new(secret),
        created_at: now,
        retired_at: None,
        not_before: now.whole_seconds(),
    };
    tx.put_slot(&key).await?;
    Ok(key)
}
