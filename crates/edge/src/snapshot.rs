//! All data from which the edge decides: keys, sessions, tenants and signing keys, as of one revision.

mod client;
mod console;
mod jwt;
mod opaque;

use client::Clients;
pub(crate) use opaque::Hashed;

use crate::opaque_index::{Indexed, OpaqueIndex};
use crate::revocation_set::RevocationSet;
use imbl::{HashMap, OrdMap, OrdSet};
use std::collections::HashSet;
use std::sync::Arc;
use titan_core::access::{
    Denial, Held, KeyPrincipal, Principal, ProvenClient, ProvenJwt, ProvenOpaque, Retirement,
};
use titan_core::revision::{Change, CredentialState, KeyStatus, SessionStatus, TenantStatus};
use titan_core::signing::{SlotKey, signer};
use titan_core::time::Timestamp;
use titan_token::{
    ClientKey, ConsoleKey, HashedKey, IdentityKey, JwtKey, JwtPublicKey, KeyId, RefreshKey, SessionId,
    SigningKey, Slot, TenantId, UntrustedKey, VerifiedKey,
};

/// A credential that is ours, if it is, and whose it is or why it is refused.
pub type Decision = (Option<Proven>, Result<Principal, Denial>);

/// A credential that this deployment made.
#[derive(Clone, Debug)]
pub enum Proven {
    /// A client token whose MAC held.
    Client(Arc<ProvenClient>),
    /// A key whose MAC held.
    Key(VerifiedKey),
    /// A JWT whose signature held.
    Jwt(Arc<ProvenJwt>),
    /// An opaque key that is known.
    Opaque(ProvenOpaque),
}

/// A signing key, ready to verify.
#[derive(Clone)]
struct Signing {
    key: Arc<SigningKey>,
    jwt: Arc<JwtPublicKey>,
    /// The public key of its identity tokens, as a JWK.
    identity: Arc<str>,
    refresh: Arc<RefreshKey>,
    client: Arc<ClientKey>,
    console: Arc<ConsoleKey>,
    is_retired: bool,
    not_before: Timestamp,
}

/// How a key that passes is restricted.
#[derive(Default)]
struct Restrictions {
    retirement: Option<Retirement>,
    /// The first key of its line, and how many requests they may make.
    limit: Option<(KeyId, u32)>,
}

/// What the edge knows. Copies share what did not change. All copies share one revocation set and one index of opaque keys,
/// which are changed in place, so that a revocation does not copy ten million ids.
#[derive(Clone)]
pub(crate) struct Snapshot {
    slots: [Option<Signing>; 16],
    /// What signs identity tokens now.
    identity: Option<Arc<IdentityKey>>,
    /// Only restricted tenants: they are few, so a search is faster than hashing.
    tenants: OrdMap<TenantId, TenantStatus>,
    /// The ids of all restricted keys: revoked, disabled, retiring or limited.
    revocations: Arc<RevocationSet>,
    /// The status of a key in the revocation set that is not revoked for good. A key without an entry here is
    /// revoked; most are.
    statuses: HashMap<KeyId, KeyStatus>,
    /// Sessions that have ended, or whose role has changed.
    sessions: HashMap<SessionId, SessionStatus>,
    clients: Clients,
    /// Console sessions of the master key that were ended. By id, so by time.
    consoles: OrdSet<SessionId>,
    /// All opaque keys.
    opaque: Arc<OpaqueIndex>,
    /// Keys that expire at or before this second are refused, whatever a clock says.
    swept_until: u32,
}

impl Proven {
    /// Whether its own end has passed, whatever else may be wrong with it.
    pub(crate) fn has_expired(&self, now: Timestamp) -> bool {
        let end = match self {
            Self::Key(key) => Some(Timestamp::from_secs(key.claims().expires_at.into())),
            Self::Client(token) => Some(Timestamp::from_secs(token.claims.expires_at.into())),
            Self::Jwt(jwt) => Some(Timestamp::from_secs(jwt.claims().expires_at.into())),
            Self::Opaque(key) => key.status.expires_at,
        };
        end.is_some_and(|end| end <= now)
    }
}

impl Proven {
    /// As introspection and revocation take it; `None` for client tokens, which they do not know.
    pub(crate) fn held(self) -> Option<Held> {
        match self {
            Self::Client(_) => None,
            Self::Key(key) => Some(Held::Key(key.claims().id)),
            Self::Jwt(jwt) => Some(Held::Session(jwt.claims().session)),
            Self::Opaque(key) => Some(Held::Opaque(key.status.id)),
        }
    }
}

