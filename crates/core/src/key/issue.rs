//! Issuing keys: the two ways to a new one.

use super::owner::check_room;
use super::replay::{again, answered, remember};
use super::service::{Issued, KeyService, NewKey, Rotation};
use super::{Creator, Key, check_limit, check_rate_limit, check_text};
use crate::access::{CreateKey, Permit, RotateKey};
use crate::audit::Entry;
use crate::entropy::random;
use crate::error::Error;
use crate::idempotency::RequestName;
use crate::port::Tx;
use crate::refuse::refused;
use crate::retry::retried;
use crate::revision::Wait;
use crate::signing::signer;
use crate::tenant::DEFAULT;
use crate::time::Timestamp;
use serde_json::json;
use titan_token::{KeyId, Prefix, ScopeBit, SigningKey, Slot, TenantId, Uuid};

const DAY: i64 = 86_400;
/// A rotated key may live on for a week at most.
const MAX_OVERLAP: u32 = 7 * 86_400;

impl KeyService {
    /// Makes a key.
    pub async fn create(
        &self,
        permit: Permit<CreateKey>,
        new: NewKey,
        request: Option<RequestName>,
    ) -> Result<Issued, Error> {
        check_text("label", &new.label)?;
        let draft = Draft {
            tenant: permit.tenant().or(new.tenant).unwrap_or(DEFAULT),
            prefix: Prefix::Standard,
            label: new.label,
            scopes: self.catalogue.parse(&new.scopes)?,
            lifetime: self.check_lifetime("lifetimeDays", new.lifetime_days)?,
            is_active: true,
            created_by: permit.key().map_or(Creator::Master, Creator::Key),
            is_suspended: false,
            rate_limit: new.rate_limit.map_or(Ok(permit.rate_limit()), check_rate_limit)?,
            limited_as: None,
            rotated_from: None,
        };
        self.check_grant(&permit, &draft.scopes)?;
        check_limit(&permit, draft.rate_limit)?;
        retried(|| self.try_create(&permit, &draft, request.as_ref())).await
    }

    pub(super) async fn try_create<A>(
        &self,
        permit: &Permit<A>,
        draft: &Draft,
        request: Option<&RequestName>,
    ) -> Result<Issued, Error> {
        let now = self.clock.now();
        let mut tx = self.begin(permit, now).await?;
        if let Some(answer) = answered(&mut *tx, &permit.actor(), request, now).await? {
            let issued = again(&mut *tx, answer).await?;
            // The first request may commit together with this one.
            tx.commit().await?;
            return Ok(issued);
        }
        self.check_role(&mut *tx, permit, &draft.scopes).await?;
        let issued = self.issue(&mut *tx, draft.clone(), now).await?;
        let key = &issued.key;
        if key.rate_limit.is_some() {
            tx.record_change(&key.change()).await?;
        }
        let detail = json!({
            "label": key.label, "tenantId": key.tenant.0, "scopes": self.names(key), "rateLimit": key.rate_limit,
        });
        tx.add_audit(&Entry::by(permit, now, "key.create", key.id.to_string(), detail)).await?;
        remember(&mut *tx, &permit.actor(), request, key, now).await?;
        let head = tx.head().await?;
        tx.commit().await?;
        // A signing key may have been made a moment ago: the edge must know it before anybody uses the key.
        self.propagation.wait_until_in_force(head).await?;
        Ok(issued)
    }

    /// Makes a new key with the same label, scopes and lifetime, and ends the old one: at once, or after the
    /// overlap.
    pub async fn rotate(
        &self,
        permit: Permit<RotateKey>,
        id: KeyId,
        rotation: Rotation,
        request: Option<RequestName>,
        wait: Wait,
    ) -> Result<Issued, Error> {
        rotation.check("overlapSeconds")?;
        retried(|| self.try_rotate(&permit, id, rotation, request.as_ref(), wait)).await
    }

    pub(super) async fn try_rotate<A>(
        &self,
        permit: &Permit<A>,
        id: KeyId,
        rotation: Rotation,
        request: Option<&RequestName>,
        wait: Wait,
    ) -> Result<Issued, Error> {
        let now = self.clock.now();
        let mut tx = self.begin(permit, now).await?;
        if let Some(answer) = answered(&mut *tx, &permit.actor(), request, now).await? {
            let issued = again(&mut *tx, answer).await?;
            // The first answer may have been lost before the change was in force.
            let head = tx.head().await?;
            tx.commit().await?;
            let receipt = Some(self.propagation.receipt(head, wait).await?);
            return Ok(Issued { receipt, ..issued });
        }
        let mut old = match self.find_to_rotate(&mut *tx, permit, id).await {
            Ok(old) => old,
            Err(error) => return Err(refused(tx, &*self.propagation, error).await),
        };
        let mut issued = self.issue(&mut *tx, self.successor(&old, permit), now).await?;
        old.rotated_at = Some(now);
        old.retires_at = Some(now.plus_secs(rotation.overlap_secs.into()));
        if rotation.overlap_secs == 0 {
            old.revoked_at = Some(now);
        }
        tx.save_key(&old).await?;
        let mut revision = tx.record_change(&old.change()).await?;
        // Rotating changes the key, not its switch nor its limit: the successor of a disabled key is born disabled.
        if !issued.key.is_on() || issued.key.rate_limit.is_some() {
            revision = tx.record_change(&issued.key.change()).await?;
        }
        let detail =
            json!({ "successor": issued.key.id.to_string(), "overlapSeconds": rotation.overlap_secs });
        tx.add_audit(&Entry::by(permit, now, "key.rotate", id.to_string(), detail)).await?;
        remember(&mut *tx, &permit.actor(), request, &issued.key, now).await?;
        tx.commit().await?;
        issued.receipt = Some(self.propagation.receipt(revision, wait).await?);
        Ok(issued)
    }

