//! The decision about a session JWT.

use super::{Signing, Snapshot};
use titan_core::access::{Denial, ProvenJwt};
use titan_core::time::Timestamp;
use titan_token::{Kid, UntrustedJwt, UntrustedRefresh};

/// A JWT of another instance may be from a clock that is ahead of this one by so much.
const AHEAD_SECS: u32 = 60;

impl Snapshot {
    /// The JWT, if its signature holds. Before that, nothing of it is used but the name of its key.
    pub(crate) fn prove_jwt(&self, jwt: &UntrustedJwt<'_>) -> Result<ProvenJwt, Denial> {
        let signing = self.jwt_signing(jwt.kid()).ok_or(Denial::TokenInvalid)?;
        let kid = jwt.kid();
        jwt.verify(&signing.jwt).map(|jwt| ProvenJwt::new(jwt, kid)).map_err(|_| Denial::TokenInvalid)
    }

    fn jwt_signing(&self, kid: Kid) -> Option<&Signing> {
        self.slots.iter().flatten().find(|signing| signing.jwt.kid() == kid)
    }

    /// Every check of a JWT that is ours, but issuer, audience and scope.
    pub(crate) fn decide_jwt(&self, proven: &ProvenJwt, now: Timestamp) -> Result<(), Denial> {
        let (claims, now) = (proven.claims(), now.secs_u32());
        if now >= claims.expires_at || claims.expires_at <= self.swept_until {
            return Err(Denial::TokenExpired);
        }
        if claims.issued_at > now.saturating_add(AHEAD_SECS) {
            return Err(Denial::TokenInvalid);
        }
        let signing = self.jwt_signing(proven.kid()).filter(|signing| !signing.is_retired);
        signing.ok_or(Denial::SessionEnded)?;
        let status = self.sessions.get(&claims.session).copied().unwrap_or_default();
        if status.is_ended {
            return Err(Denial::SessionEnded);
        }
        if claims.version < status.epoch {
            return Err(Denial::TokenExpired);
        }
        // Its id says when it was issued, to the millisecond.
        self.check_tenant(claims.tenant, claims.id.uuid().unix_ms()).map_err(|_| Denial::SessionEnded)
    }

    /// Whether the MAC of a refresh token holds under a key that is not retired.
    pub(crate) fn knows_refresh(&self, token: &UntrustedRefresh) -> bool {
        let signing = self.slots[token.slot().index()].as_ref().filter(|signing| !signing.is_retired);
        signing.is_some_and(|signing| token.verify(&signing.refresh).is_ok())
    }

    /// The public keys of all slots that are not retired, as members of a JWKS (RFC 7517, 5): of session JWTs, and of identity tokens
    /// if there are any.
    pub(crate) fn jwks(&self, has_identities: bool) -> Vec<String> {
        let living = self.slots.iter().flatten().filter(|signing| !signing.is_retired);
        let keys = living.flat_map(|signing| {
            let identity = has_identities.then(|| signing.identity.to_string());
            [Some(signing.jwt.to_jwk()), identity]
        });
        keys.flatten().collect()
    }
}
