//! What an operator can see of the license.

use super::{Installed, License, LiveSession};
use crate::access::{ManageLicense, Permit};
use crate::audit::Entry;
use crate::error::{Code, Error};
use crate::port::Store;
use crate::retry::retried;
use crate::time::{Clock, Timestamp};
use serde_json::json;
use std::sync::Arc;
use titan_token::TenantId;

/// The license and the sessions that count toward its limit.
pub struct LicenseService {
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    installed: Arc<Installed>,
}

impl LicenseService {
    /// Over this store.
    pub fn new(store: Arc<dyn Store>, clock: Arc<dyn Clock>, installed: Arc<Installed>) -> Self {
        Self { store, clock, installed }
    }

    /// The license, and the time by which it is judged.
    pub fn lookup(&self, _permit: &Permit<ManageLicense>) -> Result<(Arc<License>, Timestamp), Error> {
        let none = || Error::new(Code::NotFound, "no license installed");
        Ok((self.installed.license().ok_or_else(none)?, self.clock.now()))
    }

    /// The open sessions that are counted, by tenant and name.
    pub async fn sessions(
        &self,
        _permit: &Permit<ManageLicense>,
        after: Option<(TenantId, &str)>,
        limit: u32,
    ) -> Result<Vec<LiveSession>, Error> {
        Ok(self.store.live_sessions(after, limit).await?)
    }

    /// How many there are, in all tenants.
    pub async fn count(&self, _permit: &Permit<ManageLicense>) -> Result<u32, Error> {
        Ok(self.store.begin().await?.count_live_sessions().await?)
    }

    /// Counts a session no longer. Whether it is open at the upstream is not known here.
    pub async fn release(
        &self,
        permit: &Permit<ManageLicense>,
        tenant: TenantId,
        name: &str,
    ) -> Result<(), Error> {
        retried(|| self.try_release(permit, tenant, name)).await
    }

    async fn try_release(
        &self,
        permit: &Permit<ManageLicense>,
        tenant: TenantId,
        name: &str,
    ) -> Result<(), Error> {
        let mut tx = self.store.begin().await?;
        if !tx.remove_live_session(tenant, name).await? {
            return Err(Error::not_found("session"));
        }
        let detail = json!({ "tenantId": tenant.0 });
        let entry = Entry::by(permit, self.clock.now(), "live_session.release", name.to_owned(), detail);
        tx.add_audit(&entry).await?;
        Ok(tx.commit().await?)
    }
}