impl Snapshot {
    pub(crate) fn new() -> Self {
        Self {
            slots: std::array::from_fn(|_| None),
            identity: None,
            tenants: OrdMap::new(),
            revocations: Arc::new(RevocationSet::new()),
            statuses: HashMap::new(),
            sessions: HashMap::new(),
            clients: Clients::default(),
            consoles: OrdSet::new(),
            opaque: Arc::new(OpaqueIndex::new()),
            swept_until: 0,
        }
    }

    /// All that is known of one credential.
    pub(crate) fn of(state: &CredentialState) -> Self {
        let mut snapshot = Self::new();
        snapshot.set_slots(&state.signing_keys);
        snapshot.sweep_until(state.swept_until);
        let restricted = snapshot.apply(&state.changes);
        snapshot.restrict(restricted);
        snapshot
    }

    pub(crate) fn sweep_until(&mut self, until: Timestamp) {
        self.swept_until = until.secs_u32();
    }

    /// Forgets sessions all of whose refused JWTs expired at or before this time, and what else ended and expired by then.
    pub(crate) fn forget_expired(&mut self, until: Timestamp) {
        self.opaque.forget(until);
        self.clients.forget(until);
        self.forget_consoles(until);
        self.sessions.retain(|_, status| status.until > until.ms());
    }

    /// Takes over the signing keys of another one.
    pub(crate) fn keep_slots_of(&mut self, other: &Self) {
        self.slots.clone_from(&other.slots);
        self.identity.clone_from(&other.identity);
    }

    /// How many slots have no signing key, or a retired one.
    pub(crate) fn free_slots(&self) -> usize {
        self.slots.iter().filter(|slot| slot.as_ref().is_none_or(|signing| signing.is_retired)).count()
    }

    /// Replaces all signing keys.
    pub(crate) fn set_slots(&mut self, keys: &[SlotKey]) {
        let mut slots = std::array::from_fn(|_| None);
        for key in keys {
            let signing = Signing {
                key: Arc::new(SigningKey::for_api_keys(&key.secret)),
                jwt: Arc::new(JwtKey::derive(&key.secret).into_public()),
                identity: IdentityKey::derive(&key.secret).public().to_jwk().into(),
                refresh: Arc::new(RefreshKey::derive(&key.secret)),
                client: Arc::new(ClientKey::derive(&key.secret)),
                console: Arc::new(ConsoleKey::derive(&key.secret)),
                is_retired: key.retired_at.is_some(),
                not_before: key.not_before,
            };
            slots[key.slot.index()] = Some(signing);
        }
        self.slots = slots;
        self.identity = signer(keys).map(|key| Arc::new(IdentityKey::derive(&key.secret)));
    }

    /// What signs identity tokens now.
    pub(crate) fn identity_key(&self) -> Option<Arc<IdentityKey>> {
        self.identity.clone()
    }

