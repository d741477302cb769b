//! Permits: the proof that a caller is authorised.
//!
//! A service method takes a `Permit<A>`, and only [`decide`] makes one, so a forgotten check does not compile.

use super::{Caller, Denial, KEYS_MANAGE, KEYS_VERIFY, Origin};
use std::marker::PhantomData;
use titan_token::{KeyId, ScopeBit, ScopeSet, TenantId};

/// How far a permit extends. For its holder, keys outside the reach do not exist.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// Every tenant: the master key.
    Everything,
    /// Only the caller's own key.
    Itself(KeyId),
    /// All keys of one tenant.
    Tenant(TenantId),
}

impl Reach {
    /// Whether this key is within the reach.
    pub fn includes(self, tenant: TenantId, key: KeyId) -> bool {
        match self {
            Self::Everything => true,
            Self::Itself(own) => own == key,
            Self::Tenant(own) => own == tenant,
        }
    }
}

/// A kind of operation that needs authorisation.
pub trait Action {
    /// The scope that a key needs for it. `None`: only the master key may do it.
    const SCOPE: Option<(ScopeBit, &'static str)>;
    /// Whether a key may do it to itself without that scope.
    const TO_ITSELF: bool = false;
}

macro_rules! actions {
    ($($(#[$doc:meta])* $name:ident: $scope:expr, itself: $itself:expr;)*) => {$(
        $(#[$doc])*
        #[derive(Debug)]
        pub enum $name {}
        impl Action for $name {
            const SCOPE: Option<(ScopeBit, &'static str)> = $scope;
            const TO_ITSELF: bool = $itself;
        }
    )*};
}

actions! {
    /// Make a key.
    CreateKey: Some(KEYS_MANAGE), itself: false;
    /// Delete a key.
    DeleteKey: Some(KEYS_MANAGE), itself: false;
    /// Switch a key off, and nothing else.
    DisableKey: Some(KEYS_MANAGE), itself: true;
    /// See all keys.
    ListKeys: Some(KEYS_MANAGE), itself: false;
    /// Rotate and retire signing keys.
    ManageSigningKeys: None, itself: false;
    /// Make, change and switch off tenants.
    ManageTenants: None, itself: false;
    /// See the instances, and which changes are in force.
    ObserveInstances: None, itself: false;
    /// See one key.
    ReadKey: Some(KEYS_MANAGE), itself: true;
    /// Rotate a key.
    RotateKey: Some(KEYS_MANAGE), itself: true;
    /// Rename a key, switch it on or off.
    UpdateKey: Some(KEYS_MANAGE), itself: false;
    /// Ask whether another key is valid.
    VerifyKeys: Some(KEYS_VERIFY), itself: false;
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
        match &self.caller {
            Caller::Key(key) => Some(key.id()),
            Caller::Master => None,
        }
    }

    /// The scopes that the caller may grant: its own, or all for the master key.
    pub fn grantable(&self) -> ScopeSet {
        match &self.caller {
            Caller::Key(key) => key.scopes(),
            Caller::Master => ScopeSet::EMPTY.with(ScopeBit::ALL),
        }
    }

    /// The tenant in which the caller works, if it is bound to one.
    pub fn tenant(&self) -> Option<TenantId> {
        match &self.caller {
            Caller::Key(key) => Some(key.tenant()),
            Caller::Master => None,
        }
    }

    /// The name of the caller in the audit log.
    pub fn actor(&self) -> String {
        self.key().map_or_else(|| "master".to_owned(), |id| id.to_string())
    }
}

/// Decides whether `caller` may do `A`, to `target` where the action has one.
pub fn decide<A: Action>(
    caller: &Caller,
    target: Option<KeyId>,
    origin: Origin,
) -> Result<Permit<A>, Denial> {
    let reach = match caller {
        Caller::Master => Reach::Everything,
        Caller::Key(key) => {
            let (scope, name) = A::SCOPE.ok_or(Denial::WrongCredential("master key required"))?;
            if key.scopes().intersects(ScopeSet::EMPTY.with(scope).with(ScopeBit::ALL)) {
                Reach::Tenant(key.tenant())
            } else if A::TO_ITSELF && target == Some(key.id()) {
                Reach::Itself(key.id())
            } else {
                return Err(Denial::InsufficientScope(name.to_owned()));
            }
        }
    };
    Ok(Permit { caller: caller.clone(), reach, origin, action: PhantomData })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::access::KeyPrincipal;
    use titan_token::{Claims, Prefix, Presented, SigningKey, SigningSecret, Slot, Uuid};

    fn caller(id: u128, scopes: ScopeSet) -> Caller {
        let signing = SigningKey::for_api_keys(&SigningSecret::new([7; 32]));
        let claims = Claims {
            slot: Slot::new(0).unwrap(),
            id: KeyId::new(Uuid::from_bits(id)),
            tenant: TenantId(9),
            scopes,
            expires_at: u32::MAX,
        };
        let text = claims.sign(Prefix::Standard, &signing);
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
        assert!(!Reach::Tenant(TenantId(9)).includes(TenantId(8), KeyId::new(Uuid::from_bits(1))));
    }

    #[test]
    fn no_key_is_a_master_key() {
        let god = caller(1, ScopeSet::from_bits(u128::MAX));
        assert_eq!(reach::<ManageTenants>(&god, 1), Err(Denial::WrongCredential("master key required")));
        assert_eq!(reach::<ManageTenants>(&Caller::Master, 1), Ok(Reach::Everything));
    }
}
