//! What a restored backup must not bring back: `docs/adr/0023-backup-and-restore.md`.
//!
//! Nobody knows what was revoked since the backup. So every credential ends that could have been: all signing keys are
//! retired, tenants refuse what was issued before, and people need a new password.

use super::error::failed;
use super::{SqliteTx, audit};
use crate::group::Groups;
use crate::stored::{IMPORTED, key_id, revision, revision_number};
use crate::vault::Vault;
use sqlx::{AssertSqlSafe, SqlitePool, query, query_as, query_scalar, raw_sql};
use std::collections::HashMap;
use titan_core::audit::{AuditLogTx, Entry};
use titan_core::entropy::random;
use titan_core::port::{StoreError, StoreResult, Tx};
use titan_core::revision::{Change, GENERATION, Revision, RevisionsTx};
use titan_core::signing::{SigningKeysTx, SlotKey};
use titan_core::tenant::{Tenant, TenantsTx};
use titan_core::time::Timestamp;
use titan_token::{SigningSecret, Slot, TenantId};

const SLOTS: u8 = 16;
/// A restore advances the generation by 1 to this many: two restores of one backup differ.
const STEPS: u64 = 64;
/// The last generation whose revisions fit into JSON.
const LAST_GENERATION: u64 = (1 << 13) - 1;

/// What people and programs could prove themselves with, and that this database was moved once.
const FORGET: &str = "\
    DELETE FROM invitation; \
    UPDATE person SET is_active = 0, password = NULL; \
    UPDATE second_factor SET recovery = x''; \
    DELETE FROM answer; \
    DELETE FROM move_out";

/// What a restore ended.
#[derive(Clone, Copy, Debug, Default)]
pub struct Ended {
    /// Tenants that refuse what was issued before the restore: all.
    pub tenants: u64,
    /// API keys and platform keys that had neither expired nor been revoked.
    pub keys: u64,
    /// The same of opaque keys.
    pub opaque_keys: u64,
    /// Sessions that had not ended.
    pub sessions: u64,
    /// Invitations that were open.
    pub invitations: u64,
    /// Users, who are disabled now and have no password.
    pub users: u64,
}

/// Ends every credential in the database, in one transaction.
pub(crate) async fn end_credentials(pool: SqlitePool, vault: Vault, now: Timestamp) -> StoreResult<Ended> {
    let turn = Groups::new(pool).begin().await?;
    let mut tx = SqliteTx { turn, vault };
    let ended = count(&mut tx, now).await?;
    let from = begin_generation(&mut tx).await?;
    sign_anew(&mut tx, now).await?;
    forget_imported(&mut tx).await?;
    for mut tenant in tenants(&mut tx).await? {
        refuse_before(&mut tx, &mut tenant.0, tenant.1.max(now)).await?;
    }
    end_people(&mut tx, now).await?;
    add_audit(&mut tx, &ended, from, now).await?;
    Box::new(tx).commit().await?;
    Ok(ended)
}

async fn count(tx: &mut SqliteTx, now: Timestamp) -> StoreResult<Ended> {
    let row: (i64, i64, i64, i64, i64, i64) = query_as(
        "SELECT (SELECT count(*) FROM tenant), \
         (SELECT count(*) FROM key WHERE revoked_at IS NULL AND expires_at > ?1), \
         (SELECT count(*) FROM opaque_key WHERE deleted_at IS NULL AND (expires_at IS NULL OR expires_at > ?1)), \
         (SELECT count(*) FROM session WHERE ended_at IS NULL AND expires_at > ?1), \
         (SELECT count(*) FROM invitation WHERE expires_at > ?1), \
         (SELECT count(*) FROM person)",
    )
    .bind(now.ms())
    .fetch_one(tx.connection().await?)
    .await
    .map_err(failed)?;
    let [tenants, keys, opaque_keys, sessions, invitations, users] =
        [row.0, row.1, row.2, row.3, row.4, row.5].map(i64::unsigned_abs);
    Ok(Ended { tenants, keys, opaque_keys, sessions, invitations, users })
}

