//! Keys that another system has issued: found by their SHA-256, until their holders have rotated them.

use super::service::KeyService;
use super::{Creator, Key, check_text};
use crate::access::{ImportKeys, Permit};
use crate::audit::Entry;
use crate::error::Error;
use crate::port::Tx;
use crate::retry::retried;
use crate::revision::{Change, ImportedStatus};
use crate::store_error::StoreResult;
use crate::tenant::DEFAULT;
use crate::time::Timestamp;
use async_trait::async_trait;
use serde_json::json;
use std::collections::HashSet;
use titan_token::{HashedKey, KeyId, Prefix, ScopeBit, Slot, TenantId};

/// How many keys one request can import: no other change, and no lease, waits long for them.
const MOST_ROWS: usize = 100;

/// A key of another system, as a request names it.
#[derive(Clone, Debug)]
pub struct ForeignKey {
    /// SHA-256 of its whole text: 64 hexadecimal digits.
    pub sha256: String,
    /// 1 to 100 characters.
    pub label: String,
    /// Names of the catalogue.
    pub scopes: Vec<String>,
    /// RFC 3339
    pub expires_at: String,
    /// The tenant; `None`: the default one.
    pub tenant: Option<TenantId>,
}

/// What has become of it.
#[derive(Debug)]
pub enum ImportResult {
    /// It is a key of this id now.
    Added(KeyId),
    /// It was a key before.
    Known(KeyId),
    /// It is none, because of this.
    Refused(Error),
}

/// A key whose row is right.
struct Checked {
    hash: HashedKey,
    label: String,
    scopes: Vec<ScopeBit>,
    expires_at: Timestamp,
    tenant: TenantId,
}

impl KeyService {
    /// Imports keys, all good ones together. With `is_dry_run`, it only says what would become of them.
    pub async fn import(
        &self,
        permit: &Permit<ImportKeys>,
        keys: &[ForeignKey],
        is_dry_run: bool,
    ) -> Result<Vec<ImportResult>, Error> {
        if keys.is_empty() || keys.len() > MOST_ROWS {
            return Err(Error::invalid(format!("keys: must have 1 to {MOST_ROWS} keys")));
        }
        retried(|| self.try_import(permit, keys, is_dry_run)).await
    }

    async fn try_import(
        &self,
        permit: &Permit<ImportKeys>,
        keys: &[ForeignKey],
        is_dry_run: bool,
    ) -> Result<Vec<ImportResult>, Error> {
        let now = self.clock.now();
        let mut tx = self.begin(permit, now).await?;
        let (mut results, mut seen) = (Vec::with_capacity(keys.len()), HashSet::new());
        for key in keys {
            let result = match self.check_foreign(key, now) {
                Ok(checked) if !seen.insert(*checked.hash.as_bytes()) => {
                    Ok(ImportResult::Refused(Error::conflict("sha256: is in this request twice")))
                }
                Ok(checked) => self.import_one(&mut *tx, permit, checked, now, is_dry_run).await,
                Err(error) => Ok(ImportResult::Refused(error)),
            };
            results.push(result?);
        }
        if is_dry_run {
            return Ok(results);
        }
        let head = tx.head().await?;
        tx.commit().await?;
        // From then on, every instance knows them.
        self.propagation.wait_until_in_force(head).await?;
        Ok(results)
    }

    fn check_foreign(&self, key: &ForeignKey, now: Timestamp) -> Result<Checked, Error> {
        let hash = read_hash(&key.sha256);
        let hash = hash.ok_or_else(|| Error::invalid("sha256: must be 64 hexadecimal digits"))?;
        check_text("label", &key.label)?;
        let expires_at = Timestamp::parse(&key.expires_at);
        let expires_at = expires_at.ok_or_else(|| Error::invalid("expiresAt: must be RFC 3339"))?;
        if expires_at <= now {
            return Err(Error::invalid("expiresAt: is past"));
        }
        // The last second that a key can say.
        if expires_at.secs() > i64::from(u32::MAX) {
            return Err(Error::invalid("expiresAt: must be before 2106-02-07T06:28:16Z"));
        }
        let (scopes, tenant) = (self.catalogue.parse(&key.scopes)?, key.tenant.unwrap_or(DEFAULT));
        let (label, expires_at) = (key.label.clone(), expires_at.whole_seconds());
        Ok(Checked { hash: HashedKey::from_bytes(hash), label, scopes, expires_at, tenant })
    }

