//! Writes that were admitted from memory and have their turn only after their caller was revoked.

use serde_json::json;
use std::sync::Arc;
use titan::system::{SystemClock, SystemEntropy};
use titan_core::Code;
use titan_core::access::{Action, Caller, Catalogue, Gate, Origin, Permit, decide};
use titan_core::client_token::ClientTokenService;
use titan_core::client_token::{ClientRules, NewClientToken, RulesDraft};
use titan_core::key::{Issued, KeyService, NewKey, RoleScopes, Rotation};
use titan_core::port::Store;
use titan_core::revision::{InstanceId, Member, Wait};
use titan_core::session::JwtSettings;
use titan_core::signing::SigningKeyService;
use titan_core::tenant::{DEFAULT, TenantService, TenantUpdate};
use titan_core::time::Clock;
use titan_core::user::Roles;
use titan_edge::{Follower, Guard};
use titan_store::{Location, SealKey, connect};
use titan_token::{ClientTokenId, KeyId, SessionName, Slot, TenantId, Uuid};

const WAIT: Wait = Wait::UntilInForce;

/// The rules over a real database, without a wire: the order of things can be chosen.
struct Rules {
    keys: KeyService,
    tenants: TenantService,
    signing_keys: SigningKeyService,
    client_tokens: ClientTokenService,
    guard: Arc<Guard>,
    _folder: tempfile::TempDir,
}

fn permit<A: Action>(caller: &Caller, target: Option<KeyId>) -> Permit<A> {
    decide(caller, target, Origin::default()).unwrap()
}

fn new_key() -> NewKey {
    NewKey {
        tenant: None,
        label: "x".to_owned(),
        lifetime_days: 1,
        scopes: vec!["*".to_owned()],
        rate_limit: None,
    }
}

impl Rules {
    async fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (clock, entropy) = (Arc::new(SystemClock), Arc::new(SystemEntropy));
        let location = Location::Sqlite(folder.path().join("titan.db"));
        let seal = SealKey::beside(&location.seal_key_file().unwrap(), true, &*entropy).unwrap();
        let (store, catalogue): (Arc<dyn Store>, Catalogue) =
            connect(&location, seal, &[], &*clock, Arc::<SystemEntropy>::clone(&entropy)).await.unwrap();
        SigningKeyService::ensure(&*store, &*clock, &*entropy).await.unwrap();
        let catalogue = Arc::new(catalogue);
        let guard = Guard::new(
            Arc::clone(&catalogue),
            JwtSettings::default(),
            Arc::<SystemClock>::clone(&clock),
            Arc::clone(&store),
        );
        let guard = Arc::new(guard);
        let follower = Follower::new(
            Arc::clone(&store),
            Arc::clone(&guard),
            Arc::<SystemClock>::clone(&clock),
            Member {
                id: InstanceId(1),
                version: String::new(),
                address: String::new(),
                started_at: clock.now(),
            },
        );
        let follower = Arc::new(follower);
        follower.start().await.unwrap();
        let following = Arc::clone(&follower);
        tokio::spawn(async move { following.run().await });
        let tenants = TenantService::new(
            Arc::clone(&store),
            Arc::<SystemClock>::clone(&clock),
            Arc::<Follower>::clone(&follower),
        );
        let roles = Roles::new(&catalogue, |_| &[]).unwrap();
        let roles = RoleScopes::new(Arc::clone(&catalogue), roles);
        let parts = || {
            let clock = Arc::<SystemClock>::clone(&clock);
            (
                Arc::clone(&store),
                clock,
                Arc::<SystemEntropy>::clone(&entropy),
                Arc::<Follower>::clone(&follower),
            )
        };
        let (a, b, c, d) = parts();
        let signing_keys = SigningKeyService::new(a, b, c, d);
        let (a, b, c, d) = parts();
        let client_tokens = ClientTokenService::new(a, b, c, d, JwtSettings::default());
        let keys = KeyService::new(store, clock, entropy, follower, catalogue, roles, 90);
        Self { keys, tenants, signing_keys, client_tokens, guard, _folder: folder }
    }

    async fn made(&self) -> Issued {
        self.keys.create(permit(&Caller::Master, None), new_key(), None).await.unwrap()
    }

    /// What the edge would hand to a handler now.
    async fn admitted(&self, key: &Issued) -> Caller {
        Caller::try_from(self.guard.authenticate(key.plain.expose()).await.unwrap()).unwrap()
    }
}