/// Revisions go on where no instance has been: one that ran on the database before must see that it is another one.
/// Returns the last revision of the backup.
async fn begin_generation(tx: &mut SqliteTx) -> StoreResult<Revision> {
    let head: i64 = query_scalar("SELECT revision FROM revision_head")
        .fetch_one(tx.connection().await?)
        .await
        .map_err(failed)?;
    let head = revision(head)?;
    let [random] = random::<1>(&*tx.vault.entropy);
    let next = head.generation() + 1 + u64::from(random) % STEPS;
    let begin = Revision(next.min(LAST_GENERATION) * GENERATION).max(head);
    query("UPDATE revision_head SET revision = ?")
        .bind(revision_number(begin))
        .execute(tx.connection().await?)
        .await
        .map_err(failed)?;
    Ok(head)
}

/// Retires every signing key, and adds a new one. So no MAC and no signature holds that was made before: also not of keys and
/// tenants that came after the backup.
async fn sign_anew(tx: &mut SqliteTx, now: Timestamp) -> StoreResult<()> {
    let slots = tx.slots().await?;
    let slot = slot_for_new(&slots).ok_or(StoreError::Corrupt { table: "signing_key", column: "slot" })?;
    let key = successor(slot, &slots, now, random(&*tx.vault.entropy));
    for old in slots.iter().filter(|old| old.slot != key.slot) {
        if old.retired_at.is_none() {
            tx.retire_slot(old.slot, now).await?;
        }
        tx.record_change(&Change::SigningKey(old.slot)).await?;
    }
    tx.put_slot(&key).await?;
    tx.record_change(&Change::SigningKey(key.slot)).await?;
    Ok(())
}

/// One that is free, or else that of the oldest key, whose MACs then do not hold any more.
fn slot_for_new(slots: &[SlotKey]) -> Option<Slot> {
    let is_used = |slot: &Slot| slots.iter().any(|key| key.slot == *slot);
    let free = (0..SLOTS).filter_map(Slot::new).find(|slot| !is_used(slot));
    free.or_else(|| slots.iter().min_by_key(|key| key.created_at).map(|key| key.slot))
}

/// The youngest signs, so this one must be it.
fn successor(slot: Slot, slots: &[SlotKey], now: Timestamp, secret: [u8; 32]) -> SlotKey {
    let youngest = slots.iter().map(|key| key.created_at.ms()).max();
    let created_at = youngest.map_or(now, |ms| now.max(Timestamp::from_ms(ms + 1)));
    SlotKey {
        slot,
        secret: SigningSecret::new(secret),
        created_at,
        retired_at: None,
        not_before: created_at.whole_seconds(),
    }
}

/// All tenants, each with the time at which its youngest credential was issued.
async fn tenants(tx: &mut SqliteTx) -> StoreResult<Vec<(Tenant, Timestamp)>> {
    let youngest = youngest(tx).await?;
    let ids: Vec<u32> =
        query_scalar("SELECT id FROM tenant").fetch_all(tx.connection().await?).await.map_err(failed)?;
    let mut tenants = Vec::new();
    for id in ids {
        let tenant = tx.lookup_tenant(TenantId(id)).await?;
        let tenant = tenant.ok_or(StoreError::Corrupt { table: "tenant", column: "id" })?;
        let at = youngest.get(&id).copied().unwrap_or(Timestamp::from_ms(0));
        tenants.push((tenant, at));
    }
    Ok(tenants)
}

