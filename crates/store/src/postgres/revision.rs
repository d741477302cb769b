//! The log of changes.

use super::error::{column, failed};
use super::key::{bytes, id};
use super::news::CHANGES;
use super::{Postgres, PostgresTx};
use async_trait::async_trait;
use sqlx::postgres::PgRow;
use sqlx::{query, query_scalar};
use titan_core::port::{StoreError, StoreResult};
use titan_core::revision::{Change, Changes, Revision, Revisions, RevisionsTx};
use titan_token::{Slot, TenantId};

const TABLE: &str = "change";
/// A transaction that sees one moment.
pub(super) const ONE_MOMENT: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";

/// How kinds are stored. A number never changes its meaning.
pub(super) const KEY: i16 = 1;
pub(super) const TENANT: i16 = 2;
const SIGNING_KEY: i16 = 3;

#[async_trait]
impl Revisions for Postgres {
    async fn changes_after(&self, after: Revision, limit: u32) -> StoreResult<Changes> {
        // One snapshot: head and list are of one moment.
        let mut tx = self.log.begin_with(ONE_MOMENT).await.map_err(failed)?;
        let head: i64 =
            query_scalar("SELECT revision FROM revision_head").fetch_one(&mut *tx).await.map_err(failed)?;
        let rows = query("SELECT * FROM change WHERE revision > $1 ORDER BY revision LIMIT $2")
            .bind(signed(after))
            .bind(i64::from(limit))
            .fetch_all(&mut *tx)
            .await
            .map_err(failed)?;
        let has_more = u32::try_from(rows.len()).is_ok_and(|count| count == limit);
        let list = rows.iter().map(read).collect::<StoreResult<_>>()?;
        Ok(Changes { head: revision(head)?, list, has_more })
    }
}

#[async_trait]
impl RevisionsTx for PostgresTx {
    async fn head(&mut self) -> StoreResult<Revision> {
        let select = query_scalar("SELECT revision FROM revision_head");
        revision(select.fetch_one(self.connection()?).await.map_err(failed)?)
    }

    async fn record_change(&mut self, change: &Change) -> StoreResult<Revision> {
        let next: i64 = query_scalar("UPDATE revision_head SET revision = revision + 1 RETURNING revision")
            .fetch_one(self.connection()?)
            .await
            .map_err(failed)?;
        let (kind, subject, status) = parts(change)?;
        query(
            "INSERT INTO change (revision, kind, subject, status) VALUES ($1, $2, $3, $4) \
             ON CONFLICT (kind, subject) DO UPDATE SET revision = $1, status = $4",
        )
        .bind(next)
        .bind(kind)
        .bind(subject)
        .bind(status)
        .execute(self.connection()?)
        .await
        .map_err(failed)?;
        // Sent with the commit; equal notifications of one transaction are sent once.
        let notify = query("SELECT pg_notify($1, '')").bind(CHANGES);
        notify.execute(self.connection()?).await.map_err(failed)?;
        revision(next)
    }
}

pub(super) fn signed(revision: Revision) -> i64 {
    i64::try_from(revision.0).unwrap_or(i64::MAX)
}

pub(super) fn revision(number: i64) -> StoreResult<Revision> {
    u64::try_from(number).map(Revision).map_err(|_| corrupt("revision"))
}

fn corrupt(column: &'static str) -> StoreError {
    StoreError::Corrupt { table: TABLE, column }
}

fn parts(change: &Change) -> StoreResult<(i16, Vec<u8>, String)> {
    let json = |error: serde_json::Error| StoreError::Failed(error.into());
    Ok(match change {
        Change::Key(id, status) => (KEY, bytes(*id), serde_json::to_string(status).map_err(json)?),
        Change::Tenant(id, status) => {
            (TENANT, id.0.to_be_bytes().to_vec(), serde_json::to_string(status).map_err(json)?)
        }
        Change::SigningKey(slot) => (SIGNING_KEY, vec![slot.number()], "null".to_owned()),
    })
}

pub(super) fn read(row: &PgRow) -> StoreResult<(Revision, Change)> {
    let subject: &[u8] = column(row, TABLE, "subject")?;
    let status: &str = column(row, TABLE, "status")?;
    let bad_subject = || corrupt("subject");
    let bad_status = |_| corrupt("status");
    let change = match column::<i16>(row, TABLE, "kind")? {
        KEY => Change::Key(
            id(subject).ok_or_else(bad_subject)?,
            serde_json::from_str(status).map_err(bad_status)?,
        ),
        TENANT => {
            let bytes = subject.try_into().map_err(|_| bad_subject())?;
            Change::Tenant(
                TenantId(u32::from_be_bytes(bytes)),
                serde_json::from_str(status).map_err(bad_status)?,
            )
        }
        SIGNING_KEY => {
            let slot = subject.first().copied().and_then(Slot::new);
            Change::SigningKey(slot.ok_or_else(bad_subject)?)
        }
        _ => return Err(corrupt("kind")),
    };
    Ok((revision(column(row, TABLE, "revision")?)?, change))
}
