//! The decision about one credential: one atomic load, no lock, no wait. Only without a good lease, the database is
//! asked for the one key.

mod client;

use crate::client::DayCounts;
use crate::identity_tokens::IdentityTokens;
use crate::lease::Lease;
use crate::limits::{Cost, Limiter, Quota, Refusal};
use crate::snapshot::{Decision, Hashed, Proven, Snapshot};
use crate::uses::Uses;
use arc_swap::ArcSwap;
use async_trait::async_trait;
use client::{as_token, client_limit, decide_client_again};
use http::HeaderValue;
use std::sync::Arc;
use std::time::Duration;
use titan_core::access::{
    Catalogue, Denial, Gate, Held, OpaquePrincipal, Principal, ProvenJwt, ProvenOpaque, UserPrincipal,
};
use titan_core::license::Installed;
use titan_core::limit::{Budgets, Subject};
use titan_core::port::Store;
use titan_core::revision::{Change, CredentialId, CredentialState};
use titan_core::session::JwtSettings;
use titan_core::settings::Settings;
use titan_core::signing::SlotKey;
use titan_core::time::{Clock, Moment, Timestamp};
use titan_core::user::{Role, Roles};
use titan_token::{
    Binding, HashedKey, JwtParty, Presented, ScopeBit, ScopeSet, UntrustedClientToken, UntrustedConsole,
    UntrustedJwt, UntrustedKey, UntrustedRefresh, VerifiedConsole, VerifiedKey,
};

/// How long the database may take to tell the state of one credential.
const PATIENCE: Duration = Duration::from_secs(2);

/// Decides about keys and JWTs from memory, while the lease is good.
pub struct Guard {
    lease: Lease,
    /// Where the state of a credential is read without a good lease.
    store: Option<Arc<dyn Store>>,
    snapshot: ArcSwap<Snapshot>,
    catalogue: Arc<Catalogue>,
    jwt: JwtSettings,
    /// What the owner of an opaque key may do.
    roles: Roles,
    clock: Arc<dyn Clock>,
    uses: Uses,
    limiter: Limiter,
    days: DayCounts,
    license: Arc<Installed>,
    legacy_link: Option<HeaderValue>,
    identities: Option<IdentityTokens>,
}

impl Guard {
    /// A guard that knows nothing yet. It refuses every credential until a [`crate::Follower`] has set the signing keys,
    /// and has a lease.
    pub fn new(
        catalogue: Arc<Catalogue>,
        jwt: JwtSettings,
        clock: Arc<dyn Clock>,
        store: Arc<dyn Store>,
    ) -> Self {
        let budgets: Arc<dyn Budgets> = Arc::<dyn Store>::clone(&store);
        let limiter = Limiter::new(Some(budgets), Arc::clone(&clock));
        Self { store: Some(store), limiter, ..Self::empty(catalogue, jwt, clock) }
    }

    /// A guard with no database behind it, so that nobody else can change anything: for measurements.
    pub fn without_database(catalogue: Arc<Catalogue>, clock: Arc<dyn Clock>) -> Self {
        let guard = Self::empty(catalogue, JwtSettings::default(), clock);
        guard.lease.make_endless();
        guard
    }

    /// With budgets that are in no database: for measurements.
    #[must_use]
    pub fn with_budgets(self, budgets: Arc<dyn Budgets>) -> Self {
        let limiter = Limiter::new(Some(budgets), Arc::clone(&self.clock));
        Self { limiter, ..self }
    }

    fn empty(catalogue: Arc<Catalogue>, jwt: JwtSettings, clock: Arc<dyn Clock>) -> Self {
        let snapshot = ArcSwap::from_pointee(Snapshot::new());
        let (lease, roles, uses) = (Lease::default(), Roles::none(), Uses::new());
        let limiter = Limiter::new(None, Arc::clone(&clock));
        let license = Arc::default();
        Self {
            lease,
            store: None,
            snapshot,
            catalogue,
            jwt,
            roles,
            clock,
            uses,
            limiter,
            days: DayCounts::new(),
            license,
            legacy_link: None,
            identities: None,
        }
    }

    /// With what each role may do. Without it, opaque keys may do nothing.
    #[must_use]
    pub fn with_roles(self, roles: Roles) -> Self {
        Self { roles, ..self }
    }

    /// With this license.
    #[must_use]
    pub fn with_license(self, license: Arc<Installed>) -> Self {
        Self { license, ..self }
    }

