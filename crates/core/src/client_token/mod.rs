//! Client tokens: what a page in a browser holds, and the rules that decide what it may do.
//!
//! `docs/adr/0027-client-tokens.md` has the argument. The rules have no table: their row in the log of changes is the record, so
//! every instance reads them as it reads everything else.

mod draft;
mod input;
mod origin;
mod rules;
mod service;

use crate::limit::Person;
use crate::store_error::StoreResult;
use crate::time::Timestamp;
use async_trait::async_trait;
pub use draft::RulesDraft;
pub use origin::WebOrigin;
pub use rules::{ClientRules, RecipientMode};
pub use service::{ClientTokenService, Minted, NewClientToken};
use std::time::Duration;
use titan_token::{ClientTokenId, SessionName, TenantId, Uuid};

/// No token lives longer.
pub const LONGEST_LIFE: Duration = Duration::from_hours(1);
/// How many sessions of a tenant can have rules, and how long these can be together, as JSON: every instance has them in memory.
pub const MOST_SESSIONS: u64 = 10_000;
/// See [`MOST_SESSIONS`].
pub const MOST_BYTES: u64 = 4 * 1024 * 1024;

/// What the rules of a tenant take.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Room {
    /// How many sessions have rules, or had them.
    pub sessions: u64,
    /// How long they are together, as JSON.
    pub bytes: u64,
}

/// A session of the guarded API, and whose it is. Two tenants can have sessions of one name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ClientSession {
    /// Its name.
    pub name: SessionName,
    /// Its tenant.
    pub tenant: TenantId,
}

/// A client token that was revoked. Only its own tenant can do that.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RevokedToken {
    /// Its id, which begins with the time at which it was made.
    pub id: ClientTokenId,
    /// Its tenant.
    pub tenant: TenantId,
}

impl RevokedToken {
    /// What lies before this has expired at or before that time: the edge forgets it, and the log loses its row.
    pub fn end_of_expired(until: Timestamp) -> Self {
        // A second more: a token begins with a whole one.
        let life_ms = u64::try_from(LONGEST_LIFE.as_millis()).unwrap_or(u64::MAX).saturating_add(1000);
        let made_before = u64::try_from(until.ms()).unwrap_or_default().saturating_sub(life_ms);
        let id = ClientTokenId::new(Uuid::from_bits(u128::from(made_before) << 80));
        Self { id, tenant: TenantId(0) }
    }
}

/// A day, by its number since 1970-01-01 (UTC).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Day(pub u32);

/// Reading the rules.
#[async_trait]
pub trait ClientRulesStore {
    /// The rules of a session.
    async fn client_rules(&self, session: &ClientSession) -> StoreResult<Option<ClientRules>>;
}

/// Reading the rules to change them.
#[async_trait]
pub trait ClientRulesTx {
    /// The rules of a session, as this transaction sees them.
    async fn current_client_rules(&mut self, session: &ClientSession) -> StoreResult<Option<ClientRules>>;

    /// What the rules of a tenant take.
    async fn room_of_client_rules(&mut self, tenant: TenantId) -> StoreResult<Room>;
}

/// What persons have sent on a day.
#[async_trait]
pub trait DailyCounts {
    /// Counts one more of this day, if it is one of the first `most`. Whether it is.
    async fn count_daily(&self, person: Person, day: Day, most: u32) -> StoreResult<bool>;

    /// Deletes the counts of earlier days.
    async fn sweep_days(&self, before: Day) -> StoreResult<()>;
}
