//! What can be done with keys: one method a use case.

use super::{Key, KeyFilter, check_text};
use crate::access::{
    Catalogue, CreateKey, DeleteKey, DisableKey, ListKeys, Permit, Reach, ReadKey, RotateKey, UpdateKey,
};
use crate::audit::Entry;
use crate::entropy::{Entropy, random};
use crate::error::Error;
use crate::idempotency::{Answer, REMEMBERED_SECS, RequestName};
use crate::port::{Store, Tx};
use crate::revision::{Receipt, Revision, Settle};
use crate::signing::signer;
use crate::tenant::DEFAULT;
use crate::time::{Clock, Timestamp};
use serde_json::json;
use std::sync::Arc;
use titan_token::{KeyId, PlainKey, Prefix, ScopeBit, SigningKey, Slot, TenantId, Uuid};

const DAY: i64 = 86_400;
/// A rotated key may live on for a week at most.
const MAX_OVERLAP: u32 = 7 * 86_400;

/// The rules of keys.
pub struct KeyService {
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
    settle: Arc<dyn Settle>,
    catalogue: Arc<Catalogue>,
    max_lifetime_days: u32,
}

/// What a new key shall be.
#[derive(Clone, Debug)]
pub struct NewKey {
    /// The tenant; `None`: the caller's own, or the default one.
    pub tenant: Option<TenantId>,
    /// 1 to 100 characters.
    pub label: String,
    /// 1 to the configured maximum.
    pub lifetime_days: i64,
    /// Names of the catalogue.
    pub scopes: Vec<String>,
}

/// What shall change of a key; `None` leaves it.
#[derive(Clone, Debug, Default)]
pub struct KeyUpdate {
    /// A new label.
    pub label: Option<String>,
    /// The switch.
    pub is_active: Option<bool>,
    /// Also switch off what the key made. Only with `is_active: Some(false)`.
    pub with_descendants: bool,
}

/// How to rotate.
#[derive(Clone, Copy, Debug, Default)]
pub struct Rotation {
    /// For how many seconds the old key lives on: 0 to 7 days.
    pub overlap_secs: u32,
}

/// A key, and this once its text.
pub struct Issued {
    /// Its row.
    pub key: Key,
    /// Its text.
    pub plain: PlainKey,
    /// The proof that the key it replaces is dead or retiring.
    pub receipt: Option<Receipt>,
}

/// A changed key and the proof that the change is in force.
pub struct Changed {
    /// Its row.
    pub key: Key,
    /// The proof.
    pub receipt: Receipt,
}

/// A part of a list.
pub struct Page {
    /// Newest first.
    pub keys: Vec<Key>,
    /// Where the next part begins, if there is one.
    pub next: Option<KeyId>,
}

impl KeyService {
    /// `max_lifetime_days` bounds every key.
    pub fn new(
        store: Arc<dyn Store>,
        clock: Arc<dyn Clock>,
        entropy: Arc<dyn Entropy>,
        settle: Arc<dyn Settle>,
        catalogue: Arc<Catalogue>,
        max_lifetime_days: u32,
    ) -> Self {
        Self { store, clock, entropy, settle, catalogue, max_lifetime_days }
    }

    /// Makes a key.
    pub async fn create(
        &self,
        permit: Permit<CreateKey>,
        new: NewKey,
        request: Option<RequestName>,
    ) -> Result<Issued, Error> {
        check_text("label", &new.label)?;
        let lifetime = self.check_lifetime(new.lifetime_days)?;
        let scopes = self.catalogue.parse(&new.scopes)?;
        self.check_grant(&permit, &scopes)?;
        let tenant = permit.tenant().or(new.tenant).unwrap_or(DEFAULT);
        let now = self.clock.now();

        let mut tx = self.store.begin().await?;
        if let Some(answer) = answered(&mut *tx, &permit.actor(), request.as_ref(), now).await? {
            return again(&mut *tx, answer).await;
        }
        let draft = Draft {
            tenant,
            prefix: Prefix::Standard,
            label: new.label,
            scopes,
            lifetime,
            is_active: true,
            created_by: permit.key(),
            rotated_from: None,
        };
        let issued = self.issue(&mut *tx, draft, now).await?;
        let detail = json!({ "label": issued.key.label, "tenantId": tenant.0, "scopes": self.names(&issued.key) });
        tx.add_audit(&Entry::by(&permit, now, "key.create", issued.key.id.to_string(), detail)).await?;
        remember(&mut *tx, &permit.actor(), request, &issued.key, now).await?;
        tx.commit().await?;
        Ok(issued)
    }