    /// With what answers to holders of imported keys have as `Link`.
    #[must_use]
    pub fn with_legacy_link(self, legacy_link: Option<HeaderValue>) -> Self {
        Self { legacy_link, ..self }
    }

    /// With tokens for the servers behind the gateway, if they have a name.
    #[must_use]
    pub fn with_identity_audience(self, audience: Option<JwtParty>) -> Self {
        Self { identities: audience.map(IdentityTokens::new), ..self }
    }

    /// `X-Titan-Identity` of a request; empty without an audience.
    pub(crate) fn identity_token(&self, principal: &Principal, session: Option<&str>) -> HeaderValue {
        const NONE: HeaderValue = HeaderValue::from_static("");
        let Some(identities) = &self.identities else { return NONE };
        let Some(key) = self.snapshot.load().identity_key() else { return NONE };
        let asks = (principal, &*self.catalogue);
        identities.token((&self.jwt.issuer, &key), asks, session, self.clock.now())
    }

    /// Whose credential this is now, after every check but the scope. It records no use. Waits for the database only
    /// without a good lease. `now` must be read after the request came.
    pub async fn decide(&self, credential: &str, now: Moment) -> Decision {
        match self.examine(credential, now) {
            (Some(proven), Err(Denial::Unknown)) => Box::pin(self.ask(credential, proven, now.wall)).await,
            decision => decision,
        }
    }

    /// The decision from the state of this one credential in the database. It was read after the request came, so it
    /// contains every change that was answered before.
    async fn ask(&self, credential: &str, proven: Proven, now: Timestamp) -> Decision {
        match self.read_state(&proven).await {
            Some(state) => match proven {
                // Its claims are in no row that was read. They never change.
                Proven::Key(key) if key.is_imported() => decide_proven(&Snapshot::of(&state), key, Some(now)),
                _ => self.examine_in(&Snapshot::of(&state), credential, now),
            },
            None => (Some(proven), Err(Denial::Unknown)),
        }
    }

    /// The whole decision from a snapshot that nobody changes.
    fn examine_in(&self, snapshot: &Snapshot, credential: &str, now: Timestamp) -> Decision {
        match parse(credential) {
            Ok(Readable::Key(key)) => examine_key(snapshot, &key, Some(now)),
            Ok(Readable::Jwt(jwt)) => self.examine_jwt(snapshot, &jwt, Some(now)),
            Ok(Readable::Client(token)) => as_token(self.examine_client(snapshot, &token, Some(now))),
            Ok(Readable::Hashed(key)) => self.examine_hashed(snapshot, key, Denial::Invalid, Some(now)),
            Ok(Readable::Foreign(text)) => self.examine_foreign(snapshot, text, Some(now)),
            Err(denial) => (None, Err(denial)),
        }
    }

    /// Whether a credential that was accepted is still good, from memory.
    pub(crate) fn recheck(&self, principal: &Principal) -> Result<(), Denial> {
        if !self.lease.is_good(self.clock.moment()) {
            return Err(Denial::Unknown);
        }
        let now = self.clock.now();
        match principal {
            Principal::Key(key) => {
                let decide =
                    |snapshot: &Snapshot| (None, snapshot.decide(key.key(), now).map(Principal::Key));
                self.look_twice(decide).1.map(drop)
            }
            Principal::Client(token) => {
                let decide = |snapshot: &Snapshot| (None, decide_client_again(snapshot, token, now));
                as_token(self.look_twice(decide)).1.map(drop)
            }
            Principal::Opaque(key) => decide_again(&self.snapshot.load(), key.proof(), now),
            Principal::User(user) => self.snapshot.load().decide_jwt(user.proof(), now),
        }
    }

    /// The same from the database.
    pub(crate) async fn recheck_in_database(&self, principal: &Principal) -> Result<(), Denial> {
        let proven = match principal {
            Principal::Key(key) => Proven::Key(*key.key()),
            Principal::Client(token) => Proven::Client(Arc::clone(token)),
            Principal::Opaque(key) => Proven::Opaque(*key.proof()),
            Principal::User(user) => Proven::Jwt(Arc::clone(user.proof())),
        };
        let snapshot = Snapshot::of(&self.read_state(&proven).await.ok_or(Denial::Unknown)?);
        match &proven {
            Proven::Key(key) => snapshot.decide(key, self.clock.now()).map(drop),
            Proven::Jwt(jwt) => snapshot.decide_jwt(jwt, self.clock.now()),
            Proven::Opaque(key) => decide_again(&snapshot, key, self.clock.now()),
            Proven::Client(token) => {
                let decided = decide_client_again(&snapshot, token, self.clock.now());
                as_token((None, decided)).1.map(drop)
            }
        }
    }

