//! Asking for usage.

use super::list::points;
use super::{Ask, LastClient, Point, Step, UsageEnd, Window};
use crate::access::{Permit, Reach, ReadUsage};
use crate::error::Error;
use crate::port::Store;
use crate::time::{Clock, Timestamp};
use std::sync::Arc;
use titan_token::KeyId;

/// How many days rollups are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retention {
    /// Those of minutes.
    pub minute: u32,
    /// Those of hours.
    pub hour: u32,
    /// Those of days, and from where keys were used.
    pub day: u32,
    /// Whether it is kept at all from where keys were used.
    pub keeps_clients: bool,
}

impl Retention {
    /// What begins before this is deleted. A rollup goes when all of it is old.
    pub fn end(&self, now: Timestamp) -> UsageEnd {
        let before = |step: Step, days| step.floor(now.plus_secs(-i64::from(days) * Step::Day.secs()));
        let day = before(Step::Day, self.day);
        let clients = if self.keeps_clients { day } else { Timestamp::from_ms(i64::MAX) };
        UsageEnd {
            minute: before(Step::Minute, self.minute),
            hour: before(Step::Hour, self.hour),
            day,
            clients,
        }
    }
}

/// An answer.
#[derive(Debug)]
pub struct Usage {
    /// Its time.
    pub window: Window,
    /// Before this time, rollups of this length may be deleted.
    pub kept_from: Timestamp,
    /// What was counted; times without any are left out.
    pub points: Vec<Point>,
}

/// An answer about one key.
#[derive(Debug)]
pub struct KeyUsage {
    /// What was counted.
    pub usage: Usage,
    /// From where it was last used.
    pub last_client: Option<LastClient>,
}

/// The rules of usage.
pub struct UsageService {
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    retention: Option<Retention>,
}

impl UsageService {
    /// The rules over this store. Without a retention, nothing is counted.
    pub fn new(store: Arc<dyn Store>, clock: Arc<dyn Clock>, retention: Option<Retention>) -> Self {
        Self { store, clock, retention }
    }

    /// What the caller may see of what was counted.
    pub async fn list(&self, permit: &Permit<ReadUsage>, ask: Ask) -> Result<Usage, Error> {
        let tenant = match permit.reach() {
            Reach::Everything => ask.tenant,
            Reach::Tenant(own) if ask.tenant.is_none_or(|tenant| tenant == own) => Some(own),
            // For its holder, other tenants do not exist.
            Reach::Tenant(_) | Reach::Itself(_) | Reach::Owned(..) => return Err(Error::not_found("tenant")),
        };
        let off = || Error::conflict("usage is not counted: usage_day_retention is 0");
        let (now, retention) = (self.clock.now(), self.retention.ok_or_else(off)?);
        let (query, window) = Ask { tenant, ..ask }.resolve(now)?;
        let points = points(self.store.usage(&query).await?);
        Ok(Usage { window, kept_from: retention.end(now).of(window.step), points })
    }

    /// The same of one key, which may be deleted since. One that nothing is known of does not exist.
    pub async fn of_key(&self, permit: &Permit<ReadUsage>, key: KeyId, ask: Ask) -> Result<KeyUsage, Error> {
        let usage = self.list(permit, Ask { key: Some(key), ..ask }).await?;
        let last_client = self.store.last_client(key).await?.filter(|_| permit.reach() == Reach::Everything);
        let is_known = !usage.points.is_empty() || last_client.is_some();
        if !is_known && self.store.key(key).await?.is_none() {
            return Err(Error::not_found("key"));
        }
        Ok(KeyUsage { usage, last_client })
    }
}
