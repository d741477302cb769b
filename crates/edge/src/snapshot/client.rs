//! Client tokens: their rules, and those that were revoked.

use super::{Snapshot, is_before};
use imbl::{HashMap, OrdSet};
use std::sync::Arc;
use titan_core::access::{Denial, ProvenClient};
use titan_core::client_token::{ClientRules, ClientSession, RevokedToken};
use titan_core::time::Timestamp;
use titan_token::{SessionName, UntrustedClientToken};

/// What is known of client tokens.
#[derive(Clone, Default)]
pub(super) struct Clients {
    rules: HashMap<ClientSession, Arc<ClientRules>>,
    origins: Origins,
    /// By id, so by time.
    revoked: OrdSet<RevokedToken>,
}

/// How many rules name an origin, for preflights, which have no tenant.
#[derive(Clone, Default)]
struct Origins {
    /// `None` as the origin: rules that allow every origin. `None` as the session: all sessions together.
    counts: HashMap<(Option<SessionName>, Option<Box<str>>), u32>,
}

impl Clients {
    pub(super) fn set_rules(&mut self, session: &ClientSession, rules: Option<&Arc<ClientRules>>) {
        if let Some(old) = self.rules.remove(session) {
            self.origins.remove(&session.name, &old);
        }
        if let Some(rules) = rules {
            self.origins.add(&session.name, rules);
            self.rules.insert(session.clone(), Arc::clone(rules));
        }
    }

    pub(super) fn revoke(&mut self, token: RevokedToken) {
        self.revoked.insert(token);
    }

    /// Forgets tokens that expired at or before this time.
    pub(super) fn forget(&mut self, until: Timestamp) {
        let end = RevokedToken::end_of_expired(until);
        // The oldest first, and none of the others is touched.
        while let Some(oldest) = self.revoked.get_min().copied().filter(|oldest| *oldest < end) {
            self.revoked.remove(&oldest);
        }
    }
}

impl Origins {
    fn add(&mut self, name: &SessionName, rules: &ClientRules) {
        for place in places(name, rules) {
            *self.counts.entry(place).or_insert(0) += 1;
        }
    }

    fn remove(&mut self, name: &SessionName, rules: &ClientRules) {
        for place in places(name, rules) {
            match self.counts.get(&place).copied() {
                Some(count) if count > 1 => drop(self.counts.insert(place, count - 1)),
                _ => drop(self.counts.remove(&place)),
            }
        }
    }

    fn contain(&self, name: Option<&SessionName>, origin: &str) -> bool {
        let has = |origin: Option<&str>| self.counts.contains_key(&(name.cloned(), origin.map(Into::into)));
        has(None) || has(Some(origin))
    }
}

fn places<'a>(
    name: &'a SessionName,
    rules: &'a ClientRules,
) -> impl Iterator<Item = (Option<SessionName>, Option<Box<str>>)> + 'a {
    rules
        .origins()
        .flat_map(|origin| [Some(name.clone()), None].map(|session| (session, origin.map(Into::into))))
}

impl Snapshot {
    /// The token, if its MAC is right, with the rules of its session. Before that, no field of it is used.
    pub(crate) fn prove_client(&self, token: &UntrustedClientToken<'_>) -> Result<ProvenClient, Denial> {
        let signing = self.signing(token.slot()).map_err(|_| Denial::TokenInvalid)?;
        let verified = token.verify(&signing.client).map_err(|_| Denial::TokenInvalid)?;
        let (slot, claims) = (verified.slot(), verified.into_claims());
        let session = ClientSession { name: claims.session.clone(), tenant: claims.tenant };
        let rules = self.clients.rules.get(&session).cloned();
        Ok(ProvenClient { claims, slot, rules })
    }

    /// Every check of the token itself: the steps 2 and 3 of `docs/adr/0027-client-tokens.md`.
    ///
    /// [`Denial::Revoked`] and what else is wrong with its parent are for the caller to put into words.
    pub(crate) fn decide_client(&self, token: &ProvenClient, now: Timestamp) -> Result<(), Denial> {
        let claims = &token.claims;
        if now.secs_u32() >= claims.expires_at || claims.expires_at <= self.swept_until {
            return Err(Denial::TokenExpired);
        }
        let not_before = self.signed_after(token.slot)?;
        if is_before(claims.id.uuid().unix_ms(), not_before.ms()) {
            return Err(Denial::Revoked);
        }
        if self.clients.revoked.contains(&token.revoked()) {
            return Err(Denial::TokenRevoked);
        }
        self.check_status(claims.parent, now)?;
        // The parent is the older one.
        self.check_tenant(claims.tenant, claims.parent.uuid().unix_ms())
    }