#[tokio::test]
async fn a_revoked_key_leaves_no_descendant_behind() {
    let rules = Rules::start().await;
    let mother = rules.made().await;
    let caller = rules.admitted(&mother).await;
    let (create, rotate) = (permit(&caller, None), permit(&caller, Some(mother.key.id)));
    let id = mother.key.id;
    rules.keys.delete(&permit(&Caller::Master, Some(id)), id, true, WAIT).await.unwrap();
    let error = rules.keys.create(create, new_key(), None).await.err().unwrap();
    assert_eq!(error.code(), Code::ApiKeyRevoked);
    let error = rules.keys.rotate(rotate, id, Rotation::default(), None, WAIT).await.err().unwrap();
    assert_eq!(error.code(), Code::ApiKeyRevoked);
}

#[tokio::test]
async fn nor_does_one_that_was_disabled_or_whose_tenant_was() {
    let rules = Rules::start().await;
    let key = rules.made().await;
    let create = permit(&rules.admitted(&key).await, None);
    rules.keys.disable(&permit(&Caller::Master, Some(key.key.id)), key.key.id, WAIT).await.unwrap();
    let error = rules.keys.create(create, new_key(), None).await.err().unwrap();
    assert_eq!(error.code(), Code::ApiKeyDisabled);

    let key = rules.made().await;
    let create = permit(&rules.admitted(&key).await, None);
    let revoke = TenantUpdate { revoke_keys: true, ..TenantUpdate::default() };
    rules.tenants.update(&permit(&Caller::Master, None), DEFAULT, revoke, WAIT).await.unwrap();
    let error = rules.keys.create(create, new_key(), None).await.err().unwrap();
    assert_eq!(error.code(), Code::ApiKeyRevoked);

    let key = rules.made().await;
    let create = permit(&rules.admitted(&key).await, None);
    let off = TenantUpdate { is_active: Some(false), ..TenantUpdate::default() };
    rules.tenants.update(&permit(&Caller::Master, None), DEFAULT, off, WAIT).await.unwrap();
    let error = rules.keys.create(create, new_key(), None).await.err().unwrap();
    assert_eq!(error.code(), Code::ApiKeyDisabled);
}

/// A repeated rotation is answered from memory of the first; the old key must be dead all the same.
#[tokio::test]
async fn a_repeated_rotation_answers_only_when_the_first_one_is_in_force() {
    let rules = Rules::start().await;
    let old = rules.made().await;
    let name = || titan_core::idempotency::RequestName::new("r", &json!({}).to_string()).unwrap();
    let rotate = async || {
        let permit = permit(&Caller::Master, Some(old.key.id));
        rules.keys.rotate(permit, old.key.id, Rotation::default(), Some(name()), WAIT).await.unwrap()
    };
    let first = rotate().await;
    let again = rotate().await;
    assert_eq!(first.plain.expose(), again.plain.expose());
    assert!(again.receipt.is_some_and(|receipt| receipt.revision >= first.receipt.unwrap().revision));
    assert!(rules.guard.authenticate(old.plain.expose()).await.is_err());
}

fn open_rules() -> ClientRules {
    RulesDraft { recipient_mode: "any".to_owned(), ..RulesDraft::default() }.check().unwrap()
}

fn session() -> SessionName {
    SessionName::new("default").unwrap()
}