    /// Applies changes in their order. The caller must pass the returned ids to [`Self::restrict`] once it has
    /// published this snapshot.
    ///
    /// Readers of older snapshots see changes of the revocation set at once, so the order matters. A key that
    /// becomes restricted enters the set after its status is published; until then it still passes. A key that
    /// is no longer restricted leaves the set before its status goes; from then on it passes. A reader with an
    /// older snapshot looks again before it says revoked ([`crate::Guard`]).
    #[must_use]
    pub(crate) fn apply<'a>(&mut self, changes: impl IntoIterator<Item = &'a Change>) -> HashSet<KeyId> {
        let mut to_add = HashSet::new();
        for change in changes {
            match change {
                Change::Key(id, status) if status.is_unrestricted() => {
                    to_add.remove(id);
                    self.revocations.remove(*id);
                    self.statuses.remove(id);
                }
                Change::Key(id, status) => {
                    to_add.insert(*id);
                    self.set_status(*id, *status);
                }
                Change::ClientRules(session, rules) => self.clients.set_rules(session, rules.as_ref()),
                Change::ClientToken(token) => self.clients.revoke(*token),
                Change::Console(session) => drop(self.consoles.insert(*session)),
                // In place: one that is gone is refused at once, and one that is new is not known to anybody yet.
                Change::Opaque(hash, status) => self.set_opaque(hash, status.map(Indexed::Opaque)),
                Change::Imported(hash, status) => self.set_opaque(hash, Some(Indexed::Imported(*status))),
                Change::Session(id, status) => self.set_session(*id, *status),
                Change::Tenant(id, status) => self.set_tenant(*id, *status),
                // The first only says that the signing keys must be read anew; the others are not about credentials.
                Change::SigningKey(_) | Change::Debug(_) | Change::Other | Change::Settings(_) => {}
            }
        }
        if self.revocations.is_too_small_for(to_add.len()) {
            self.revocations = Arc::new(self.revocations.grown(to_add.len()));
        }
        to_add
    }

    /// Adds keys to the revocation set. Readers must already see their status.
    pub(crate) fn restrict(&self, ids: HashSet<KeyId>) {
        for id in ids {
            self.revocations.insert(id);
        }
    }

    fn set_status(&mut self, id: KeyId, status: KeyStatus) {
        if status.is_revoked {
            self.statuses.remove(&id);
        } else {
            self.statuses.insert(id, status);
        }
    }

    fn set_opaque(&mut self, hash: &HashedKey, status: Option<Indexed>) {
        if status.is_some() && self.opaque.is_full() {
            self.opaque = Arc::new(self.opaque.grown());
        }
        self.opaque.set(hash, status.as_ref());
    }

    fn set_session(&mut self, id: SessionId, status: SessionStatus) {
        if status == SessionStatus::default() {
            self.sessions.remove(&id);
        } else {
            self.sessions.insert(id, status);
        }
    }

    fn set_tenant(&mut self, id: TenantId, status: TenantStatus) {
        if status == TenantStatus::default() {
            self.tenants.remove(&id);
        } else {
            self.tenants.insert(id, status);
        }
    }

    /// How many opaque keys there are.
    pub(crate) fn opaque_count(&self) -> usize {
        self.opaque.len()
    }

    /// How many keys are revoked, disabled, retiring or limited.
    pub(crate) fn restricted_count(&self) -> usize {
        self.revocations.len()
    }

    /// The key, if its MAC is right. Before that, no field of the key is used.
    #[inline]
    pub(crate) fn prove(&self, key: &UntrustedKey) -> Result<VerifiedKey, Denial> {
        let claimed = key.unproven();
        // The set may be larger than the cache: ask for its line now, read it after the MAC.
        self.revocations.prefetch(claimed.id);
        let signing = self.signing(claimed.slot)?;
        key.verify(&signing.key).map_err(|_| Denial::Invalid)
    }

    fn signing(&self, slot: Slot) -> Result<&Signing, Denial> {
        self.slots[slot.index()].as_ref().ok_or(Denial::Invalid)
    }

    /// Every check between the MAC and the scope, in the order of `docs/token-format.md`.
    #[inline]
    pub(crate) fn decide(&self, key: &VerifiedKey, now: Timestamp) -> Result<KeyPrincipal, Denial> {
        let claims = key.claims();
        if now.secs_u32() >= claims.expires_at || claims.expires_at <= self.swept_until {
            return Err(Denial::Expired);
        }
        let not_before =
            if key.is_imported() { Timestamp::from_ms(0) } else { self.signed_after(claims.slot)? };
        let Restrictions { retirement, limit } = self.check_status(claims.id, now)?;
        let issued_ms = claims.id.uuid().unix_ms();
        self.check_tenant(claims.tenant, issued_ms)?;
        if is_before(issued_ms, not_before.ms()) {
            return Err(Denial::Revoked);
        }
        Ok(KeyPrincipal::new(*key, retirement).limited(limit))
    }

    /// Since when the key of this slot signs, if it is not retired.
    #[inline]
    fn signed_after(&self, slot: Slot) -> Result<Timestamp, Denial> {
        let signing = self.signing(slot)?;
        if signing.is_retired { Err(Denial::Revoked) } else { Ok(signing.not_before) }
    }

    #[inline]
    fn check_status(&self, id: KeyId, now: Timestamp) -> Result<Restrictions, Denial> {
        if !self.revocations.contains(id) {
            return Ok(Restrictions::default());
        }
        // In the set without a status: revoked for good.
        let status = self.statuses.get(&id).ok_or(Denial::Revoked)?;
        let retirement = status.retirement().map(|(since, until)| Retirement { since, until });
        if retirement.is_some_and(|retirement| now >= retirement.until) {
            return Err(Denial::Revoked);
        }
        if status.is_disabled {
            return Err(Denial::Disabled);
        }
        let limit = status.rate_limit.map(|limit| (status.limited_as.unwrap_or(id), limit));
        Ok(Restrictions { retirement, limit })
    }

    #[inline]
    fn check_tenant(&self, tenant: TenantId, issued_ms: u64) -> Result<(), Denial> {
        match self.tenants.get(&tenant) {
            Some(status) if status.is_disabled => Err(Denial::Disabled),
            Some(status) if status.not_before.is_some_and(|t| is_before(issued_ms, t)) => {
                Err(Denial::Revoked)
            }
            None | Some(_) => Ok(()),
        }
    }
}

fn is_before(issued_ms: u64, not_before_ms: i64) -> bool {
    i64::try_from(issued_ms).is_ok_and(|issued| issued < not_before_ms)
}

#[cfg(test)]
mod tests;
