//! What can be done with opaque keys.

use super::{MOST_KEYS, OpaqueRow, audited, save};
use crate::access::{ManageOpaqueKeys, OpaquePrincipal, Permit};
use crate::audit::{Entry, changed};
use crate::entropy::{Entropy, random};
use crate::error::{Code, Error};
use crate::port::{Store, Tx};
use crate::refuse::refused;
use crate::retry::retried;
use crate::revision::{Propagation, Receipt, Wait};
use crate::session::membership_of;
use crate::time::{Clock, Timestamp};
use crate::user::{Membership, Role};
use serde_json::json;
use std::sync::Arc;
use titan_token::{KeyId, OpaqueKey, PlainKey, Uuid};

/// The rules of opaque keys.
pub struct OpaqueKeyService {
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
    propagation: Arc<dyn Propagation>,
}

/// What a new key shall be.
#[derive(Clone, Debug)]
pub struct NewOpaque {
    /// 1 to 255 characters.
    pub name: String,
    /// `None`: never.
    pub expires_at: Option<Timestamp>,
}

/// A key, and this once its text.
pub struct MadeOpaque {
    /// Its row.
    pub key: OpaqueRow,
    /// Its text.
    pub plain: PlainKey,
}

/// Which keys a list shows.
#[derive(Clone, Debug, Default)]
pub struct OpaqueFilter {
    /// Only keys whose name contains this text, in upper or lower case, or whose first digits do.
    pub search: Option<String>,
    /// How many are skipped.
    pub offset: u32,
    /// The maximum number of keys.
    pub limit: u32,
}

/// A page of a list.
#[derive(Debug)]
pub struct OpaquePage {
    /// The keys, the newest first.
    pub keys: Vec<OpaqueRow>,
    /// How many there are in all.
    pub total: u64,
}

impl OpaqueKeyService {
    /// The rules over this store.
    pub fn new(
        store: Arc<dyn Store>,
        clock: Arc<dyn Clock>,
        entropy: Arc<dyn Entropy>,
        propagation: Arc<dyn Propagation>,
    ) -> Self {
        Self { store, clock, entropy, propagation }
    }

    /// Makes a key of the user who asks, or of whose key asks.
    pub async fn create(
        &self,
        permit: &Permit<ManageOpaqueKeys>,
        new: NewOpaque,
    ) -> Result<MadeOpaque, Error> {
        if new.name.is_empty() {
            return Err(Error::invalid("Name is required"));
        }
        if new.name.chars().count() > 255 || new.name.chars().any(char::is_control) {
            return Err(Error::invalid("Name must have at most 255 characters and no control characters"));
        }
        if new.expires_at.is_some_and(|end| end <= self.clock.now()) {
            return Err(Error::invalid("expires_at must be in the future"));
        }
        retried(|| self.try_create(permit, &new)).await
    }

    async fn try_create(
        &self,
        permit: &Permit<ManageOpaqueKeys>,
        new: &NewOpaque,
    ) -> Result<MadeOpaque, Error> {
        let now = self.clock.now();
        let (mut tx, membership) = self.begin(permit).await?;
        let tenant = tx.lookup_tenant(membership.tenant).await?;
        let tenant = tenant.ok_or_else(|| Error::internal("a member of no tenant"))?;
        let living = tx.opaque_of(membership.user, membership.tenant, now).await?.len();
        if u32::try_from(living).is_ok_and(|count| count >= MOST_KEYS) {
            return Err(Error::conflict(format!(
                "A user has at most {MOST_KEYS} API keys: delete one first"
            )));
        }
        // A clock that was set back must not make keys that are revoked from birth.
        let made_at = now.max(tenant.not_before.unwrap_or(now));
        let (plain, token) = OpaqueKey::from_random(random(&*self.entropy));
        let key = OpaqueRow {
            id: KeyId::new(Uuid::v7(made_at.ms().unsigned_abs(), random(&*self.entropy))),
            hash: token.hashed(),
            lead: token.lead().to_owned(),
            tenant: membership.tenant,
            owner: membership.user,
            name: new.name.clone(),
            created_at: made_at.whole_seconds(),
            expires_at: new.expires_at.map(Timestamp::whole_seconds),
            is_active: true,
            is_suspended: false,
            deleted_at: None,
            last_used_at: None,
        };
        tx.add_opaque(&key).await?;
        let revision = tx.record_change(&key.change(membership.role)).await?;
        let detail = json!({ "name": key.name, "tenantId": key.tenant.0 });
        tx.add_audit(&Entry::by(permit, now, "opaque_key.create", key.id.to_string(), detail)).await?;
        tx.commit().await?;
        // Every edge must know it before anybody uses it.
        self.propagation.wait_until_in_force(revision).await?;
        Ok(MadeOpaque { key, plain })
    }

