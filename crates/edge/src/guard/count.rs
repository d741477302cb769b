//! What a request that may pass counts for: its limits, and the last use of its key.

use super::Guard;
use super::client::client_limit;
use super::recheck::PATIENCE;
use crate::limits::{Cost, Quota, Refusal};
use titan_core::access::{Denial, Principal};
use titan_core::limit::Subject;
use titan_core::settings::Settings;
use titan_core::time::Moment;

impl Guard {
    /// Counts a request that may pass toward its limits. The quota is that of the tightest one; `None` if nothing is limited.
    pub async fn count(
        &self,
        principal: &Principal,
        is_message: bool,
        amount: u32,
        now: Moment,
    ) -> Result<Option<Quota>, Refusal> {
        let own = match principal {
            Principal::Client(token) => client_limit(token),
            Principal::Key(key) => key.limit().map(|(id, limit)| (Subject::Key(id), limit)),
            Principal::Opaque(_) | Principal::User(_) => None,
        };
        let cost = Cost { amount, own, is_message };
        if self.lease.is_good(now) && !self.limiter.is_limited(cost) {
            return Ok(None);
        }
        // Since the request came, the database may have been waited for.
        if self.lease.is_good(self.clock.moment()) {
            return self.limiter.count(cost).await;
        }
        // The limits may have changed since the lease ended.
        let settings = Box::pin(self.read_settings()).await?;
        self.limiter.count_in_database(cost, settings).await
    }

    async fn read_settings(&self) -> Result<Settings, Refusal> {
        let unavailable = |error| Refusal { error, quota: None };
        let store = self.store.as_ref().ok_or_else(|| unavailable(Denial::Unknown.into()))?;
        let settings = tokio::time::timeout(PATIENCE, store.settings()).await;
        let settings = settings.map_err(|_| unavailable(Denial::Unknown.into()))?;
        Ok(settings.map_err(|error| unavailable(error.into()))?.unwrap_or_default())
    }

    /// Records that a key was accepted at `now`, for its `lastUsedAt`.
    pub fn record_use(&self, principal: &Principal, now: Moment) {
        match principal {
            Principal::Key(key) => {
                let is_new = self.uses.record(key.id(), now.wall);
                if is_new && key.key().is_imported() {
                    tracing::info!(key_id = %key.id(), tenant = %key.tenant(), "an imported key is in use");
                }
            }
            Principal::Opaque(key) => drop(self.uses.record(key.id(), now.wall)),
            // Of a client token, its parent was used when it was minted.
            Principal::Client(_) | Principal::User(_) => {}
        }
    }
}