    /// One key.
    pub async fn lookup(&self, permit: &Permit<ReadKey>, id: KeyId) -> Result<Key, Error> {
        let now = self.clock.now();
        let key = self.store.key(id).await?;
        key.filter(|key| permit.reach().includes(key.tenant, key.id) && !key.is_gone(now))
            .ok_or_else(|| Error::not_found("key"))
    }

    /// The caller's keys, newest first. `limit` is 1 to 1000.
    pub async fn list(&self, permit: &Permit<ListKeys>, filter: KeyFilter) -> Result<Page, Error> {
        let tenant = match permit.reach() {
            Reach::Everything => filter.tenant,
            // A reach of one key never comes with a permit to list; nothing would be shown for it.
            Reach::Itself(_) => return Err(Error::not_found("key")),
            Reach::Tenant(own) => Some(own),
        };
        let limit = filter.limit;
        let one_more = KeyFilter { tenant, limit: limit + 1, now: Some(self.clock.now()), ..filter };
        let mut keys = self.store.keys(&one_more).await?;
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let has_more = keys.len() > limit;
        keys.truncate(limit);
        let next = keys.last().filter(|_| has_more).map(|key| key.id);
        Ok(Page { keys, next })
    }

    /// Renames a key, switches it on or off.
    pub async fn update(&self, permit: &Permit<UpdateKey>, id: KeyId, update: KeyUpdate) -> Result<Changed, Error> {
        if update.label.is_none() && update.is_active.is_none() {
            return Err(Error::invalid("body: must change label or isActive"));
        }
        if update.with_descendants && update.is_active != Some(false) {
            return Err(Error::invalid("descendants: goes only with isActive: false"));
        }
        if let Some(label) = &update.label {
            check_text("label", label)?;
        }
        self.apply_update(permit, id, update).await
    }

    /// Switches a key off: all that a key may change of itself.
    pub async fn disable(&self, permit: &Permit<DisableKey>, id: KeyId) -> Result<Changed, Error> {
        let update = KeyUpdate { is_active: Some(false), ..KeyUpdate::default() };
        self.apply_update(permit, id, update).await
    }

    async fn apply_update<A>(&self, permit: &Permit<A>, id: KeyId, update: KeyUpdate) -> Result<Changed, Error> {
        let now = self.clock.now();
        let mut tx = self.store.begin().await?;
        let mut key = self.find(&mut *tx, permit, id, now).await?;
        if update.with_descendants {
            for mut descendant in tx.descendants(id).await? {
                descendant.is_active = false;
                save(&mut *tx, permit, &descendant, now, "key.disable").await?;
            }
        }
        key.label = update.label.unwrap_or(key.label);
        key.is_active = update.is_active.unwrap_or(key.is_active);
        let revision = save(&mut *tx, permit, &key, now, "key.update").await?;
        tx.commit().await?;
        let receipt = self.settle.settle(revision).await?;
        Ok(Changed { key, receipt })
    }

    /// Makes a new key with the same label, scopes and lifetime, and ends the old one: at once, or after the
    /// overlap.
    pub async fn rotate(
        &self,
        permit: Permit<RotateKey>,
        id: KeyId,
        rotation: Rotation,
        request: Option<RequestName>,
    ) -> Result<Issued, Error> {
        if rotation.overlap_secs > MAX_OVERLAP {
            return Err(Error::invalid(format!("overlapSeconds: must be 0 to {MAX_OVERLAP}")));
        }
        let now = self.clock.now();
        let mut tx = self.store.begin().await?;
        if let Some(answer) = answered(&mut *tx, &permit.actor(), request.as_ref(), now).await? {
            return again(&mut *tx, answer).await;
        }
        let mut old = self.find_to_rotate(&mut *tx, &permit, id).await?;
        let mut issued = self.issue(&mut *tx, Draft::successor(&old, permit.key()), now).await?;
        old.rotated_at = Some(now);
        old.retires_at = Some(now.plus_secs(rotation.overlap_secs.into()));
        if rotation.overlap_secs == 0 {
            old.revoked_at = Some(now);
        }
        tx.save_key(&old).await?;
        let revision = tx.record_change(&old.change()).await?;
        let detail =
            json!({ "successor": issued.key.id.to_string(), "overlapSeconds": rotation.overlap_secs });
        tx.add_audit(&Entry::by(&permit, now, "key.rotate", id.to_string(), detail)).await?;
        remember(&mut *tx, &permit.actor(), request, &issued.key, now).await?;
        tx.commit().await?;
        issued.receipt = Some(self.settle.settle(revision).await?);
        Ok(issued)
    }