    async fn read_state(&self, proven: &Proven) -> Option<CredentialState> {
        let (id, tenant) = match proven {
            Proven::Client(token) => {
                let parent = token.claims.parent;
                (CredentialId::Client(token.revoked(), parent, token.session()), token.claims.tenant)
            }
            Proven::Key(key) => (CredentialId::Key(key.claims().id), key.claims().tenant),
            Proven::Jwt(proven) => {
                let claims = proven.claims();
                (CredentialId::Session(claims.session), claims.tenant)
            }
            Proven::Opaque(key) => (CredentialId::Opaque(key.hash), key.status.tenant),
        };
        let state = self.store.as_ref()?.credential_state(id, tenant);
        // What goes wrong is in the log already: the lease was lost because of it.
        tokio::time::timeout(PATIENCE, state).await.ok()?.ok()
    }

    /// Whose credential this is at this moment, from memory. Pure: it records no use. [`Denial::Unknown`] without a good
    /// lease.
    #[inline]
    pub fn check(&self, credential: &str, now: Moment) -> Result<Principal, Denial> {
        self.examine(credential, now).1
    }

    /// The same, together with what was proven: the caller may see the content of a refused key once its MAC held.
    ///
    /// The revocation set can be newer than the snapshot that is read with it. A key that is only retiring or
    /// disabled would then look revoked. Its status was published before its id entered the set, so a second
    /// look at the newest snapshot finds it. No other verdict needs a second look. The second look verifies the
    /// MAC again, because the slot may hold another signing key by then.
    #[inline]
    pub fn examine(&self, credential: &str, now: Moment) -> Decision {
        let readable = match parse(credential) {
            Ok(readable) => readable,
            Err(denial) => return (None, Err(denial)),
        };
        // Before the snapshot is loaded: a lease that becomes good in between stands for a newer one.
        let is_good = self.lease.is_good(now);
        let now = is_good.then_some(now.wall);
        match readable {
            Readable::Key(key) => self.look_twice(|snapshot| examine_key(snapshot, &key, now)),
            Readable::Jwt(jwt) => self.examine_jwt(&self.snapshot.load(), &jwt, now),
            Readable::Client(token) => {
                as_token(self.look_twice(|snapshot| self.examine_client(snapshot, &token, now)))
            }
            Readable::Hashed(key) => {
                self.look_twice(|snapshot| self.examine_hashed(snapshot, key, Denial::Invalid, now))
            }
            Readable::Foreign(text) => self.look_twice(|snapshot| self.examine_foreign(snapshot, text, now)),
        }
    }

    /// `now` is none without a good lease.
    #[inline(never)]
    fn examine_jwt(&self, snapshot: &Snapshot, jwt: &UntrustedJwt<'_>, now: Option<Timestamp>) -> Decision {
        let proven = match (snapshot.prove_jwt(jwt), now) {
            (Ok(proven), _) => Arc::new(proven),
            (Err(_), None) => return (None, Err(Denial::Unknown)),
            (Err(denial), Some(_)) => return (None, Err(denial)),
        };
        let decided = match now {
            Some(now) => self.check_parties(&proven).and_then(|()| snapshot.decide_jwt(&proven, now)),
            None => Err(Denial::Unknown),
        };
        let user = decided.map(|()| Principal::User(self.user(&proven)));
        (Some(Proven::Jwt(proven)), user)
    }

    /// `now` is none without a good lease.
    fn examine_hashed(
        &self,
        snapshot: &Snapshot,
        key: HashedKey,
        unknown: Denial,
        now: Option<Timestamp>,
    ) -> Decision {
        let proven = match snapshot.find_hashed(key) {
            Some(Hashed::Imported(key)) => return decide_proven(snapshot, key, now),
            Some(Hashed::Opaque(proven)) => proven,
            // Without a good lease: perhaps it is one that this instance has not heard of yet.
            None => return (None, Err(now.map_or(Denial::Unknown, |_| unknown))),
        };
        let decided = now.map_or(Err(Denial::Unknown), |now| snapshot.decide_opaque(&proven, now));
        let scopes = self.roles.scopes(proven.status.role);
        (
            Some(Proven::Opaque(proven)),
            decided.map(|()| Principal::Opaque(OpaquePrincipal::new(proven, scopes))),
        )
    }

