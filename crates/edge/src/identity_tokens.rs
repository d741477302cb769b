//! `X-Titan-Identity`: who asks, signed for the server behind the gateway.

use http::HeaderValue;
use quick_cache::sync::Cache;
use titan_core::access::{Catalogue, Principal};
use titan_core::time::Timestamp;
use titan_token::{IdentityClaims, IdentityKey, JwtParty, KeyId, Kid, TenantId};

/// A token is good for so long, in seconds …
const LIFETIME: u32 = 60;
/// … and sent again for so long: signing takes as long as all else of a request.
const REUSED: u32 = 30;
/// A longer name of a session is left out: in a path it may have 64 KiB, and many tokens are kept.
const LONGEST_SESSION: usize = 256;
/// How many tokens are kept. Another one is made when it is needed.
const CAPACITY: usize = 10_000;

/// Makes tokens for one audience, and keeps each for a while.
pub(crate) struct IdentityTokens {
    audience: JwtParty,
    tokens: Cache<Who, Kept>,
}

/// All that a token says, but its times.
#[derive(Clone, PartialEq, Eq, Hash)]
struct Who {
    kid: Kid,
    key: Option<KeyId>,
    /// The user, or the person who holds a client token.
    person: Option<Box<str>>,
    tenant: TenantId,
    scopes: u128,
    session: Option<Box<str>>,
}

#[derive(Clone)]
struct Kept {
    token: HeaderValue,
    issued_at: u32,
}

impl IdentityTokens {
    pub(crate) fn new(audience: JwtParty) -> Self {
        Self { audience, tokens: Cache::new(CAPACITY) }
    }

    /// A token for this request.
    pub(crate) fn token(
        &self,
        (issuer, key): (&JwtParty, &IdentityKey),
        (principal, catalogue): (&Principal, &Catalogue),
        session: Option<&str>,
        now: Timestamp,
    ) -> HeaderValue {
        let session = session.filter(|name| name.len() <= LONGEST_SESSION);
        let (who, now) = (Who::new(key, principal, session), now.secs_u32());
        // A clock that was set back makes a new one.
        let is_fresh = |kept: &Kept| (kept.issued_at..kept.issued_at.saturating_add(REUSED)).contains(&now);
        if let Some(kept) = self.tokens.get(&who).filter(is_fresh) {
            return kept.token;
        }
        let token = self.sign((issuer, key), &who, (principal, catalogue), now);
        self.tokens.insert(who, Kept { token: token.clone(), issued_at: now });
        token
    }

    fn sign(
        &self,
        (issuer, key): (&JwtParty, &IdentityKey),
        who: &Who,
        (principal, catalogue): (&Principal, &Catalogue),
        now: u32,
    ) -> HeaderValue {
        let subject = who.subject();
        let mut scope = String::new();
        catalogue.write_names(principal.scopes(), &mut scope);
        let claims = IdentityClaims {
            issuer,
            audience: &self.audience,
            subject: &subject,
            tenant: who.tenant,
            scope: &scope,
            key: who.key,
            session: who.session.as_deref(),
            issued_at: now,
            expires_at: now.saturating_add(LIFETIME),
        };
        // Three parts of base64url.
        HeaderValue::try_from(claims.sign(key)).unwrap_or(HeaderValue::from_static(""))
    }
}

impl Who {
    fn new(signer: &IdentityKey, principal: &Principal, session: Option<&str>) -> Self {
        let (key, person) = match principal {
            Principal::Client(token) => {
                (Some(token.claims.parent), Some(token.claims.subject.as_str().into()))
            }
            Principal::Key(key) => (Some(key.id()), None),
            Principal::Opaque(key) => (Some(key.id()), Some(key.owner().to_string().into())),
            Principal::User(user) => (None, Some(user.id().to_string().into())),
        };
        Self {
            kid: signer.public().kid(),
            key,
            person,
            tenant: principal.tenant(),
            scopes: principal.scopes().bits(),
            session: session.map(Into::into),
        }
    }

    /// The user, or the key if it has no owner.
    fn subject(&self) -> String {
        let key = || self.key.map(|key| key.to_string()).unwrap_or_default();
        self.person.as_deref().map_or_else(key, Into::into)
    }
}
