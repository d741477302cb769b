//! What can be done with keys: one method a use case.

use super::owner::RoleScopes;
use super::save::{audited, save};
use super::{Key, Which, check_limit, check_rate_limit, check_text};
use crate::access::{Catalogue, Denial, DisableKey, Permit, ReadKey, UpdateKey};
use crate::entropy::Entropy;
use crate::error::Error;
use crate::port::{Store, Tx};
use crate::refuse::refused;
use crate::retry::retried;
use crate::revision::{Propagation, Receipt, Wait};
use crate::session::membership_of;
use crate::time::{Clock, Timestamp};
use std::sync::Arc;
use titan_token::{KeyId, PlainKey, ScopeBit, TenantId};

/// A change of very many keys is made in pieces of at most this size, each in a transaction of its own. No other change,
/// and no lease, waits long for one of them.
pub(super) const PIECE: u32 = 500;

/// The rules of keys.
pub struct KeyService {
    pub(super) store: Arc<dyn Store>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) entropy: Arc<dyn Entropy>,
    pub(super) propagation: Arc<dyn Propagation>,
    pub(super) catalogue: Arc<Catalogue>,
    pub(super) role_scopes: RoleScopes,
    pub(super) max_lifetime_days: u32,
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
    /// How many requests it may make in any 60 seconds; 0 is no limit, `None` is that of the key that makes it.
    pub rate_limit: Option<u32>,
}

/// What shall change of a key; `None` leaves it.
#[derive(Clone, Debug, Default)]
pub struct KeyUpdate {
    /// A new label.
    pub label: Option<String>,
    /// The switch.
    pub is_active: Option<bool>,
    /// How many requests it may make in any 60 seconds; 0 is no limit.
    pub rate_limit: Option<u32>,
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

/// The result of revoking several keys.
pub struct Revoked {
    /// How many.
    pub count: usize,
    /// The proof that none of them is accepted any more.
    pub receipt: Receipt,
}

impl KeyService {
    /// `max_lifetime_days` bounds every key.
    pub fn new(
        store: Arc<dyn Store>,
        clock: Arc<dyn Clock>,
        entropy: Arc<dyn Entropy>,
        propagation: Arc<dyn Propagation>,
        catalogue: Arc<Catalogue>,
        role_scopes: RoleScopes,
        max_lifetime_days: u32,
    ) -> Self {
        Self { store, clock, entropy, propagation, catalogue, role_scopes, max_lifetime_days }
    }

    /// One key.
    pub async fn lookup(&self, permit: &Permit<ReadKey>, id: KeyId) -> Result<Key, Error> {
        let now = self.clock.now();
        let key = self.store.key(id).await?;
        key.filter(|key| permit.reach().includes(key.tenant, key.id, key.owner()) && !key.is_gone(now))
            .ok_or_else(|| Error::not_found("key"))
    }

    /// Renames a key, switches it on or off.
    pub async fn update(
        &self,
        permit: &Permit<UpdateKey>,
        id: KeyId,
        update: KeyUpdate,
        wait: Wait,
    ) -> Result<Changed, Error> {
        if update.label.is_none() && update.is_active.is_none() && update.rate_limit.is_none() {
            return Err(Error::invalid("body: must change label, isActive or rateLimit"));
        }
        if update.with_descendants && update.is_active != Some(false) {
            return Err(Error::invalid("descendants: is allowed only with isActive: false"));
        }
        if let Some(label) = &update.label {
            check_text("label", label)?;
        }
        check_rate_limit(update.rate_limit.unwrap_or(0))?;
        retried(|| self.apply_update(permit, id, &update, wait)).await
    }

    /// Switches a key off: all that a key may change of itself.
    pub async fn disable(
        &self,
        permit: &Permit<DisableKey>,
        id: KeyId,
        wait: Wait,
    ) -> Result<Changed, Error> {
        let update = KeyUpdate { is_active: Some(false), ..KeyUpdate::default() };
        retried(|| self.apply_update(permit, id, &update, wait)).await
    }