    /// A text without a shape of ours: a key of another system, if any was imported.
    #[inline(never)]
    fn examine_foreign(&self, snapshot: &Snapshot, text: &str, now: Option<Timestamp>) -> Decision {
        if !snapshot.has_imported() {
            // Without a good lease: perhaps this instance has not heard of the first import yet.
            return (None, Err(now.map_or(Denial::Unknown, |_| Denial::Malformed)));
        }
        self.examine_hashed(snapshot, HashedKey::of(text), Denial::Malformed, now)
    }

    /// It must be from us, and for us (RFC 8725, 3.8 and 3.9).
    fn check_parties(&self, proven: &ProvenJwt) -> Result<(), Denial> {
        let claims = proven.claims();
        if self.is_ours(&claims.issuer, &claims.audience) { Ok(()) } else { Err(Denial::TokenInvalid) }
    }

    fn is_ours(&self, issuer: &JwtParty, audience: &JwtParty) -> bool {
        *issuer == self.jwt.issuer && *audience == self.jwt.audience
    }

    /// A name that the catalogue does not have any more grants nothing.
    fn user(&self, proven: &Arc<ProvenJwt>) -> UserPrincipal {
        let names = proven.claims().scope.iter();
        let scopes = names.filter_map(|name| self.catalogue.bit(name)).collect();
        UserPrincipal::new(Arc::clone(proven), scopes)
    }

    /// Decides from the snapshot, and before it says revoked, from the newest one.
    #[inline]
    fn look_twice(&self, decide: impl Fn(&Snapshot) -> Decision) -> Decision {
        let mut snapshot = self.snapshot.load();
        loop {
            let decision = decide(&snapshot);
            if !matches!(decision.1, Err(Denial::Revoked)) {
                return decision;
            }
            let newest = self.snapshot.load();
            if Arc::ptr_eq(&newest, &snapshot) {
                return decision;
            }
            snapshot = newest;
        }
    }

    /// Whether the credential has this scope.
    pub fn check_scope(&self, principal: &Principal, scope: ScopeBit, name: &str) -> Result<(), Denial> {
        if self.catalogue.covers(principal.scopes(), scope) {
            Ok(())
        } else {
            Err(Denial::InsufficientScope(name.to_owned()))
        }
    }

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

    /// Whether a credential that was accepted is still good and, of a client token, under the same rules.
    pub(crate) async fn is_as_before(&self, principal: &Principal) -> bool {
        match self.recheck(principal) {
            Err(Denial::Unknown) => self.recheck_in_database(principal).await.is_ok(),
            decided => decided.is_ok(),
        }
    }

    async fn read_settings(&self) -> Result<Settings, Refusal> {
        let unavailable = |error| Refusal { error, quota: None };
        let store = self.store.as_ref().ok_or_else(|| unavailable(Denial::Unknown.into()))?;
        let settings = tokio::time::timeout(PATIENCE, store.settings()).await;
        let settings = settings.map_err(|_| unavailable(Denial::Unknown.into()))?;
        Ok(settings.map_err(|error| unavailable(error.into()))?.unwrap_or_default())
    }

    /// What is counted for limits.
    pub(crate) fn limiter(&self) -> &Limiter {
        &self.limiter
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

    /// The time by this guard's clocks.
    pub fn now(&self) -> Moment {
        self.clock.moment()
    }

    pub(crate) fn legacy_link(&self) -> Option<&HeaderValue> {
        self.legacy_link.as_ref()
    }

    /// The license, if there is one.
    pub(crate) fn license(&self) -> &Installed {
        &self.license
    }

    pub(crate) fn lease(&self) -> &Lease {
        &self.lease
    }

    /// What a role may do.
    pub(crate) fn role_scopes(&self, role: Role) -> ScopeSet {
        self.roles.scopes(role)
    }

    /// The scopes of this deployment.
    pub fn catalogue(&self) -> &Catalogue {
        &self.catalogue
    }

    /// How many opaque keys there are.
    pub fn opaque_count(&self) -> usize {
        self.snapshot.load().opaque_count()
    }

    /// How many keys are revoked, disabled, retiring or limited.
    pub fn restricted_count(&self) -> usize {
        self.snapshot.load().restricted_count()
    }

    /// How many slots have no signing key that verifies keys.
    pub(crate) fn free_slots(&self) -> usize {
        self.snapshot.load().free_slots()
    }

    /// Replaces all signing keys.
    ///
    /// Only the one writer may call this and [`Self::apply`]: with two writers, changes could be lost.
    pub fn set_signing_keys(&self, keys: &[SlotKey]) {
        let mut snapshot = Snapshot::clone(&self.snapshot.load());
        snapshot.set_slots(keys);
        self.snapshot.store(Arc::new(snapshot));
    }

    /// Applies changes in their order. Every decision that starts after the return includes them.
    pub fn apply<'a>(&self, changes: impl IntoIterator<Item = &'a Change>) {
        let mut snapshot = Snapshot::clone(&self.snapshot.load());
        let to_add = snapshot.apply(changes.into_iter().inspect(|change| {
            if let Change::Settings(settings) = change {
                self.limiter.set(settings);
            }
        }));
        let snapshot = Arc::new(snapshot);
        self.snapshot.store(Arc::clone(&snapshot));
        snapshot.restrict(to_add);
    }

