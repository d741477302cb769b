//! The decision about one credential: one atomic load, no lock, no wait. Only without a good lease, the database is
//! asked for the one key.

mod change;
mod client;
mod count;
mod examine;
mod gate;
mod recheck;

use crate::client::DayCounts;
use crate::identity_tokens::IdentityTokens;
use crate::lease::Lease;
use crate::limits::Limiter;
use crate::snapshot::{Decision, Snapshot};
use crate::uses::Uses;
use arc_swap::ArcSwap;
use client::as_token;
use examine::{Readable, examine_key, parse};
use http::HeaderValue;
use std::sync::Arc;
use titan_core::access::{Catalogue, Denial, Principal};
use titan_core::license::Installed;
use titan_core::limit::Budgets;
use titan_core::port::Store;
use titan_core::session::JwtSettings;
use titan_core::time::{Clock, Moment};
use titan_core::user::{Role, Roles};
use titan_token::{JwtParty, ScopeBit, ScopeSet};

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

    /// Whether the credential has this scope.
    pub fn check_scope(&self, principal: &Principal, scope: ScopeBit, name: &str) -> Result<(), Denial> {
        if self.catalogue.covers(principal.scopes(), scope) {
            Ok(())
        } else {
            Err(Denial::InsufficientScope(name.to_owned()))
        }
    }

    /// What is counted for limits.
    pub(crate) fn limiter(&self) -> &Limiter {
        &self.limiter
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

    pub(crate) fn uses(&self) -> &Uses {
        &self.uses
    }
}