    async fn import_one(
        &self,
        tx: &mut dyn Tx,
        permit: &Permit<ImportKeys>,
        checked: Checked,
        now: Timestamp,
        is_dry_run: bool,
    ) -> Result<ImportResult, Error> {
        let tenant = tx.lookup_tenant(checked.tenant).await?;
        let Some(tenant) = tenant else {
            return Ok(ImportResult::Refused(Error::invalid("tenantId: no such tenant")));
        };
        if let Some(id) = tx.find_by_hash(&checked.hash).await? {
            return Ok(ImportResult::Known(id));
        }
        // A tenant whose keys were all revoked a moment ago must not refuse it.
        let issued_at = now.max(tenant.not_before.unwrap_or(now));
        let (hash, key) = (checked.hash, checked.into_key(self.new_id(issued_at), issued_at.whole_seconds()));
        if is_dry_run {
            return Ok(ImportResult::Added(key.id));
        }
        tx.add_key(&key).await?;
        tx.add_imported(&hash, &key).await?;
        let claims = key.claims();
        let (scopes, expires_at) = (claims.scopes, claims.expires_at);
        let status = ImportedStatus { id: key.id, tenant: key.tenant, scopes, expires_at };
        tx.record_change(&Change::Imported(hash, status)).await?;
        let detail = json!({ "label": key.label, "tenantId": key.tenant.0, "scopes": self.names(&key) });
        tx.add_audit(&Entry::by(permit, now, "key.import", key.id.to_string(), detail)).await?;
        Ok(ImportResult::Added(key.id))
    }

    /// The keys that were imported and not rotated nor deleted since, the oldest first.
    pub async fn imported(
        &self,
        _permit: &Permit<ImportKeys>,
        after: Option<KeyId>,
        limit: u32,
    ) -> Result<(Vec<Key>, Option<KeyId>), Error> {
        let (now, keys) = (self.clock.now(), self.store.imported_keys(after, limit).await?);
        let is_full = u32::try_from(keys.len()) == Ok(limit);
        let next = keys.last().filter(|_| is_full).map(|key| key.id);
        let living = keys.into_iter().filter(|key| !key.is_gone(now) && key.expires_at > now).collect();
        Ok((living, next))
    }
}

impl Checked {
    fn into_key(self, id: KeyId, created_at: Timestamp) -> Key {
        Key {
            id,
            tenant: self.tenant,
            prefix: Prefix::Standard,
            slot: Slot::FIRST,
            label: self.label,
            scopes: self.scopes,
            created_at,
            expires_at: self.expires_at,
            is_active: true,
            revoked_at: None,
            rotated_at: None,
            retires_at: None,
            created_by: Creator::Master,
            is_suspended: false,
            rate_limit: None,
            limited_as: None,
            rotated_from: None,
            last_used_at: None,
        }
    }
}

fn read_hash(text: &str) -> Option<[u8; 32]> {
    let (pairs, rest) = text.as_bytes().as_chunks::<2>();
    let digit = |c: u8| char::from(c).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let bytes: Option<Vec<u8>> = pairs.iter().map(|[a, b]| Some(digit(*a)? << 4 | digit(*b)?)).collect();
    bytes.filter(|_| rest.is_empty())?.try_into().ok()
}

/// Reading imported keys.
#[async_trait]
pub trait ImportedKeys {
    /// The rows of keys that were imported, by id, from behind `after`.
    async fn imported_keys(&self, after: Option<KeyId>, limit: u32) -> StoreResult<Vec<Key>>;
}

/// Importing keys.
#[async_trait]
pub trait ImportedKeysTx {
    /// The key that is found by this hash, imported or opaque, gone or not.
    async fn find_by_hash(&mut self, hash: &HashedKey) -> StoreResult<Option<KeyId>>;

    /// From now on, this key is found by this hash.
    async fn add_imported(&mut self, hash: &HashedKey, key: &Key) -> StoreResult<()>;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hash_is_64_digits_in_either_case() {
        let digits = "00ff".repeat(16);
        assert_eq!(read_hash(&digits).unwrap()[..2], [0, 255]);
        assert_eq!(read_hash(&digits.to_uppercase()), read_hash(&digits));
        for bad in ["", "00", &digits[1..], &format!("{digits}0"), &digits.replace('f', "g"), &"é".repeat(32)]
        {
            assert_eq!(read_hash(bad), None, "{bad}");
        }
    }
}
