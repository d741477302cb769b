//! Who a credential turned out to be.

use super::Denial;
use crate::client_token::{ClientRules, ClientSession, RevokedToken};
use crate::limit::Person;
use crate::revision::OpaqueStatus;
use crate::time::Timestamp;
use std::net::IpAddr;
use std::sync::Arc;
use titan_token::{
    ClientClaims, HashedKey, JwtClaims, KeyId, Kid, Prefix, ScopeSet, SessionId, Slot, TenantId, UserId,
    VerifiedJwt, VerifiedKey,
};

/// A key that passed every check of the edge.
#[derive(Clone, Debug)]
pub struct KeyPrincipal {
    key: VerifiedKey,
    retirement: Option<Retirement>,
    limit: Option<(KeyId, u32)>,
}

/// A rotated key that still lives for a while: from when it is deprecated, and when it ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retirement {
    /// When it was rotated.
    pub since: Timestamp,
    /// When it dies: at the end of its overlap, or when it expires.
    pub until: Timestamp,
}

impl KeyPrincipal {
    /// Made from the proof that the MAC held.
    pub fn new(key: VerifiedKey, retirement: Option<Retirement>) -> Self {
        let expiry = Timestamp::from_secs(key.claims().expires_at.into());
        // One of another system is to be replaced from its first day.
        let since = Timestamp::from_ms(i64::try_from(key.claims().id.uuid().unix_ms()).unwrap_or_default());
        let imported = key.is_imported().then_some(Retirement { since, until: expiry });
        let retirement = retirement.or(imported).map(|r| Retirement { until: r.until.min(expiry), ..r });
        Self { key, retirement, limit: None }
    }

    /// With how many requests it may make in any 60 seconds, together with the other keys of its line.
    #[must_use]
    pub fn limited(self, limit: Option<(KeyId, u32)>) -> Self {
        Self { limit, ..self }
    }

    /// The first key of its line, and how many requests they may make.
    pub fn limit(&self) -> Option<(KeyId, u32)> {
        self.limit
    }

    /// How many requests it may make in any 60 seconds.
    pub fn rate_limit(&self) -> Option<u32> {
        self.limit.map(|(_, limit)| limit)
    }

    /// The key whose MAC held.
    pub fn key(&self) -> &VerifiedKey {
        &self.key
    }

    /// Its id.
    pub fn id(&self) -> KeyId {
        self.key.claims().id
    }

    /// Its tenant.
    pub fn tenant(&self) -> TenantId {
        self.key.claims().tenant
    }

    /// What it was granted.
    pub fn scopes(&self) -> ScopeSet {
        self.key.claims().scopes
    }

    /// Where it was issued.
    pub fn prefix(&self) -> Prefix {
        self.key.prefix()
    }

    /// When it expires.
    pub fn expires_at(&self) -> Timestamp {
        Timestamp::from_secs(self.key.claims().expires_at.into())
    }

    /// Set while the key lives on after a rotation with overlap.
    pub fn retirement(&self) -> Option<Retirement> {
        self.retirement
    }
}

/// A JWT whose signature held, and the key under which it did.
#[derive(Clone, Debug)]
pub struct ProvenJwt {
    jwt: VerifiedJwt,
    kid: Kid,
}

impl ProvenJwt {
    /// Made from the proof that the signature held.
    pub fn new(jwt: VerifiedJwt, kid: Kid) -> Self {
        Self { jwt, kid }
    }

    /// What it says.
    pub fn claims(&self) -> &JwtClaims {
        self.jwt.claims()
    }

    /// The key under which the signature held.
    pub fn kid(&self) -> Kid {
        self.kid
    }
}

/// A user whose JWT passed every check of the edge. Cheap to clone.
#[derive(Clone, Debug)]
pub struct UserPrincipal {
    proof: Arc<ProvenJwt>,
    scopes: ScopeSet,
}

impl UserPrincipal {
    /// `scopes` are those that the JWT names.
    pub fn new(proof: Arc<ProvenJwt>, scopes: ScopeSet) -> Self {
        Self { proof, scopes }
    }

    /// The JWT.
    pub fn proof(&self) -> &Arc<ProvenJwt> {
        &self.proof
    }

    /// The user.
    pub fn id(&self) -> UserId {
        self.proof.claims().subject
    }

    /// The tenant in which the user has signed in.
    pub fn tenant(&self) -> TenantId {
        self.proof.claims().tenant
    }

    /// The session.
    pub fn session(&self) -> SessionId {
        self.proof.claims().session
    }

