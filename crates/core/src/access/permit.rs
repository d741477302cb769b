//! Permits: the proof that a caller is authorised.
//!
//! A service method takes a `Permit<A>`, and only [`decide`] makes one, so a forgotten check does not compile.

use super::{
    Caller, Denial, KEYS_MANAGE, KEYS_VERIFY, KeyPrincipal, OpaquePrincipal, Origin, SESSIONS_MANAGE,
    USAGE_READ, UserPrincipal,
};
use std::marker::PhantomData;
use titan_token::{KeyId, Prefix, ScopeBit, ScopeSet, TenantId, UserId};

/// What a caller without a JWT is told where one is needed.
pub const USER_NEEDED: &str = "a JWT is required here: sign in at POST /api/v1/auth/login";

/// How far a permit extends. For its holder, keys outside the reach do not exist.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// Every tenant: the master key.
    Everything,
    /// Only the caller's own key.
    Itself(KeyId),
    /// The keys of one user in one tenant.
    Owned(UserId, TenantId),
    /// All keys of one tenant.
    Tenant(TenantId),
}

impl Reach {
    /// Whether every credential of this tenant is within the reach.
    pub fn includes_tenant(self, tenant: TenantId) -> bool {
        match self {
            Self::Everything => true,
            Self::Tenant(own) => own == tenant,
            Self::Itself(_) | Self::Owned(..) => false,
        }
    }

    /// Whether this key is within the reach: its tenant, its id, and the user to whom it belongs.
    pub fn includes(self, tenant: TenantId, key: KeyId, owner: Option<UserId>) -> bool {
        match self {
            Self::Everything => true,
            Self::Itself(own) => own == key,
            Self::Owned(user, own) => own == tenant && owner == Some(user),
            Self::Tenant(own) => own == tenant,
        }
    }
}

/// Who may do something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum By {
    /// Only the master key.
    Master,
    /// The master key, and keys with this scope.
    Keys(ScopeBit, &'static str),
    /// The master key, and users as far as their role in their tenant goes: the service looks at it.
    Owners,
    /// People, by a JWT or by an opaque key of theirs: the service looks at their role.
    People,
    /// Only users who have signed in.
    Users,
}

/// A kind of operation that needs authorisation.
pub trait Action {
    /// Who may do it.
    const BY: By;
    /// Whether a key may do it to itself without that scope.
    const TO_ITSELF: bool = false;
}

