//! Making the tokens of a session.

use super::{JWT_SECS, JwtSettings, Session};
use crate::access::Catalogue;
use crate::entropy::{Entropy, random};
use crate::error::Error;
use crate::signing::SlotKey;
use crate::time::Timestamp;
use titan_token::{
    JwtClaims, JwtId, JwtKey, PlainToken, RefreshClaims, RefreshKey, ScopeNames, ScopeSet, Uuid,
};

/// What makes the tokens of this deployment.
pub(super) struct Issuer<'a> {
    pub(super) settings: &'a JwtSettings,
    pub(super) catalogue: &'a Catalogue,
    pub(super) entropy: &'a dyn Entropy,
    /// The slot that signs now.
    pub(super) signer: &'a SlotKey,
}

impl Issuer<'_> {
    /// The JWT of a session, for a role with these scopes.
    pub(super) fn jwt(&self, session: &Session, scopes: ScopeSet, life: Life) -> Result<PlainToken, Error> {
        let names: Vec<String> = scopes.iter().map(|bit| self.catalogue.name(bit)).collect();
        let scope = ScopeNames::join(names.iter().map(String::as_str));
        let claims = JwtClaims {
            issuer: self.settings.issuer.clone(),
            audience: self.settings.audience.clone(),
            subject: session.user,
            tenant: session.tenant,
            scope: scope.ok_or_else(|| Error::internal("the scopes of a role do not fit into a token"))?,
            session: session.id,
            version: session.epoch,
            issued_at: life.begin.secs_u32(),
            expires_at: life.end.secs_u32(),
            id: JwtId::new(Uuid::v7(life.begin.ms().unsigned_abs(), random(self.entropy))),
        };
        Ok(claims.sign(&JwtKey::derive(&self.signer.secret)))
    }

    /// The refresh token of a session.
    pub(super) fn refresh_token(&self, session: &Session) -> PlainToken {
        let slot = self.signer.slot;
        let claims = RefreshClaims { slot, session: session.id, generation: session.generation };
        claims.sign(&RefreshKey::derive(&self.signer.secret))
    }
}

/// When a JWT begins and ends.
#[derive(Clone, Copy)]
pub(super) struct Life {
    pub(super) begin: Timestamp,
    pub(super) end: Timestamp,
}

impl Life {
    /// Not longer than its session.
    pub(super) fn from(begin: Timestamp, session_end: Timestamp) -> Self {
        Self { begin, end: begin.whole_seconds().plus_secs(JWT_SECS).min(session_end.whole_seconds()) }
    }
}