    /// The maximum may have been lowered since the old key was made.
    fn successor<A>(&self, old: &Key, permit: &Permit<A>) -> Draft {
        let created_by = match old.created_by {
            // It stays a key of its owner, whoever rotates it.
            owner @ Creator::User(_) => owner,
            Creator::Key(_) | Creator::Master => permit.key().map_or(Creator::Master, Creator::Key),
        };
        Draft::successor(old, i64::from(self.max_lifetime_days) * DAY, created_by)
    }

    pub(super) fn check_lifetime(&self, field: &str, days: i64) -> Result<i64, Error> {
        let max = i64::from(self.max_lifetime_days);
        if !(1..=max).contains(&days) {
            return Err(Error::invalid(format!("{field}: must be 1 to {max}")));
        }
        Ok(days * DAY)
    }

    /// Nobody hands on what it does not hold.
    pub(super) fn check_grant<A>(&self, permit: &Permit<A>, scopes: &[ScopeBit]) -> Result<(), Error> {
        match self.catalogue.first_beyond(permit.grantable(), scopes) {
            Some(bit) => Err(Error::insufficient_scope(&self.catalogue.name(bit))),
            None => Ok(()),
        }
    }

    /// Whether the role of a user who asks holds these scopes as it is now: its JWT may be from before a change.
    async fn check_role<A>(
        &self,
        tx: &mut dyn Tx,
        permit: &Permit<A>,
        scopes: &[ScopeBit],
    ) -> Result<(), Error> {
        let Some(user) = permit.user() else { return Ok(()) };
        // Beginning the write has refused who is no member.
        let membership = tx.membership(user.id(), user.tenant()).await?;
        let role = membership.ok_or_else(|| Error::internal("a write by no member"))?.role;
        match self.role_scopes.lacks(role, scopes) {
            Some(name) => Err(Error::insufficient_scope(&name)),
            None => Ok(()),
        }
    }

    /// Rotating hands the successor's text to the caller, so it grants what the key holds.
    async fn find_to_rotate<A>(&self, tx: &mut dyn Tx, permit: &Permit<A>, id: KeyId) -> Result<Key, Error> {
        let key = tx.lookup_key(id).await?;
        let key = key
            .filter(|key| permit.reach().includes(key.tenant, key.id, key.owner()))
            .ok_or_else(|| Error::not_found("key"))?;
        self.check_grant(permit, &key.scopes)?;
        check_limit(permit, key.rate_limit)?;
        let conflict = match (key.rotated_at, key.revoked_at) {
            (None, None) => return Ok(key),
            (Some(_), _) => "key has already been rotated",
            (None, Some(_)) => "key has been deleted",
        };
        Err(Error::conflict(conflict))
    }

    /// Writes and signs a key with the slot that signs now.
    async fn issue(&self, tx: &mut dyn Tx, draft: Draft, now: Timestamp) -> Result<Issued, Error> {
        let tenant = tx.lookup_tenant(draft.tenant).await?;
        let tenant = tenant.ok_or_else(|| Error::invalid("tenantId: no such tenant"))?;
        if !tenant.is_active {
            return Err(Error::conflict("tenant is disabled"));
        }
        if let Creator::User(user) = draft.created_by {
            check_room(tx, user, draft.tenant, now).await?;
        }
        let slots = tx.slots().await?;
        let signer = signer(&slots).ok_or_else(|| Error::internal("no signing key"))?;
        // A clock that was set back must not make keys that are revoked from birth.
        let issued_at = now.max(signer.not_before).max(tenant.not_before.unwrap_or(now));
        let key = draft.into_key(self.new_id(issued_at), signer.slot, issued_at.whole_seconds());
        tx.add_key(&key).await?;
        let plain = key.claims().sign(key.prefix, &SigningKey::for_api_keys(&signer.secret));
        Ok(Issued { key, plain, receipt: None })
    }

    pub(super) fn new_id(&self, at: Timestamp) -> KeyId {
        KeyId::new(Uuid::v7(at.ms().unsigned_abs(), random(&*self.entropy)))
    }
}

/// All of a key but its id and its times.
#[derive(Clone)]
pub(super) struct Draft {
    pub(super) tenant: TenantId,
    pub(super) prefix: Prefix,
    pub(super) label: String,
    pub(super) scopes: Vec<ScopeBit>,
    pub(super) lifetime: i64,
    pub(super) is_active: bool,
    pub(super) created_by: Creator,
    pub(super) is_suspended: bool,
    pub(super) rate_limit: Option<u32>,
    pub(super) limited_as: Option<KeyId>,
    pub(super) rotated_from: Option<KeyId>,
}

impl Rotation {
    pub(super) fn check(self, field: &str) -> Result<(), Error> {
        if self.overlap_secs > MAX_OVERLAP {
            return Err(Error::invalid(format!("{field}: must be 0 to {MAX_OVERLAP}")));
        }
        Ok(())
    }
}

impl Draft {
    fn successor(old: &Key, max_lifetime: i64, created_by: Creator) -> Self {
        Self {
            tenant: old.tenant,
            prefix: old.prefix,
            label: old.label.clone(),
            scopes: old.scopes.clone(),
            lifetime: max_lifetime.min(old.expires_at.secs() - old.created_at.secs()),
            is_active: old.is_active,
            created_by,
            is_suspended: old.is_suspended,
            rate_limit: old.rate_limit,
            // Otherwise a key that rotates itself would have a new budget each time.
            limited_as: Some(old.limited_as.unwrap_or(old.id)),
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
            is_suspended: self.is_suspended,
            rate_limit: self.rate_limit,
            limited_as: self.limited_as,
            rotated_from: self.rotated_from,
            last_used_at: None,
        }
    }
}
