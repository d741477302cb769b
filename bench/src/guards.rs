//! Guards with so many revoked keys.

use crate::keys::{Kind, Pile, SLOT, TENANT, id, secret};
use crate::measure;
use std::sync::Arc;
use std::time::Duration;
use titan_core::access::Catalogue;
use titan_core::revision::{Change, KeyStatus, OpaqueStatus, TenantStatus};
use titan_core::signing::SlotKey;
use titan_core::time::{Clock, Timestamp, Uptime};
use titan_core::user::{Role, Roles};
use titan_edge::Guard;
use titan_token::{Presented, TenantId, UserId};

/// As many as the follower reads from the log at once.
const PIECE: usize = 10_000;
/// The number of the secret that the guard knows.
pub const OURS: u8 = 1;

/// The system's clock, as in the program.
pub struct WallClock;

impl Clock for WallClock {
    fn now(&self) -> Timestamp {
        let now = measure::wall();
        Timestamp::from_ms(now.tv_sec * 1000 + now.tv_nsec / 1_000_000)
    }

    fn uptime(&self) -> Uptime {
        let now = measure::uptime();
        let (secs, nanos) = (now.tv_sec.unsigned_abs(), u32::try_from(now.tv_nsec).unwrap_or_default());
        Uptime::new(Duration::new(secs, nanos))
    }
}

/// A guard that knows one signing key and so many revoked keys: the ids of [`Kind::Revoked`] from 0 on.
pub fn with_revoked(count: usize) -> anyhow::Result<Guard> {
    let guard = Guard::without_database(Arc::new(Catalogue::new([])?), Arc::new(WallClock));
    guard.set_signing_keys(&[slot_key()]);
    // Another tenant is switched off, so that looking a tenant up is not free.
    let off = TenantStatus { is_disabled: true, not_before: None };
    guard.apply(&[Change::Tenant(TenantId(2), off)]);
    revoke(&guard, count);
    anyhow::ensure!(guard.restricted_count() == count, "not all are in the revocation set");
    Ok(guard)
}

/// A guard that knows so many opaque keys: the first of these texts. Their owners may do all.
pub fn with_opaque(keys: &Pile, count: usize) -> anyhow::Result<Guard> {
    let catalogue = Catalogue::new([])?;
    let all = ["*".to_owned()];
    let roles = Roles::new(&catalogue, |_| all.as_slice()).map_err(|(_, error)| error)?;
    let guard = Guard::without_database(Arc::new(catalogue), Arc::new(WallClock)).with_roles(roles);
    for first in (0..count).step_by(PIECE) {
        let last = (first + PIECE).min(count);
        let changes: anyhow::Result<Vec<Change>> = (first..last).map(|n| opaque(keys.get(n), n)).collect();
        guard.apply(&changes?);
    }
    anyhow::ensure!(guard.opaque_count() == count, "not all are in the index");
    Ok(guard)
}

fn opaque(text: &str, number: usize) -> anyhow::Result<Change> {
    let Ok(Presented::Opaque(key)) = Presented::parse(text) else { anyhow::bail!("no opaque key") };
    let id = id(Kind::Live, number);
    let owner = UserId::new(id.uuid());
    let status = OpaqueStatus { id, tenant: TENANT, owner, role: Role::Owner, expires_at: None, is_on: true };
    Ok(Change::Opaque(key.hashed(), Some(status)))
}

fn slot_key() -> SlotKey {
    SlotKey {
        slot: SLOT,
        secret: secret(OURS),
        created_at: Timestamp::from_ms(0),
        retired_at: None,
        not_before: Timestamp::from_ms(0),
    }
}

/// In pieces, as at a start of the program.
fn revoke(guard: &Guard, count: usize) {
    let revoked = KeyStatus { is_revoked: true, ..KeyStatus::default() };
    for first in (0..count).step_by(PIECE) {
        let last = (first + PIECE).min(count);
        let changes: Vec<Change> =
            (first..last).map(|n| Change::Key(id(Kind::Revoked, n), revoked)).collect();
        guard.apply(&changes);
    }
}