    /// The rules of a session now.
    pub(crate) fn client_rules(&self, session: &ClientSession) -> Option<&Arc<ClientRules>> {
        self.clients.rules.get(session)
    }

    /// Whether any rules for this session allow pages of this origin; `None`: for any session.
    pub(crate) fn allows_origin(&self, name: Option<&SessionName>, origin: &str) -> bool {
        self.clients.origins.contain(name, origin)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;
    use titan_core::client_token::RecipientMode;
    use titan_core::revision::{Change, KeyStatus, TenantStatus};
    use titan_core::signing::SlotKey;
    use titan_token::{
        ClientClaims, ClientKey, ClientTokenId, JwtParty, KeyId, PlainName, SigningSecret, Slot, TenantId,
        Uuid,
    };

    const NOW: Timestamp = Timestamp::from_secs(1_800_000_000);

    fn slot_key(not_before: Timestamp, retired_at: Option<Timestamp>) -> SlotKey {
        let secret = SigningSecret::new([1; 32]);
        SlotKey { slot: Slot::new(3).unwrap(), secret, created_at: NOW, retired_at, not_before }
    }

    fn snapshot() -> Snapshot {
        let mut snapshot = Snapshot::new();
        snapshot.set_slots(&[slot_key(Timestamp::from_ms(0), None)]);
        snapshot
    }

    fn apply(snapshot: &mut Snapshot, change: &Change) {
        let to_add = snapshot.apply([change]);
        snapshot.restrict(to_add);
    }

    /// Made a second ago, by a key that is an hour old.
    fn claims() -> ClientClaims {
        let id = |ago: u64, n| Uuid::v7(1_800_000_000_000 - ago, [n; 10]);
        let party = JwtParty::new("titan").unwrap();
        ClientClaims {
            issuer: party.clone(),
            audience: party,
            tenant: TenantId(4),
            session: SessionName::new("default").unwrap(),
            subject: PlainName::new("ada").unwrap(),
            chat: None,
            parent: KeyId::new(id(3_600_000, 5)),
            issued_at: 1_799_999_999,
            expires_at: 1_800_000_001,
            id: ClientTokenId::new(id(1000, 6)),
        }
    }

    fn check_at(snapshot: &Snapshot, claims: &ClientClaims, now: Timestamp) -> Result<(), Denial> {
        let text = claims.sign(Slot::new(3).unwrap(), &ClientKey::derive(&SigningSecret::new([1; 32])));
        let token = UntrustedClientToken::parse(text.expose()).unwrap();
        snapshot.decide_client(&snapshot.prove_client(&token)?, now)
    }

    fn check(snapshot: &Snapshot) -> Result<(), Denial> {
        check_at(snapshot, &claims(), NOW)
    }

    fn rules(origins: &[&str]) -> Arc<ClientRules> {
        Arc::new(ClientRules {
            recipient_mode: RecipientMode::Any,
            allowed_recipients: BTreeSet::new(),
            allowed_actions: BTreeSet::new(),
            allowed_origins: origins.iter().copied().map(Into::into).collect(),
            rate_limit: 0,
            max_daily: 0,
            enabled: true,
        })
    }

    fn session(tenant: u32, name: &str) -> ClientSession {
        ClientSession { name: SessionName::new(name).unwrap(), tenant: TenantId(tenant) }
    }

    #[test]
    fn a_good_token_passes_until_the_second_it_expires() {
        assert_eq!(check(&snapshot()), Ok(()));
        let at_expiry = Timestamp::from_secs(1_800_000_001);
        assert_eq!(check_at(&snapshot(), &claims(), at_expiry), Err(Denial::TokenExpired));
        let mut swept = snapshot();
        swept.sweep_until(at_expiry);
        assert_eq!(check(&swept), Err(Denial::TokenExpired), "whatever the clock says");
    }

    #[test]
    fn what_ends_its_parent_ends_it() {
        let parent = claims().parent;
        let disabled = KeyStatus { is_disabled: true, ..KeyStatus::default() };
        let retiring = |until| KeyStatus { retirement: Some((0, until)), ..KeyStatus::default() };
        for (status, denial) in [
            (KeyStatus { is_revoked: true, ..KeyStatus::default() }, Some(Denial::Revoked)),
            (disabled, Some(Denial::Disabled)),
            (retiring(NOW.ms()), Some(Denial::Revoked)),
            (retiring(NOW.ms() + 1), None),
            (KeyStatus { rate_limit: Some(1), ..KeyStatus::default() }, None),
        ] {
            let mut snapshot = snapshot();
            apply(&mut snapshot, &Change::Key(parent, status));
            assert_eq!(check(&snapshot).err(), denial, "{status:?}");
        }
    }

    #[test]
    fn what_ends_its_tenant_or_its_slot_ends_it() {
        let tenant = |status| {
            let mut snapshot = snapshot();
            apply(&mut snapshot, &Change::Tenant(TenantId(4), status));
            check(&snapshot).err()
        };
        assert_eq!(tenant(TenantStatus { is_disabled: true, not_before: None }), Some(Denial::Disabled));
        // Younger than the token's parent, and older than the token.
        let not_before = Some(NOW.ms() - 2000);
        assert_eq!(tenant(TenantStatus { is_disabled: false, not_before }), Some(Denial::Revoked));
        let slot = |key| {
            let mut snapshot = Snapshot::new();
            snapshot.set_slots(&[key]);
            check(&snapshot).err()
        };
        assert_eq!(slot(slot_key(Timestamp::from_ms(0), Some(NOW))), Some(Denial::Revoked));
        assert_eq!(slot(slot_key(NOW, None)), Some(Denial::Revoked));
        // The parent may be older than the slot: one that was imported is.
        assert_eq!(slot(slot_key(Timestamp::from_ms(NOW.ms() - 1000), None)), None);
        assert_eq!(check(&Snapshot::new()), Err(Denial::TokenInvalid));
    }

    #[test]
    fn a_revoked_token_is_forgotten_when_it_has_expired_and_not_before() {
        let mut snapshot = snapshot();
        let claims = claims();
        let other = RevokedToken { id: claims.id, tenant: TenantId(5) };
        apply(&mut snapshot, &Change::ClientToken(other));
        assert_eq!(check(&snapshot), Ok(()), "another tenant's is none of its");
        apply(&mut snapshot, &Change::ClientToken(RevokedToken { tenant: claims.tenant, ..other }));
        assert_eq!(check(&snapshot), Err(Denial::TokenRevoked));
        // It could be good for an hour, from its own time on.
        let longest = Timestamp::from_ms(NOW.ms() - 1000 + 3_600_000);
        snapshot.forget_expired(longest);
        assert_eq!(check(&snapshot), Err(Denial::TokenRevoked));
        snapshot.forget_expired(longest.plus_secs(2));
        assert_eq!((check(&snapshot), snapshot.clients.revoked.len()), (Ok(()), 0));
    }

    #[test]
    fn origins_are_counted_for_each_session_and_for_all() {
        let mut snapshot = Snapshot::new();
        let set = |snapshot: &mut Snapshot, tenant, rules| {
            apply(snapshot, &Change::ClientRules(session(tenant, "default"), rules));
        };
        let [default, support] = ["default", "support"].map(|name| SessionName::new(name).unwrap());
        let allows = |snapshot: &Snapshot, name: Option<&SessionName>| {
            ["https://a.example", "https://b.example"].map(|origin| snapshot.allows_origin(name, origin))
        };
        set(&mut snapshot, 1, Some(rules(&["https://a.example"])));
        set(&mut snapshot, 2, Some(rules(&["https://a.example", "https://b.example"])));
        assert_eq!(allows(&snapshot, Some(&default)), [true, true]);
        assert_eq!((allows(&snapshot, Some(&support)), allows(&snapshot, None)), ([false; 2], [true; 2]));
        // The same rules once more count once.
        set(&mut snapshot, 2, Some(rules(&["https://b.example"])));
        set(&mut snapshot, 2, Some(rules(&["https://b.example"])));
        set(&mut snapshot, 1, None);
        assert_eq!(allows(&snapshot, Some(&default)), [false, true]);
        set(&mut snapshot, 1, Some(rules(&[])));
        assert_eq!(allows(&snapshot, None), [true; 2], "no list allows every origin");
        set(&mut snapshot, 1, None);
        set(&mut snapshot, 2, None);
        assert!(snapshot.clients.rules.is_empty() && snapshot.clients.origins.counts.is_empty());
    }
}