    /// The keys of the tenant.
    pub async fn list(
        &self,
        permit: &Permit<ManageOpaqueKeys>,
        filter: &OpaqueFilter,
    ) -> Result<OpaquePage, Error> {
        let membership = self.look(permit).await?;
        let (keys, total) = self.store.opaque_keys(membership.tenant, filter).await?;
        Ok(OpaquePage { keys, total })
    }

    /// One of them.
    pub async fn lookup(&self, permit: &Permit<ManageOpaqueKeys>, id: KeyId) -> Result<OpaqueRow, Error> {
        let membership = self.look(permit).await?;
        let key = self.store.opaque_key(id).await?;
        key.filter(|key| key.tenant == membership.tenant).ok_or_else(gone)
    }

    /// Switches a key on or off; `None` changes nothing.
    pub async fn switch(
        &self,
        permit: &Permit<ManageOpaqueKeys>,
        id: KeyId,
        is_active: Option<bool>,
        wait: Wait,
    ) -> Result<(OpaqueRow, Receipt), Error> {
        let change = |key: &mut OpaqueRow, _| key.is_active = is_active.unwrap_or(key.is_active);
        retried(|| self.change(permit, id, change, "opaque_key.update", wait)).await
    }

    /// Deletes a key for good.
    pub async fn delete(
        &self,
        permit: &Permit<ManageOpaqueKeys>,
        id: KeyId,
        wait: Wait,
    ) -> Result<Receipt, Error> {
        let change = |key: &mut OpaqueRow, now| key.deleted_at = Some(now);
        let (_, receipt) = retried(|| self.change(permit, id, change, "opaque_key.delete", wait)).await?;
        Ok(receipt)
    }

    async fn change(
        &self,
        permit: &Permit<ManageOpaqueKeys>,
        id: KeyId,
        change: impl Fn(&mut OpaqueRow, Timestamp),
        action: &'static str,
        wait: Wait,
    ) -> Result<(OpaqueRow, Receipt), Error> {
        let now = self.clock.now();
        let (mut tx, asking) = self.begin(permit).await?;
        let found = tx.lookup_opaque(id).await?.filter(|key| key.tenant == asking.tenant);
        let Some(mut key) = found else { return Err(refused(tx, &*self.propagation, gone()).await) };
        let before = audited(&key);
        change(&mut key, now);
        let role = tx.membership(key.owner, key.tenant).await?.map_or(Role::Member, |owner| owner.role);
        let swept = tx.swept().await?.until;
        let revision = save(&mut *tx, &key, role, swept).await?;
        let detail = changed(&before, &audited(&key));
        tx.add_audit(&Entry::by(permit, now, action, id.to_string(), detail)).await?;
        tx.commit().await?;
        Ok((key, self.propagation.receipt(revision, wait).await?))
    }

    /// The membership of who asks, for a read.
    async fn look(&self, permit: &Permit<ManageOpaqueKeys>) -> Result<Membership, Error> {
        let (tx, membership) = self.begin(permit).await?;
        tx.commit().await?;
        Ok(membership)
    }

    /// Begins a change. Who asks must be an admin or an owner now, not only by what was shown.
    async fn begin(&self, permit: &Permit<ManageOpaqueKeys>) -> Result<(Box<dyn Tx>, Membership), Error> {
        let mut tx = self.store.begin().await?;
        let membership = match (permit.user(), permit.opaque()) {
            (Some(user), _) => membership_of(&mut *tx, user).await?,
            (None, Some(key)) => membership_of_key(&mut *tx, key).await?,
            (None, None) => return Err(Error::internal("a permit of people without a person")),
        };
        if membership.role < Role::Admin {
            return Err(Error::new(Code::InsufficientScope, "Insufficient permissions"));
        }
        Ok((tx, membership))
    }
}

/// That of the owner of a key that is good now.
async fn membership_of_key(tx: &mut dyn Tx, principal: &OpaquePrincipal) -> Result<Membership, Error> {
    let invalid = || Error::new(Code::InvalidApiKey, "invalid api key");
    let key = tx.lookup_opaque(principal.id()).await?.filter(|key| key.is_active && !key.is_suspended);
    let key = key.ok_or_else(invalid)?;
    tx.membership(key.owner, key.tenant).await?.ok_or_else(invalid)
}

fn gone() -> Error {
    Error::new(Code::NotFound, "API key not found")
}