    /// Revokes a key for good.
    pub async fn delete(
        &self,
        permit: &Permit<DeleteKey>,
        id: KeyId,
        with_descendants: bool,
    ) -> Result<Receipt, Error> {
        let now = self.clock.now();
        let mut tx = self.store.begin().await?;
        let key = self.find(&mut *tx, permit, id, now).await?;
        let mut doomed = if with_descendants { tx.descendants(id).await? } else { Vec::new() };
        doomed.push(key);
        let mut last = Revision::default();
        for mut key in doomed {
            key.revoked_at = Some(now);
            last = save(&mut *tx, permit, &key, now, "key.delete").await?;
        }
        tx.commit().await?;
        self.settle.settle(last).await
    }

    /// The names of a key's scopes, in the order in which they were asked for.
    pub fn names(&self, key: &Key) -> Vec<String> {
        key.scopes.iter().map(|bit| self.catalogue.name(*bit)).collect()
    }

    fn check_lifetime(&self, days: i64) -> Result<i64, Error> {
        let max = i64::from(self.max_lifetime_days);
        if !(1..=max).contains(&days) {
            return Err(Error::invalid(format!("lifetimeDays: must be 1 to {max}")));
        }
        Ok(days * DAY)
    }

    /// Nobody hands on what it does not hold.
    fn check_grant<A>(&self, permit: &Permit<A>, scopes: &[ScopeBit]) -> Result<(), Error> {
        match self.catalogue.first_beyond(permit.grantable(), scopes) {
            Some(bit) => Err(Error::insufficient_scope(&self.catalogue.name(bit))),
            None => Ok(()),
        }
    }

    async fn find<A>(&self, tx: &mut dyn Tx, permit: &Permit<A>, id: KeyId, now: Timestamp) -> Result<Key, Error> {
        let key = tx.lookup_key(id).await?;
        key.filter(|key| permit.reach().includes(key.tenant, key.id) && !key.is_gone(now))
            .ok_or_else(|| Error::not_found("key"))
    }

    /// Rotating hands the successor's text to the caller, so it grants what the key holds.
    async fn find_to_rotate(
        &self,
        tx: &mut dyn Tx,
        permit: &Permit<RotateKey>,
        id: KeyId,
    ) -> Result<Key, Error> {
        let key = tx.lookup_key(id).await?;
        let key = key
            .filter(|key| permit.reach().includes(key.tenant, key.id))
            .ok_or_else(|| Error::not_found("key"))?;
        self.check_grant(permit, &key.scopes)?;
        if key.rotated_at.is_some() {
            return Err(Error::conflict("key has already been rotated"));
        }
        if key.revoked_at.is_some() {
            return Err(Error::conflict("key has been deleted"));
        }
        Ok(key)
    }

    /// Writes and signs a key with the slot that signs now.
    async fn issue(&self, tx: &mut dyn Tx, draft: Draft, now: Timestamp) -> Result<Issued, Error> {
        let tenant = tx.lookup_tenant(draft.tenant).await?;
        let tenant = tenant.ok_or_else(|| Error::invalid("tenantId: no such tenant"))?;
        if !tenant.is_active {
            return Err(Error::conflict("tenant is disabled"));
        }
        let signer = signer(tx.slots().await?).ok_or_else(|| Error::internal("no signing key"))?;
        // A clock that was set back must not make keys that are revoked from birth.
        let issued_at = now.max(signer.not_before).max(tenant.not_before.unwrap_or(now));
        let key = draft.into_key(self.new_id(issued_at), signer.slot, issued_at.whole_seconds());
        tx.add_key(&key).await?;
        let plain = key.claims().sign(key.prefix, &SigningKey::for_api_keys(&signer.secret));
        Ok(Issued { key, plain, receipt: None })
    }