/// By the clocks of those who issued, which may have been ahead.
async fn youngest(tx: &mut SqliteTx) -> StoreResult<HashMap<u32, Timestamp>> {
    let mut youngest = HashMap::new();
    let mut see = |tenant, at: Timestamp| {
        let known = youngest.entry(tenant).or_insert(at);
        *known = at.max(*known);
    };
    for table in ["key", "opaque_key"] {
        // Ids begin with the time of issue.
        let select = format!("SELECT tenant, max(id) FROM {table} GROUP BY tenant");
        let rows: Vec<(u32, Vec<u8>)> =
            query_as(AssertSqlSafe(select)).fetch_all(tx.connection().await?).await.map_err(failed)?;
        for (tenant, id) in rows {
            let id = key_id(&id).ok_or(StoreError::Corrupt { table, column: "id" })?;
            see(tenant, Timestamp::from_ms(i64::try_from(id.uuid().unix_ms()).unwrap_or(i64::MAX)));
        }
    }
    let rows: Vec<(u32, i64)> = query_as("SELECT tenant, max(refreshed_at) FROM session GROUP BY tenant")
        .fetch_all(tx.connection().await?)
        .await
        .map_err(failed)?;
    for (tenant, at) in rows {
        see(tenant, Timestamp::from_ms(at));
    }
    Ok(youngest)
}

/// Raises the not-before of a tenant above this time. Opaque and imported keys have no signature, and end by this alone.
async fn refuse_before(tx: &mut SqliteTx, tenant: &mut Tenant, at: Timestamp) -> StoreResult<()> {
    let next = Timestamp::from_ms(at.ms().saturating_add(1));
    tenant.not_before = Some(tenant.not_before.map_or(next, |earlier| earlier.max(next)));
    tx.save_tenant(tenant).await?;
    tx.record_change(&tenant.change()).await?;
    Ok(())
}

/// Imported keys end with their tenant's not-before. Those that were good are also forgotten, so that they can be imported once
/// more; those that were revoked stay known, so that they cannot.
async fn forget_imported(tx: &mut SqliteTx) -> StoreResult<()> {
    // Before the not-before of tenants is raised.
    const GOOD: &str = "SELECT hash FROM imported_key JOIN key ON key.id = imported_key.id \
                        JOIN tenant ON tenant.id = key.tenant \
                        WHERE key.revoked_at IS NULL AND key.retires_at IS NULL AND key.is_active AND NOT key.is_suspended \
                        AND tenant.is_active AND key.created_at >= coalesce(tenant.not_before, 0)";
    let changes = format!("DELETE FROM change WHERE kind = ? AND subject IN ({GOOD})");
    let delete = query(AssertSqlSafe(changes)).bind(IMPORTED);
    delete.execute(tx.connection().await?).await.map_err(failed)?;
    let delete = format!("DELETE FROM imported_key WHERE hash IN ({GOOD})");
    query(AssertSqlSafe(delete)).execute(tx.connection().await?).await.map_err(failed)?;
    Ok(())
}

/// Sessions, invitations, passwords, recovery codes, and the answers that could be had once more.
async fn end_people(tx: &mut SqliteTx, now: Timestamp) -> StoreResult<()> {
    let end = query("UPDATE session SET ended_at = ? WHERE ended_at IS NULL").bind(now.ms());
    end.execute(tx.connection().await?).await.map_err(failed)?;
    raw_sql(FORGET).execute(tx.connection().await?).await.map_err(failed)?;
    Ok(())
}

async fn add_audit(tx: &mut SqliteTx, ended: &Ended, from: Revision, now: Timestamp) -> StoreResult<()> {
    let head = audit::head(tx.connection().await?).await?;
    let (sequence, hash) = head.unwrap_or_default();
    let detail = serde_json::json!({
        "backup": { "revision": from.0, "sequence": sequence, "hash": hex_simd::encode_to_string(hash, hex_simd::AsciiCase::Lower) },
        "tenants": ended.tenants,
        "keys": ended.keys,
        "opaqueKeys": ended.opaque_keys,
        "sessions": ended.sessions,
        "invitations": ended.invitations,
        "users": ended.users,
    });
    tx.add_audit(&Entry::by_system(now, "backup.restore", "database".to_owned(), detail)).await
}