/// The body of a request may come long after its head was let in.
#[tokio::test]
async fn a_revoked_key_sets_no_rules_and_revokes_no_token() {
    let rules = Rules::start().await;
    let key = rules.made().await;
    let caller = rules.admitted(&key).await;
    rules.client_tokens.set_rules(&permit(&caller, None), None, session(), open_rules(), WAIT).await.unwrap();
    let id = key.key.id;
    rules.keys.delete(&permit(&Caller::Master, Some(id)), id, false, WAIT).await.unwrap();
    let late = permit(&caller, None);
    let set = rules.client_tokens.set_rules(&late, None, session(), open_rules(), WAIT).await.err().unwrap();
    let deleted = rules.client_tokens.delete_rules(&late, None, session(), WAIT).await.err().unwrap();
    let now = SystemClock.now().ms().unsigned_abs();
    let token = ClientTokenId::new(Uuid::v7(now, [1; 10]));
    let revoked = rules.client_tokens.revoke(&late, token, WAIT).await.err().unwrap();
    for error in [set, deleted, revoked] {
        assert_eq!(error.code(), Code::ApiKeyRevoked);
    }
}

#[tokio::test]
async fn a_key_whose_slot_was_retired_mints_nothing() {
    let rules = Rules::start().await;
    let key = rules.made().await;
    let caller = rules.admitted(&key).await;
    rules.client_tokens.set_rules(&permit(&caller, None), None, session(), open_rules(), WAIT).await.unwrap();
    let new = || NewClientToken {
        session: session(),
        ephemeral_id: "ada".to_owned(),
        chat_id: None,
        ttl_seconds: None,
    };
    rules.client_tokens.mint(&permit(&caller, None), new()).await.unwrap();
    rules.signing_keys.rotate(&permit(&Caller::Master, None), WAIT).await.unwrap();
    let slot = Slot::new(0).unwrap();
    rules.signing_keys.retire(&permit(&Caller::Master, None), slot, WAIT).await.unwrap();
    let error = rules.client_tokens.mint(&permit(&caller, None), new()).await.err().unwrap();
    assert_eq!(error.code(), Code::ApiKeyRevoked);
}

/// The holder of the master key has no tenant of its own, and every other caller has no other one.
#[tokio::test]
async fn rules_are_set_in_the_tenant_that_is_named_if_it_is_within_reach() {
    let rules = Rules::start().await;
    let (master, service) = (permit(&Caller::Master, None), &rules.client_tokens);
    let other = rules.tenants.create(&permit(&Caller::Master, None), "other").await.unwrap().id;
    service.set_rules(&master, Some(other), session(), open_rules(), WAIT).await.unwrap();
    assert_eq!(service.rules(&master, Some(other), session()).await.unwrap(), open_rules());

    let key = rules.made().await;
    let own = permit(&rules.admitted(&key).await, None);
    let beyond = [
        service.rules(&own, Some(other), session()).await.err().unwrap(),
        service.rules(&own, None, session()).await.err().unwrap(),
        service.set_rules(&own, Some(other), session(), open_rules(), WAIT).await.err().unwrap(),
        service.delete_rules(&own, Some(other), session(), WAIT).await.err().unwrap(),
        service.set_rules(&master, Some(TenantId(99)), session(), open_rules(), WAIT).await.err().unwrap(),
    ];
    assert!(beyond.iter().all(|error| error.code() == Code::NotFound));
    let unnamed = service.set_rules(&master, None, session(), open_rules(), WAIT).await.err().unwrap();
    assert_eq!(unnamed.to_string(), "tenantId: is required");

    service.set_rules(&own, Some(DEFAULT), session(), open_rules(), WAIT).await.unwrap();
    service.delete_rules(&master, Some(other), session(), WAIT).await.unwrap();
    assert!(service.rules(&own, None, session()).await.is_ok());
    assert!(service.rules(&master, Some(other), session()).await.is_err());
}