    fn new_id(&self, at: Timestamp) -> KeyId {
        KeyId::new(Uuid::v7(at.ms().unsigned_abs(), random(&*self.entropy)))
    }
}

/// All of a key but its id and its times.
struct Draft {
    tenant: TenantId,
    prefix: Prefix,
    label: String,
    scopes: Vec<ScopeBit>,
    lifetime: i64,
    is_active: bool,
    created_by: Option<KeyId>,
    rotated_from: Option<KeyId>,
}

impl Draft {
    fn successor(old: &Key, created_by: Option<KeyId>) -> Self {
        Self {
            tenant: old.tenant,
            prefix: old.prefix,
            label: old.label.clone(),
            scopes: old.scopes.clone(),
            lifetime: old.expires_at.secs() - old.created_at.secs(),
            is_active: old.is_active,
            created_by,
            rotated_from: Some(old.id),
        }
    }

    fn into_key(self, id: KeyId, slot: Slot, created_at: Timestamp) -> Key {
        Key {
            id,
            tenant: self.tenant,
            prefix: self.prefix,
            slot,
            label: self.label,
            scopes: self.scopes,
            created_at,
            expires_at: created_at.plus_secs(self.lifetime),
            is_active: self.is_active,
            revoked_at: None,
            rotated_at: None,
            retires_at: None,
            created_by: self.created_by,
            rotated_from: self.rotated_from,
            last_used_at: None,
        }
    }
}

/// Writes a changed key with its revision and its audit row.
async fn save<A>(
    tx: &mut dyn Tx,
    permit: &Permit<A>,
    key: &Key,
    now: Timestamp,
    action: &'static str,
) -> Result<Revision, Error> {
    tx.save_key(key).await?;
    let detail = json!({ "label": key.label, "isActive": key.is_active });
    tx.add_audit(&Entry::by(permit, now, action, key.id.to_string(), detail)).await?;
    Ok(tx.record_change(&key.change()).await?)
}

/// What this request was answered before, if it is a repetition.
async fn answered(
    tx: &mut dyn Tx,
    actor: &str,
    request: Option<&RequestName>,
    now: Timestamp,
) -> Result<Option<Answer>, Error> {
    let Some(request) = request else { return Ok(None) };
    let answer = tx.answer(actor, request.name(), now.plus_secs(-REMEMBERED_SECS)).await?;
    if answer.as_ref().is_some_and(|answer| answer.fingerprint != *request.fingerprint()) {
        return Err(Error::conflict("Idempotency-Key: was used for another request"));
    }
    Ok(answer)
}

/// The same answer once more: the row as it was then, and the key signed again.
async fn again(tx: &mut dyn Tx, answer: Answer) -> Result<Issued, Error> {
    let key = tx.lookup_key(answer.key).await?.ok_or_else(|| Error::internal("answer without its key"))?;
    let slot = tx.slots().await?.into_iter().find(|slot| slot.slot == key.slot);
    let slot = slot.filter(|slot| slot.not_before <= key.created_at);
    let slot = slot.ok_or_else(|| Error::conflict("the key's signing key is gone"))?;
    let plain = key.claims().sign(key.prefix, &SigningKey::for_api_keys(&slot.secret));
    let key = Key { label: answer.label, is_active: answer.is_active, last_used_at: None, ..key };
    Ok(Issued { key, plain, receipt: None })
}

async fn remember(
    tx: &mut dyn Tx,
    actor: &str,
    request: Option<RequestName>,
    key: &Key,
    now: Timestamp,
) -> Result<(), Error> {
    let Some(request) = request else { return Ok(()) };
    let answer = Answer {
        fingerprint: *request.fingerprint(),
        key: key.id,
        label: key.label.clone(),
        is_active: key.is_active,
        at: now,
    };
    Ok(tx.add_answer(actor, request.name(), &answer).await?)
}
