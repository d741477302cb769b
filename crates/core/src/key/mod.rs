//! API keys: rows, and what may happen to them.

mod delete;
mod import;
mod issue;
mod list;
mod own;
pub(crate) mod owner;
mod replay;
mod save;
mod service;

use crate::access::Permit;
use crate::error::Error;
use crate::limit::MOST;
use crate::revision::{Change, KeyStatus};
use crate::store_error::StoreResult;
use crate::time::Timestamp;
use async_trait::async_trait;
pub use import::{ForeignKey, ImportResult, ImportedKeys, ImportedKeysTx};
pub use list::{Creator, KeyFilter, Order, Page, Position, Sort};
pub use own::{Environment, NewOwnKey};
pub use owner::RoleScopes;
pub(crate) use save::{audited, write};
pub(crate) use service::check_caller;
pub use service::{Changed, Issued, KeyService, KeyUpdate, NewKey, Revoked, Rotation};
use titan_token::{Claims, KeyId, Prefix, ScopeBit, Slot, TenantId, UserId};

/// A key's row: everything but the key, which can be signed again from it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Key {
    /// Its id.
    pub id: KeyId,
    /// To whom it belongs.
    pub tenant: TenantId,
    /// For which surface it was issued.
    pub prefix: Prefix,
    /// The signing key that signed it.
    pub slot: Slot,
    /// What people call it.
    pub label: String,
    /// What was granted, in the order in which it was asked for.
    pub scopes: Vec<ScopeBit>,
    /// When it was issued, in whole seconds.
    pub created_at: Timestamp,
    /// From when on it is expired.
    pub expires_at: Timestamp,
    /// The switch.
    pub is_active: bool,
    /// When it was revoked for good.
    pub revoked_at: Option<Timestamp>,
    /// When it was rotated.
    pub rotated_at: Option<Timestamp>,
    /// When a rotated key dies: later than `rotated_at` by the overlap.
    pub retires_at: Option<Timestamp>,
    /// Who made it.
    pub created_by: Creator,
    /// Switched off because of its owner: a user who is disabled, or whose role does not hold its scopes any more.
    pub is_suspended: bool,
    /// How many requests it may make in any 60 seconds.
    pub rate_limit: Option<u32>,
    /// The key with which it shares this limit: the first of those whose successor it is.
    pub limited_as: Option<KeyId>,
    /// The key whose successor it is.
    pub rotated_from: Option<KeyId>,
    /// When it was last accepted, at most a minute ago.
    pub last_used_at: Option<Timestamp>,
}

/// When the key with this id was issued.
pub(crate) fn issued_at(id: KeyId) -> Timestamp {
    Timestamp::from_ms(i64::try_from(id.uuid().unix_ms()).unwrap_or(i64::MAX))
}

impl Key {
    /// What the key itself says.
    pub fn claims(&self) -> Claims {
        Claims {
            slot: self.slot,
            id: self.id,
            tenant: self.tenant,
            scopes: self.scopes.iter().copied().collect(),
            expires_at: self.expires_at.secs_u32(),
        }
    }

    /// When it was issued, to the millisecond: as its id says.
    pub fn issued_at(&self) -> Timestamp {
        issued_at(self.id)
    }

    /// Whether it is gone for good: deleted, or rotated and past its overlap.
    pub fn is_gone(&self, now: Timestamp) -> bool {
        self.revoked_at.is_some() || self.retires_at.is_some_and(|end| now >= end)
    }

    /// Whether neither its switch nor its owner keeps it from being used.
    pub fn is_on(&self) -> bool {
        self.is_active && !self.is_suspended
    }

    /// The user to whom it belongs. It lives and dies with the membership of that user.
    pub fn owner(&self) -> Option<UserId> {
        match self.created_by {
            Creator::User(user) => Some(user),
            Creator::Key(_) | Creator::Master => None,
        }
    }

    /// What the edge must know of it.
    pub fn change(&self) -> Change {
        let retirement = self.rotated_at.zip(self.retires_at).map(|(since, until)| (since.ms(), until.ms()));
        let status = KeyStatus {
            is_revoked: self.revoked_at.is_some(),
            is_disabled: !self.is_on(),
            retirement,
            rate_limit: self.rate_limit,
            limited_as: self.limited_as.filter(|_| self.rate_limit.is_some()),
        };
        Change::Key(self.id, status)
    }
}

/// A limit as people give it: 0 is none.
pub(crate) fn check_rate_limit(limit: u32) -> Result<Option<u32>, Error> {
    if limit > MOST {
        return Err(Error::invalid(format!("rateLimit: must be 0 to {MOST}")));
    }
    Ok(Some(limit).filter(|limit| *limit > 0))
}

/// A key that is limited makes and rotates no key that is limited less, and raises no limit.
fn check_limit<A>(permit: &Permit<A>, limit: Option<u32>) -> Result<(), Error> {
    match permit.rate_limit() {
        Some(own) if limit.is_none_or(|limit| limit > own) => {
            Err(Error::invalid(format!("rateLimit: must be 1 to {own}, as the calling key has this limit")))
        }
        _ => Ok(()),
    }
}

/// A text that people gave something: 1 to 100 characters, none of them a control character.
pub(crate) fn check_text(field: &str, text: &str) -> Result<(), Error> {
    let length = text.chars().count();
    if !(1..=100).contains(&length) || text.trim().is_empty() {
        return Err(Error::invalid(format!("{field}: must have 1 to 100 characters")));
    }
    if text.chars().any(char::is_control) {
        return Err(Error::invalid(format!("{field}: must not contain control characters")));
    }
    Ok(())
}

/// Reading keys.
#[async_trait]
pub trait Keys {
    /// One key, gone or not.
    async fn key(&self, id: KeyId) -> StoreResult<Option<Key>>;

    /// Keys that are not gone, in the order of the filter. The work for one page is limited, whatever the table
    /// contains, so a page can end early.
    async fn keys(&self, filter: &KeyFilter) -> StoreResult<Page>;

    /// Writes when keys were last accepted. A time before the one that is there changes nothing.
    async fn record_uses(&self, uses: &[(KeyId, Timestamp)]) -> StoreResult<()>;
}

/// Which descendants of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Which {
    /// Those that are switched on.
    Active,
    /// All that are not revoked.
    Living,
}

/// Changing keys.
#[async_trait]
pub trait KeysTx {
    /// One key, gone or not, as this transaction sees it.
    async fn lookup_key(&mut self, id: KeyId) -> StoreResult<Option<Key>>;

    /// The keys that a key made, and theirs, through rotations, and those of which it is the successor; without
    /// the key itself and those that are revoked. At most `limit`.
    async fn descendants(&mut self, id: KeyId, which: Which, limit: u32) -> StoreResult<Vec<Key>>;

    /// The keys that this key created itself and that are not revoked. At most `limit`.
    async fn made_by(&mut self, id: KeyId, limit: u32) -> StoreResult<Vec<Key>>;

    /// The keys of a user in a tenant that are not revoked and expire after this time. At most `limit`.
    async fn owned_by(
        &mut self,
        user: UserId,
        tenant: TenantId,
        after: Timestamp,
        limit: u32,
    ) -> StoreResult<Vec<Key>>;

    /// Adds a key. A failure may come to light only at the commit.
    async fn add_key(&mut self, key: &Key) -> StoreResult<()>;

    /// Writes what can change of a key: label, switch, suspension, and how it ends.
    async fn save_key(&mut self, key: &Key) -> StoreResult<()>;
}