macro_rules! actions {
    ($($(#[$doc:meta])* $name:ident: $by:expr, itself: $itself:expr;)*) => {$(
        $(#[$doc])*
        #[derive(Debug)]
        pub enum $name {}
        impl Action for $name {
            const BY: By = $by;
            const TO_ITSELF: bool = $itself;
        }
    )*};
}

const MANAGE: By = By::Keys(KEYS_MANAGE.0, KEYS_MANAGE.1);

actions! {
    /// Make a key.
    CreateKey: MANAGE, itself: false;
    /// Delete a key.
    DeleteKey: MANAGE, itself: false;
    /// Switch a key off, and nothing else.
    DisableKey: MANAGE, itself: true;
    /// Take over keys of another system, and see them.
    ImportKeys: By::Master, itself: false;
    /// See all keys.
    ListKeys: MANAGE, itself: false;
    /// Set the rules of client tokens, mint and revoke them.
    ManageClientTokens: By::Keys(SESSIONS_MANAGE.0, SESSIONS_MANAGE.1), itself: false;
    /// See the license, and the sessions that it counts.
    ManageLicense: By::Master, itself: false;
    /// See and change the people of a tenant.
    ManageMembers: By::Owners, itself: false;
    /// Make, see, switch and delete the opaque keys of a tenant.
    ManageOpaqueKeys: By::People, itself: false;
    /// Make, see and end one's own keys.
    ManageOwnKeys: By::Users, itself: false;
    /// See, end and change one's own sessions, password, second factor and memberships.
    ManageOwnSessions: By::Users, itself: false;
    /// See which seal key seals, and change it.
    ManageSealKey: By::Master, itself: false;
    /// See and change the settings.
    ManageSettings: By::Master, itself: false;
    /// Rotate and retire signing keys.
    ManageSigningKeys: By::Master, itself: false;
    /// Make, change and switch off tenants.
    ManageTenants: By::Master, itself: false;
    /// Make users, switch them off, set their passwords.
    ManageUsers: By::Master, itself: false;
    /// See the instances, and which changes are in force.
    ObserveInstances: By::Master, itself: false;
    /// See the audit log.
    ReadAudit: By::Master, itself: false;
    /// See one key.
    ReadKey: MANAGE, itself: true;
    /// See the policies in force.
    ReadPolicies: By::Master, itself: false;
    /// See how keys are used.
    ReadUsage: By::Keys(USAGE_READ.0, USAGE_READ.1), itself: false;
    /// Rotate a key.
    RotateKey: MANAGE, itself: true;
    /// Rename a key, switch it on or off.
    UpdateKey: MANAGE, itself: false;
    /// Ask whether another key is valid.
    VerifyKeys: By::Keys(KEYS_VERIFY.0, KEYS_VERIFY.1), itself: false;
}

/// The proof that the caller may do `A`, and how far.
#[derive(Debug)]
pub struct Permit<A> {
    caller: Caller,
    reach: Reach,
    origin: Origin,
    action: PhantomData<A>,
}

impl<A> Permit<A> {
    /// How far it goes.
    pub fn reach(&self) -> Reach {
        self.reach
    }

    /// Where the request came from.
    pub fn origin(&self) -> &Origin {
        &self.origin
    }

    /// The caller's key; `None` for the master key.
    pub fn key(&self) -> Option<KeyId> {
        self.key_principal().map(KeyPrincipal::id)
    }

    /// All of it.
    pub fn key_principal(&self) -> Option<&KeyPrincipal> {
        match &self.caller {
            Caller::Key(key) => Some(key),
            Caller::Master | Caller::Opaque(_) | Caller::User(_) => None,
        }
    }

    /// The user who asks; `None` for keys.
    pub fn user(&self) -> Option<&UserPrincipal> {
        match &self.caller {
            Caller::User(user) => Some(user),
            Caller::Key(_) | Caller::Master | Caller::Opaque(_) => None,
        }
    }

    /// The opaque key that asks.
    pub fn opaque(&self) -> Option<&OpaquePrincipal> {
        match &self.caller {
            Caller::Opaque(key) => Some(key),
            Caller::Key(_) | Caller::Master | Caller::User(_) => None,
        }
    }

    /// The scopes that the caller may grant: its own, or all for the master key.
    pub fn grantable(&self) -> ScopeSet {
        match &self.caller {
            Caller::Key(key) => key.scopes(),
            Caller::Opaque(key) => key.scopes(),
            Caller::User(user) => user.scopes(),
            Caller::Master => ScopeSet::EMPTY.with(ScopeBit::ALL),
        }
    }

    /// The tenant in which the caller works, if it is bound to one.
    pub fn tenant(&self) -> Option<TenantId> {
        match &self.caller {
            Caller::Key(key) => Some(key.tenant()),
            Caller::Opaque(key) => Some(key.tenant()),
            Caller::User(user) => Some(user.tenant()),
            Caller::Master => None,
        }
    }

    /// How many requests the caller's key may make in a minute, if it is limited.
    pub fn rate_limit(&self) -> Option<u32> {
        match &self.caller {
            Caller::Key(key) => key.rate_limit(),
            Caller::Master | Caller::Opaque(_) | Caller::User(_) => None,
        }
    }

    /// The name of the caller in the audit log.
    pub fn actor(&self) -> String {
        match &self.caller {
            Caller::Key(key) => key.id().to_string(),
            Caller::Opaque(key) => key.id().to_string(),
            Caller::Master => "master".to_owned(),
            Caller::User(user) => user.id().to_string(),
        }
    }
}

/// Decides whether `caller` may do `A`, to `target` where the action has one.
pub fn decide<A: Action>(
    caller: &Caller,
    target: Option<KeyId>,
    origin: Origin,
) -> Result<Permit<A>, Denial> {
    let reach = match caller {
        Caller::Master if matches!(A::BY, By::People | By::Users) => {
            return Err(Denial::WrongCredential(USER_NEEDED));
        }
        Caller::Master => Reach::Everything,
        Caller::Key(key) => reach_of_key::<A>(key, target)?,
        Caller::Opaque(key) => match A::BY {
            By::People => Reach::Tenant(key.tenant()),
            By::Master => return Err(Denial::WrongCredential("master key required")),
            By::Owners | By::Users => return Err(Denial::WrongCredential(USER_NEEDED)),
            By::Keys(..) => return Err(Denial::WrongCredential("api key required")),
        },
        Caller::User(user) => match A::BY {
            By::Owners | By::People => Reach::Tenant(user.tenant()),
            By::Users => Reach::Owned(user.id(), user.tenant()),
            By::Keys(..) => return Err(Denial::WrongCredential("api key required")),
            By::Master => return Err(Denial::WrongCredential("master key required")),
        },
    };
    Ok(Permit { caller: caller.clone(), reach, origin, action: PhantomData })
}

fn reach_of_key<A: Action>(key: &KeyPrincipal, target: Option<KeyId>) -> Result<Reach, Denial> {
    let (scope, name) = match A::BY {
        By::Keys(scope, name) => (scope, name),
        By::Master => return Err(Denial::WrongCredential("master key required")),
        By::Owners | By::People | By::Users => return Err(Denial::WrongCredential(USER_NEEDED)),
    };
    // What a key of a user made would outlive the user's membership.
    let is_of_user = key.prefix() != Prefix::Standard && scope == KEYS_MANAGE.0;
    if !is_of_user && key.scopes().intersects(ScopeSet::EMPTY.with(scope).with(ScopeBit::ALL)) {
        Ok(Reach::Tenant(key.tenant()))
    } else if A::TO_ITSELF && target == Some(key.id()) {
        Ok(Reach::Itself(key.id()))
    } else if is_of_user {
        Err(Denial::WrongCredential(USER_NEEDED))
    } else {
        Err(Denial::InsufficientScope(name.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::access::KeyPrincipal;
    use titan_token::{Claims, Presented, SigningKey, SigningSecret, Slot, Uuid};

    fn caller(id: u128, scopes: ScopeSet) -> Caller {
        key(id, scopes, Prefix::Standard)
    }

    fn key(id: u128, scopes: ScopeSet, prefix: Prefix) -> Caller {
        let signing = SigningKey::for_api_keys(&SigningSecret::new([7; 32]));
        let claims = Claims {
            slot: Slot::new(0).unwrap(),
            id: KeyId::new(Uuid::from_bits(id)),
            tenant: TenantId(9),
            scopes,
            expires_at: u32::MAX,
        };
        let text = claims.sign(prefix, &signing);
        let Ok(Presented::SelfContained(key)) = Presented::parse(text.expose()) else {
            panic!("our own key")
        };
        Caller::Key(KeyPrincipal::new(key.verify(&signing).unwrap(), None))
    }

    fn reach<A: Action>(caller: &Caller, target: u128) -> Result<Reach, Denial> {
        let target = Some(KeyId::new(Uuid::from_bits(target)));
        decide::<A>(caller, target, Origin::default()).map(|permit| permit.reach())
    }

    #[test]
    fn a_plain_key_reaches_itself_and_only_to_read_rotate_and_disable() {
        let plain = caller(1, ScopeSet::EMPTY.with(ScopeBit::new(2).unwrap()));
        let itself = Ok(Reach::Itself(KeyId::new(Uuid::from_bits(1))));
        assert_eq!(reach::<ReadKey>(&plain, 1), itself);
        assert_eq!(reach::<RotateKey>(&plain, 1), itself);
        assert_eq!(reach::<DisableKey>(&plain, 1), itself);
        let refused = Err(Denial::InsufficientScope("keys:manage".to_owned()));
        assert_eq!(reach::<UpdateKey>(&plain, 1), refused);
        assert_eq!(reach::<DeleteKey>(&plain, 1), refused);
        assert_eq!(reach::<ReadKey>(&plain, 2), refused);
        assert_eq!(reach::<CreateKey>(&plain, 1), refused);
        assert_eq!(reach::<ListKeys>(&plain, 1), refused);
    }

    #[test]
    fn a_managing_key_stays_in_its_tenant() {
        for scope in [KEYS_MANAGE.0, ScopeBit::ALL] {
            let manager = caller(1, ScopeSet::EMPTY.with(scope));
            assert_eq!(reach::<DeleteKey>(&manager, 2), Ok(Reach::Tenant(TenantId(9))));
        }
        assert!(!Reach::Tenant(TenantId(9)).includes(TenantId(8), KeyId::new(Uuid::from_bits(1)), None));
    }

    /// Otherwise somebody who leaves could leave a key behind.
    #[test]
    fn a_key_of_a_user_manages_no_keys_but_itself() {
        for prefix in [Prefix::Live, Prefix::Test] {
            let god = key(1, ScopeSet::from_bits(u128::MAX), prefix);
            let refused = Err(Denial::WrongCredential(USER_NEEDED));
            assert_eq!(reach::<CreateKey>(&god, 1), refused);
            assert_eq!(reach::<ListKeys>(&god, 1), refused);
            assert_eq!(reach::<RotateKey>(&god, 2), refused);
            assert_eq!(reach::<RotateKey>(&god, 1), Ok(Reach::Itself(KeyId::new(Uuid::from_bits(1)))));
            assert_eq!(reach::<VerifyKeys>(&god, 1), Ok(Reach::Tenant(TenantId(9))));
        }
    }

    #[test]
    fn the_keys_of_a_user_are_its_own_and_in_its_tenant() {
        let (user, other) = (UserId::new(Uuid::from_bits(5)), UserId::new(Uuid::from_bits(6)));
        let owned = Reach::Owned(user, TenantId(9));
        let key = KeyId::new(Uuid::from_bits(1));
        assert!(owned.includes(TenantId(9), key, Some(user)));
        assert!(!owned.includes(TenantId(8), key, Some(user)));
        assert!(!owned.includes(TenantId(9), key, Some(other)));
        assert!(!owned.includes(TenantId(9), key, None));
    }

    #[test]
    fn no_key_is_a_master_key() {
        let god = caller(1, ScopeSet::from_bits(u128::MAX));
        assert_eq!(reach::<ManageTenants>(&god, 1), Err(Denial::WrongCredential("master key required")));
        assert_eq!(reach::<ManageTenants>(&Caller::Master, 1), Ok(Reach::Everything));
    }
}
