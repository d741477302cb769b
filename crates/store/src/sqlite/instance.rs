//! The one instance of this database. It is kept in memory, because its lease has no end and nobody else asks.

use super::Sqlite;
use super::error::failed;
use super::revision::{read, read_head};
use super::signing::read_all;
use crate::columns::select;
use crate::stored::{deciding, revision};
use async_trait::async_trait;
use sqlx::{query, query_scalar};
use std::sync::PoisonError;
use titan_core::port::StoreResult;
use titan_core::revision::{
    CredentialId, CredentialState, Instance, InstanceId, Instances, Member, News, Revision, Topic,
};
use titan_token::TenantId;

/// Only this process changes the database, and who changes it also waits for it.
struct Silence;

#[async_trait]
impl News for Silence {
    async fn wait(&mut self) {
        std::future::pending::<()>().await;
    }
}

impl Sqlite {
    fn change_instance(&self, change: impl FnOnce(&mut Option<Instance>)) {
        change(&mut self.instance.lock().unwrap_or_else(PoisonError::into_inner));
    }
}

#[async_trait]
impl Instances for Sqlite {
    fn is_shared(&self) -> bool {
        false
    }

    async fn grant(&self, member: &Member, applied: Revision) -> StoreResult<Revision> {
        let head: i64 =
            query_scalar("SELECT revision FROM revision_head").fetch_one(&self.log).await.map_err(failed)?;
        self.change_instance(|instance| {
            let renewals = instance.as_ref().map_or(0, |instance| instance.renewals + 1);
            *instance = Some(Instance { member: member.clone(), applied, renewals });
        });
        revision(head)
    }

    async fn report(&self, id: InstanceId, applied: Revision) -> StoreResult<()> {
        self.change_instance(|instance| {
            if let Some(own) = instance.as_mut().filter(|own| own.member.id == id) {
                own.applied = own.applied.max(applied);
            }
        });
        Ok(())
    }

    async fn instances(&self) -> StoreResult<Vec<Instance>> {
        let mut found = None;
        self.change_instance(|instance| found.clone_from(instance));
        Ok(found.into_iter().collect())
    }

    async fn sweep(&self, id: InstanceId, renewals: u64) -> StoreResult<()> {
        self.change_instance(|instance| {
            instance.take_if(|own| own.member.id == id && own.renewals == renewals);
        });
        Ok(())
    }

    async fn leave(&self, id: InstanceId) -> StoreResult<()> {
        self.change_instance(|instance| {
            instance.take_if(|own| own.member.id == id);
        });
        Ok(())
    }

    fn news(&self, _topic: Topic) -> Box<dyn News> {
        Box::new(Silence)
    }

    async fn credential_state(&self, id: CredentialId, tenant: TenantId) -> StoreResult<CredentialState> {
        let mut tx = self.readers.begin().await.map_err(failed)?;
        let (head, swept) = read_head(&mut *tx).await?;
        let mut changes = Vec::new();
        for (kind, subject) in deciding(id, tenant) {
            let select = query(select!(change, "WHERE kind = ? AND subject = ?")).bind(kind).bind(subject);
            let row = select.fetch_optional(&mut *tx).await.map_err(failed)?;
            changes.extend(row.as_ref().map(read).transpose()?.map(|(_, change)| change));
        }
        let signing_keys = read_all(&mut *tx, &self.vault).await?;
        Ok(CredentialState { head, signing_keys, swept_until: swept.until, changes })
    }
}
