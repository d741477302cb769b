//! The instances and their leases: `docs/adr/0016-leases.md`.

use super::Postgres;
use super::connect::{one_moment, promptly};
use super::error::{column, failed, time};
use super::news::REPORTS;
use super::revision::{read, read_head};
use super::signing::read_all;
use crate::columns::select;
use crate::stored::{deciding, revision, revision_number};
use async_trait::async_trait;
use sqlx::postgres::PgRow;
use sqlx::{query, query_scalar};
use titan_core::port::{StoreError, StoreResult};
use titan_core::revision::{
    CredentialId, CredentialState, Instance, InstanceId, Instances, Member, News, Revision, Topic,
};
use titan_token::TenantId;

const TABLE: &str = "instance";

/// A row that is made begins with a random number, so that nobody who watched an earlier row of the same instance takes the
/// one for the other. One statement, so it is done or not done, also when the caller stops in the middle. The lock in shared mode waits for
/// the change that is being committed, and then sees its revision (PostgreSQL manual, 13.2.1).
const GRANT: &str = "\
    WITH head AS MATERIALIZED (SELECT revision FROM revision_head FOR SHARE) \
    INSERT INTO instance (id, version, address, started_at, applied, renewals, seal_keys) \
    SELECT $1, $2, $3, $4, $5, floor(random() * 9007199254740992)::bigint, $6 FROM head \
    ON CONFLICT (id) DO UPDATE \
    SET applied = greatest(instance.applied, excluded.applied), renewals = instance.renewals + 1 \
    RETURNING (SELECT revision FROM head)";

/// A transaction that notifies holds a lock of the whole server until it has ended, so the reports of all instances wait for
/// each other. It does not wait for the disk: a report that a crash of the server undoes only makes others wait longer.
const REPORT: &str = "\
    WITH report AS (UPDATE instance SET applied = $2 WHERE id = $1 AND applied < $2 RETURNING 1) \
    SELECT pg_notify($3, ''), set_config('synchronous_commit', 'off', true) FROM report";

#[async_trait]
impl Instances for Postgres {
    fn is_shared(&self) -> bool {
        true
    }

    async fn grant(&self, member: &Member, applied: Revision) -> StoreResult<Revision> {
        let grant = query_scalar(GRANT)
            .bind(id_bytes(member.id))
            .bind(&member.version)
            .bind(&member.address)
            .bind(member.started_at.ms())
            .bind(revision_number(applied))
            .bind(self.vault.fingerprints());
        revision(promptly!(self.log, fetch_one, grant)?)
    }

    async fn report(&self, id: InstanceId, applied: Revision) -> StoreResult<()> {
        let report = query(REPORT).bind(id_bytes(id)).bind(revision_number(applied)).bind(REPORTS);
        promptly!(self.log, execute, report).map(drop)
    }

    async fn instances(&self) -> StoreResult<Vec<Instance>> {
        let select = query(select!(instance, "ORDER BY started_at, id"));
        promptly!(self.log, fetch_all, select)?.iter().map(instance).collect()
    }

    async fn sweep(&self, id: InstanceId, renewals: u64) -> StoreResult<()> {
        let delete = query("DELETE FROM instance WHERE id = $1 AND renewals = $2")
            .bind(id_bytes(id))
            .bind(i64::try_from(renewals).unwrap_or(i64::MAX));
        promptly!(self.log, execute, delete).map(drop)
    }

    async fn leave(&self, id: InstanceId) -> StoreResult<()> {
        let delete = query("DELETE FROM instance WHERE id = $1").bind(id_bytes(id));
        promptly!(self.log, execute, delete).map(drop)
    }

    fn news(&self, topic: Topic) -> Box<dyn News> {
        Box::new(self.news.subscribe(topic))
    }

    async fn credential_state(&self, id: CredentialId, tenant: TenantId) -> StoreResult<CredentialState> {
        let mut tx = one_moment(&self.readers).await?;
        let (head, swept) = read_head(&mut *tx).await?;
        let mut changes = Vec::new();
        for (kind, subject) in deciding(id, tenant) {
            let select = query(select!(change, "WHERE kind = $1 AND subject = $2")).bind(kind).bind(subject);
            let row = select.fetch_optional(&mut *tx).await.map_err(failed)?;
            changes.extend(row.as_ref().map(read).transpose()?.map(|(_, change)| change));
        }
        let signing_keys = read_all(&mut *tx, &self.vault).await?;
        Ok(CredentialState { head, signing_keys, swept_until: swept.until, changes })
    }
}

fn id_bytes(id: InstanceId) -> Vec<u8> {
    id.0.to_be_bytes().to_vec()
}

fn instance(row: &PgRow) -> StoreResult<Instance> {
    let corrupt = |column| StoreError::Corrupt { table: TABLE, column };
    let id: [u8; 8] = column::<&[u8]>(row, TABLE, "id")?.try_into().map_err(|_| corrupt("id"))?;
    let renewals: i64 = column(row, TABLE, "renewals")?;
    Ok(Instance {
        member: Member {
            id: InstanceId(u64::from_be_bytes(id)),
            version: column(row, TABLE, "version")?,
            address: column(row, TABLE, "address")?,
            started_at: time(row, TABLE, "started_at")?,
        },
        applied: revision(column(row, TABLE, "applied")?)?,
        renewals: u64::try_from(renewals).map_err(|_| corrupt("renewals"))?,
    })
}