    /// From now on, keys that expire at or before this time are refused whatever a clock says. Only the one writer may call
    /// this.
    pub fn sweep_until(&self, until: Timestamp) {
        let mut snapshot = Snapshot::clone(&self.snapshot.load());
        snapshot.sweep_until(until);
        self.snapshot.store(Arc::new(snapshot));
    }

    /// Forgets sessions whose JWTs expired at or before this time, and opaque keys that did. The time must have been swept
    /// before. Only the one writer may call this.
    pub(crate) fn forget_expired(&self, until: Timestamp) {
        let mut snapshot = Snapshot::clone(&self.snapshot.load());
        snapshot.forget_expired(until);
        self.snapshot.store(Arc::new(snapshot));
    }

    /// Forgets everything but the signing keys. Only the one writer may call this, without a lease.
    pub(crate) fn forget(&self) {
        let mut snapshot = Snapshot::new();
        snapshot.keep_slots_of(&self.snapshot.load());
        self.snapshot.store(Arc::new(snapshot));
    }

    pub(crate) fn uses(&self) -> &Uses {
        &self.uses
    }
}

/// The decision about a key. `now` is none without a good lease.
#[inline]
fn examine_key(snapshot: &Snapshot, key: &UntrustedKey, now: Option<Timestamp>) -> Decision {
    match (snapshot.prove(key), now) {
        (Ok(key), now) => decide_proven(snapshot, key, now),
        // Perhaps its signing key is one that this instance has not heard of yet.
        (Err(Denial::Invalid), None) => (None, Err(Denial::Unknown)),
        (Err(denial), _) => (None, Err(denial)),
    }
}

#[inline]
fn decide_proven(snapshot: &Snapshot, key: VerifiedKey, now: Option<Timestamp>) -> Decision {
    let decided = now.map_or(Err(Denial::Unknown), |now| snapshot.decide(&key, now).map(Principal::Key));
    (Some(Proven::Key(key)), decided)
}

/// The decision about an opaque key that was good, and may be gone.
fn decide_again(snapshot: &Snapshot, key: &ProvenOpaque, now: Timestamp) -> Result<(), Denial> {
    let found = snapshot.find_opaque(key.hash).ok_or(Denial::Invalid)?;
    snapshot.decide_opaque(&found, now)?;
    // What a lower role may not begin, it may not go on with.
    if found.status.role < key.status.role { Err(Denial::Disabled) } else { Ok(()) }
}

