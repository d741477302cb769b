//! Lists of keys: what they can be narrowed to, their orders, and where the next part begins.

use super::{Key, KeyService, check_text};
use crate::access::{ListKeys, Permit, Reach};
use crate::error::Error;
use crate::time::Timestamp;
use titan_token::{KeyId, ScopeBit, TenantId};

/// By what a list is sorted. Keys of one moment are sorted by their ids.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Sort {
    /// The order in which keys were made.
    #[default]
    Created,
    /// When they expire.
    Expires,
    /// When they were last used; a key that was never used comes before all others.
    LastUsed,
}

/// Which end comes first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Order {
    /// The earliest first.
    Ascending,
    /// The latest first.
    #[default]
    Descending,
}

impl Sort {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Created, Self::Expires, Self::LastUsed];

    /// The newest keys first; otherwise what needs attention first.
    pub const fn usual_order(self) -> Order {
        match self {
            Self::Created => Order::Descending,
            Self::Expires | Self::LastUsed => Order::Ascending,
        }
    }

    /// Where a key stands in this order. The order of creation is not told by a value, but by the id alone.
    pub fn value(self, key: &Key) -> i64 {
        match self {
            Self::Created => 0,
            Self::Expires => key.expires_at.ms(),
            Self::LastUsed => key.last_used_at.map_or(0, Timestamp::ms),
        }
    }
}

impl Order {
    /// Both of them.
    pub const ALL: [Self; 2] = [Self::Ascending, Self::Descending];
}

/// Who made a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Creator {
    /// This key.
    Key(KeyId),
    /// The master key.
    Master,
}

/// A place in a list: behind a key that stands, or stood, there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Position {
    /// As [`Sort::value`] gave it.
    pub value: i64,
    /// The key.
    pub id: KeyId,
}

/// Which keys a list shows.
#[derive(Clone, Debug, Default)]
pub struct KeyFilter {
    /// Of this tenant alone.
    pub tenant: Option<TenantId>,
    /// With this switch alone.
    pub is_active: Option<bool>,
    /// With this in their label; capital and small letters of ASCII are the same.
    pub label: Option<String>,
    /// Made by this one.
    pub created_by: Option<Creator>,
    /// That were granted this very scope.
    pub scope: Option<ScopeBit>,
    /// That expire before this time.
    pub expires_before: Option<Timestamp>,
    /// That were last used before this time, or never.
    pub last_used_before: Option<Timestamp>,
    /// By what they are sorted.
    pub sort: Sort,
    /// Which end comes first.
    pub order: Order,
    /// Only those behind this place.
    pub after: Option<Position>,
    /// Keys gone at this time are left out.
    pub now: Option<Timestamp>,
    /// How many at most.
    pub limit: u32,
}

/// A part of a list.
#[derive(Debug)]
pub struct Page {
    /// In the order that was asked for.
    pub keys: Vec<Key>,
    /// Behind which place the next part begins, if there may be more. A part with fewer keys than asked for, even
    /// with none, may have one: no part looks at more than a bounded number of keys.
    pub next: Option<Position>,
}

impl KeyService {
    /// The caller's keys. `limit` is 1 to 1000.
    pub async fn list(&self, permit: &Permit<ListKeys>, filter: KeyFilter) -> Result<Page, Error> {
        let tenant = match permit.reach() {
            Reach::Everything => filter.tenant,
            // A reach of one key never comes with a permit to list; nothing would be shown for it.
            Reach::Itself(_) => return Err(Error::not_found("key")),
            Reach::Tenant(own) => Some(own),
        };
        if let Some(label) = &filter.label {
            check_text("label", label)?;
        }
        let filter = KeyFilter { tenant, now: Some(self.clock.now()), ..filter };
        Ok(self.store.keys(&filter).await?)
    }
}
