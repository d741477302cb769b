//! Lists of keys: filters, orders, and where the next page begins.

use super::{Key, KeyService, check_text};
use crate::access::{ListKeys, Permit, Reach};
use crate::error::Error;
use crate::time::Timestamp;
use titan_token::{KeyId, ScopeBit, TenantId, UserId};

/// How a list is sorted. Keys with an equal time are sorted by id.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Sort {
    /// The order in which keys were created.
    #[default]
    Created,
    /// The time of expiry.
    Expires,
    /// The time of the last use. A key that was never used counts as the earliest.
    LastUsed,
}

/// The direction of a list.
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

    /// The order that a list has by default: the newest keys first, or what needs attention first.
    pub const fn usual_order(self) -> Order {
        match self {
            Self::Created => Order::Descending,
            Self::Expires | Self::LastUsed => Order::Ascending,
        }
    }

    /// The value by which a key is sorted. For the order of creation, the store finds the place by the id alone.
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

/// Who created a key.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Creator {
    /// An API key.
    Key(KeyId),
    /// The master key.
    #[default]
    Master,
    /// A user, to whom the key belongs.
    User(UserId),
}

/// A place in a list: directly after this key, even if the key does not exist any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Position {
    /// The result of [`Sort::value`].
    pub value: i64,
    /// The key.
    pub id: KeyId,
}

/// Which keys a list shows.
#[derive(Clone, Debug, Default)]
pub struct KeyFilter {
    /// Only keys of this tenant.
    pub tenant: Option<TenantId>,
    /// Only keys that are enabled, or only keys that are not.
    pub is_active: Option<bool>,
    /// Only keys whose label contains this text. Upper and lower case of ASCII letters are equal.
    pub label: Option<String>,
    /// Only keys with this creator.
    pub created_by: Option<Creator>,
    /// Only keys that were granted exactly this scope.
    pub scope: Option<ScopeBit>,
    /// Only keys that expire before this time.
    pub expires_before: Option<Timestamp>,
    /// Only keys that were last used before this time, or never.
    pub last_used_before: Option<Timestamp>,
    /// How the list is sorted.
    pub sort: Sort,
    /// The direction.
    pub order: Order,
    /// Only keys after this place.
    pub after: Option<Position>,
    /// Keys that are gone at this time are not in the list.
    pub now: Option<Timestamp>,
    /// The maximum number of keys.
    pub limit: u32,
}

/// A page of a list.
#[derive(Debug)]
pub struct Page {
    /// The keys, in the order of the filter.
    pub keys: Vec<Key>,
    /// The place after which the next page begins, if there can be more keys. A page examines a limited number of
    /// keys, so it can have fewer keys than the limit, or none, and still have a next page.
    pub next: Option<Position>,
}

impl KeyService {
    /// The caller's keys. `limit` must be 1 to 1000.
    pub async fn list(&self, permit: &Permit<ListKeys>, filter: KeyFilter) -> Result<Page, Error> {
        let tenant = match permit.reach() {
            Reach::Everything => filter.tenant,
            // Such a reach never comes with a permit to list; nothing would be shown for it.
            Reach::Itself(_) | Reach::Owned(..) => return Err(Error::not_found("key")),
            Reach::Tenant(own) => Some(own),
        };
        if let Some(label) = &filter.label {
            check_text("label", label)?;
        }
        let filter = KeyFilter { tenant, now: Some(self.clock.now()), ..filter };
        Ok(self.store.keys(&filter).await?)
    }
}