/// A credential that a request may carry.
enum Readable<'a> {
    Client(UntrustedClientToken<'a>),
    Jwt(UntrustedJwt<'a>),
    /// Without a shape of ours.
    Foreign(&'a str),
    /// Found by its hash.
    Hashed(HashedKey),
    Key(UntrustedKey),
}

/// Parses a text that has the shape of a key or of a JWT.
#[inline]
fn parse(credential: &str) -> Result<Readable<'_>, Denial> {
    match Presented::parse(credential) {
        Ok(Presented::SelfContained(key)) => Ok(Readable::Key(key)),
        Ok(Presented::Client(token)) => Ok(Readable::Client(token)),
        Ok(Presented::Jwt(jwt)) => Ok(Readable::Jwt(jwt)),
        Ok(Presented::Opaque(key)) => Ok(Readable::Hashed(key.hashed())),
        Ok(Presented::Legacy(key)) => Ok(Readable::Hashed(key.hashed())),
        // Whoever sends a JWT, sends no key.
        Err(_) if credential.starts_with("eyJ") => Err(Denial::TokenInvalid),
        Err(_) if credential.starts_with(UntrustedClientToken::PREFIX) => Err(Denial::TokenInvalid),
        Err(_) if HashedKey::is_foreign(credential) => Ok(Readable::Foreign(credential)),
        Err(_) => Err(Denial::Malformed),
    }
}

#[async_trait]
impl Gate for Guard {
    async fn authenticate(&self, credential: &str) -> Result<Principal, Denial> {
        let now = self.clock.moment();
        let principal = self.decide(credential, now).await.1?;
        self.record_use(&principal, now);
        Ok(principal)
    }

    async fn held(&self, credential: &str) -> Result<Option<Held>, Denial> {
        let now = self.clock.moment();
        if let Ok(token) = UntrustedRefresh::parse(credential) {
            // Before the snapshot: without a good lease, its signing key may be one that this instance has not heard of.
            let is_good = self.lease.is_good(now);
            return match self.knows_refresh(&token) {
                true => Ok(Some(Held::Refresh(token))),
                false if is_good => Ok(None),
                false => Err(Denial::Unknown),
            };
        }
        match self.decide(credential, now).await {
            (Some(proven), _) => {
                Ok(Some(proven).filter(|proven| !proven.has_expired(now.wall)).and_then(Proven::held))
            }
            (None, Err(Denial::Unknown)) => Err(Denial::Unknown),
            (None, _) => Ok(None),
        }
    }

    fn knows_refresh(&self, token: &UntrustedRefresh) -> bool {
        self.snapshot.load().knows_refresh(token)
    }

    fn console(&self, token: &UntrustedConsole, bindings: &[Binding]) -> Result<VerifiedConsole, Denial> {
        let now = self.clock.moment();
        // Before the snapshot, as in `held`.
        if !self.lease.is_good(now) {
            return Err(Denial::Unknown);
        }
        self.snapshot.load().decide_console(token, bindings, now.wall)
    }

    fn jwks(&self) -> String {
        format!(r#"{{"keys":[{}]}}"#, self.snapshot.load().jwks(self.identities.is_some()).join(","))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use titan_core::time::Uptime;
    use titan_token::{Claims, KeyId, Prefix, ScopeSet, SigningKey, SigningSecret, Slot, TenantId, Uuid};

    const NOW: Timestamp = Timestamp::from_secs(1_800_000_000);

    struct StoppedClock;

    impl Clock for StoppedClock {
        fn now(&self) -> Timestamp {
            NOW
        }

        fn uptime(&self) -> Uptime {
            Uptime::default()
        }
    }

    fn slot_key(secret: u8, retired_at: Option<Timestamp>) -> SlotKey {
        let not_before = Timestamp::from_secs(1_000_000_000);
        let secret = SigningSecret::new([secret; 32]);
        SlotKey { slot: Slot::new(3).unwrap(), secret, created_at: NOW, retired_at, not_before }
    }

    /// A slot is used again once all of its keys have expired. What its old secret signs must not pass in the
    /// moment in which the new one takes its place, however late it says that it expires.
    #[test]
    fn a_proof_does_not_outlive_its_signing_key() {
        let guard = Guard::without_database(Arc::new(Catalogue::new([]).unwrap()), Arc::new(StoppedClock));
        let leaked = SigningKey::for_api_keys(&SigningSecret::new([1; 32]));
        let claims = Claims {
            slot: Slot::new(3).unwrap(),
            id: KeyId::new(Uuid::v7(1_799_999_000_000, [5; 10])),
            tenant: TenantId(1),
            scopes: ScopeSet::from_bits(u128::MAX),
            expires_at: u32::MAX,
        };
        let forged = claims.sign(Prefix::Standard, &leaked);
        let (old, new) = ([slot_key(1, Some(NOW))], [slot_key(2, None)]);
        guard.set_signing_keys(&old);
        assert_eq!(guard.check(forged.expose(), StoppedClock.moment()).err(), Some(Denial::Revoked));
        std::thread::scope(|scope| {
            let writer = scope.spawn(|| {
                for _ in 0..20_000 {
                    guard.set_signing_keys(&new);
                    guard.set_signing_keys(&old);
                }
            });
            while !writer.is_finished() {
                let denial = guard.check(forged.expose(), StoppedClock.moment()).err();
                assert!(matches!(denial, Some(Denial::Revoked | Denial::Invalid)), "{denial:?}");
            }
        });
    }
}