    /// What the role held when the JWT was issued.
    pub fn scopes(&self) -> ScopeSet {
        self.scopes
    }

    /// When the JWT expires.
    pub fn expires_at(&self) -> Timestamp {
        Timestamp::from_secs(self.proof.claims().expires_at.into())
    }
}

/// An opaque key that passed every check of the edge.
#[derive(Clone, Copy, Debug)]
pub struct OpaquePrincipal {
    proof: ProvenOpaque,
    scopes: ScopeSet,
}

/// An opaque key that is ours: its hash, and what is known of it.
#[derive(Clone, Copy, Debug)]
pub struct ProvenOpaque {
    /// SHA-256 of its text.
    pub hash: HashedKey,
    /// What is known of it.
    pub status: OpaqueStatus,
}

impl OpaquePrincipal {
    /// `scopes` are those of the role that its owner has now.
    pub fn new(proof: ProvenOpaque, scopes: ScopeSet) -> Self {
        Self { proof, scopes }
    }

    /// What is known of it.
    pub fn proof(&self) -> &ProvenOpaque {
        &self.proof
    }

    /// Its id.
    pub fn id(&self) -> KeyId {
        self.proof.status.id
    }

    /// Its owner.
    pub fn owner(&self) -> UserId {
        self.proof.status.owner
    }

    /// Its tenant.
    pub fn tenant(&self) -> TenantId {
        self.proof.status.tenant
    }

    /// What the role of its owner holds.
    pub fn scopes(&self) -> ScopeSet {
        self.scopes
    }
}

/// A client token whose MAC held, and the rules of its session as they were then.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProvenClient {
    /// What it says.
    pub claims: ClientClaims,
    /// The slot whose key signed it.
    pub slot: Slot,
    /// `None`: its session has none.
    pub rules: Option<Arc<ClientRules>>,
}

impl ProvenClient {
    /// The session that it reaches.
    pub fn session(&self) -> ClientSession {
        ClientSession { name: self.claims.session.clone(), tenant: self.claims.tenant }
    }

    /// The row that revokes it.
    pub fn revoked(&self) -> RevokedToken {
        RevokedToken { id: self.claims.id, tenant: self.claims.tenant }
    }

    /// Whose requests are counted.
    pub fn person(&self) -> Person {
        Person::new(self.claims.tenant, &self.claims.session, &self.claims.subject)
    }
}

/// Whoever may use the guarded API.
#[derive(Clone, Debug)]
pub enum Principal {
    /// A holder of a client token. What it may do is for the rules of its session to say.
    Client(Arc<ProvenClient>),
    /// A holder of an API key.
    Key(KeyPrincipal),
    /// A holder of an opaque key.
    Opaque(OpaquePrincipal),
    /// A user who has signed in.
    User(UserPrincipal),
}

impl Principal {
    /// Its tenant.
    pub fn tenant(&self) -> TenantId {
        match self {
            Self::Client(token) => token.claims.tenant,
            Self::Key(key) => key.tenant(),
            Self::Opaque(key) => key.tenant(),
            Self::User(user) => user.tenant(),
        }
    }

    /// What it was granted.
    pub fn scopes(&self) -> ScopeSet {
        match self {
            Self::Client(_) => ScopeSet::EMPTY,
            Self::Key(key) => key.scopes(),
            Self::Opaque(key) => key.scopes(),
            Self::User(user) => user.scopes(),
        }
    }
}

impl TryFrom<Principal> for Caller {
    type Error = Denial;

    /// The control plane takes no client token.
    fn try_from(principal: Principal) -> Result<Self, Denial> {
        match principal {
            Principal::Client(_) => Err(Denial::WrongCredential("api key required")),
            Principal::Key(key) => Ok(Self::Key(key)),
            Principal::Opaque(key) => Ok(Self::Opaque(key)),
            Principal::User(user) => Ok(Self::User(user)),
        }
    }
}

/// Who asks.
#[derive(Clone, Debug)]
pub enum Caller {
    /// A holder of an API key.
    Key(KeyPrincipal),
    /// The holder of the master key.
    Master,
    /// A holder of an opaque key.
    Opaque(OpaquePrincipal),
    /// A user who has signed in.
    User(UserPrincipal),
}

/// Where a request came from: for the audit log.
#[derive(Clone, Debug, Default)]
pub struct Origin {
    /// The address of the peer, or of the client behind a proxy that is trusted.
    pub ip: Option<IpAddr>,
    /// `X-Request-Id`
    pub request_id: String,
}