    async fn apply_update<A>(
        &self,
        permit: &Permit<A>,
        id: KeyId,
        update: &KeyUpdate,
        wait: Wait,
    ) -> Result<Changed, Error> {
        let now = self.clock.now();
        let (mut tx, mut key) = loop {
            let mut tx = self.begin(permit, now).await?;
            let key = match find(&mut *tx, permit, id, now).await {
                Ok(key) => key,
                Err(error) => return Err(refused(tx, &*self.propagation, error).await),
            };
            if !update.with_descendants || disable_piece(&mut *tx, permit, id, now).await? {
                break (tx, key);
            }
            tx.commit().await?;
        };
        let (swept, before) = (tx.swept().await?.until, audited(&key));
        key.label = update.label.clone().unwrap_or(key.label);
        key.is_active = update.is_active.unwrap_or(key.is_active);
        if let Some(limit) = update.rate_limit {
            key.rate_limit = check_rate_limit(limit)?;
            check_limit(permit, key.rate_limit)?;
        }
        let revision = save(&mut *tx, permit, (&before, &key), (now, swept), "key.update").await?;
        tx.commit().await?;
        let receipt = self.propagation.receipt(revision, wait).await?;
        Ok(Changed { key, receipt })
    }

    /// The bit of a scope with this name. An unknown name is 400.
    pub fn scope(&self, name: &str) -> Result<ScopeBit, Error> {
        let bits = self.catalogue.parse(&[name.to_owned()])?;
        bits.first().copied().ok_or_else(|| Error::internal("a scope without a bit"))
    }

    /// The names of a key's scopes, in the order in which they were asked for.
    pub fn names(&self, key: &Key) -> Vec<String> {
        key.scopes.iter().map(|bit| self.catalogue.name(*bit)).collect()
    }

    /// Begins a write for a caller that is still good.
    ///
    /// The edge proved its credential from memory, before this write had its turn. What was committed meanwhile
    /// counts, too: otherwise a key that is revoked with its descendants could still leave one behind.
    pub(super) async fn begin<A>(&self, permit: &Permit<A>, now: Timestamp) -> Result<Box<dyn Tx>, Error> {
        let mut tx = self.store.begin().await?;
        if let Some(id) = permit.key() {
            check_caller(&mut *tx, id, now).await?;
        }
        if let Some(user) = permit.user() {
            membership_of(&mut *tx, user).await?;
        }
        Ok(tx)
    }
}

pub(super) async fn find<A>(
    tx: &mut dyn Tx,
    permit: &Permit<A>,
    id: KeyId,
    now: Timestamp,
) -> Result<Key, Error> {
    let key = tx.lookup_key(id).await?;
    key.filter(|key| permit.reach().includes(key.tenant, key.id, key.owner()) && !key.is_gone(now))
        .ok_or_else(|| Error::not_found("key"))
}

/// Switches off the next descendants of a key. Whether these were the last.
async fn disable_piece<A>(
    tx: &mut dyn Tx,
    permit: &Permit<A>,
    id: KeyId,
    now: Timestamp,
) -> Result<bool, Error> {
    let swept = tx.swept().await?.until;
    let mut piece = tx.descendants(id, Which::Active, PIECE).await?;
    let is_last = is_last(&mut piece, permit);
    for mut descendant in piece {
        let before = audited(&descendant);
        descendant.is_active = false;
        save(tx, permit, (&before, &descendant), (now, swept), "key.disable").await?;
    }
    Ok(is_last)
}

/// Whether no piece follows this one. Until then, the caller's own key stays: it must be good for the next piece.
pub(super) fn is_last<A>(piece: &mut Vec<Key>, permit: &Permit<A>) -> bool {
    let is_last = u32::try_from(piece.len()).is_ok_and(|count| count < PIECE);
    if !is_last {
        piece.retain(|key| permit.key() != Some(key.id));
    }
    is_last
}

/// Refuses a caller that has ended since it was let in.
pub(crate) async fn check_caller(tx: &mut dyn Tx, id: KeyId, now: Timestamp) -> Result<(), Error> {
    let key = tx.lookup_key(id).await?.ok_or(Denial::Invalid)?;
    let tenant = tx.lookup_tenant(key.tenant).await?.ok_or(Denial::Invalid)?;
    let is_retired = tx.slots().await?.iter().any(|slot| slot.slot == key.slot && slot.retired_at.is_some());
    let is_too_old = tenant.not_before.is_some_and(|start| key.issued_at() < start);
    if key.is_gone(now) || is_retired || is_too_old {
        return Err(Denial::Revoked.into());
    }
    if !key.is_on() || !tenant.is_active {
        return Err(Denial::Disabled.into());
    }
    Ok(())
}
