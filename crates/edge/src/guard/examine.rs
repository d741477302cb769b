//! The decision about one credential, from a snapshot that nobody changes.

use super::Guard;
use super::client::as_token;
use crate::snapshot::{Decision, Hashed, Proven, Snapshot};
use std::sync::Arc;
use titan_core::access::{Denial, OpaquePrincipal, Principal, ProvenJwt, UserPrincipal};
use titan_core::time::Timestamp;
use titan_token::{
    HashedKey, JwtParty, Presented, UntrustedClientToken, UntrustedJwt, UntrustedKey, VerifiedKey,
};

impl Guard {
    /// The whole decision from a snapshot that nobody changes.
    pub(super) fn examine_in(&self, snapshot: &Snapshot, credential: &str, now: Timestamp) -> Decision {
        match parse(credential) {
            Ok(Readable::Key(key)) => examine_key(snapshot, &key, Some(now)),
            Ok(Readable::Jwt(jwt)) => self.examine_jwt(snapshot, &jwt, Some(now)),
            Ok(Readable::Client(token)) => as_token(self.examine_client(snapshot, &token, Some(now))),
            Ok(Readable::Hashed(key)) => self.examine_hashed(snapshot, key, Denial::Invalid, Some(now)),
            Ok(Readable::Foreign(text)) => self.examine_foreign(snapshot, text, Some(now)),
            Err(denial) => (None, Err(denial)),
        }
    }

    /// `now` is none without a good lease.
    #[inline(never)]
    pub(super) fn examine_jwt(
        &self,
        snapshot: &Snapshot,
        jwt: &UntrustedJwt<'_>,
        now: Option<Timestamp>,
    ) -> Decision {
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
    pub(super) fn examine_hashed(
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
    pub(super) fn examine_foreign(
        &self,
        snapshot: &Snapshot,
        text: &str,
        now: Option<Timestamp>,
    ) -> Decision {
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

    pub(super) fn is_ours(&self, issuer: &JwtParty, audience: &JwtParty) -> bool {
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
    pub(super) fn look_twice(&self, decide: impl Fn(&Snapshot) -> Decision) -> Decision {
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
}

/// The decision about a key. `now` is none without a good lease.
#[inline]
pub(super) fn examine_key(snapshot: &Snapshot, key: &UntrustedKey, now: Option<Timestamp>) -> Decision {
    match (snapshot.prove(key), now) {
        (Ok(key), now) => decide_proven(snapshot, key, now),
        // Perhaps its signing key is one that this instance has not heard of yet.
        (Err(Denial::Invalid), None) => (None, Err(Denial::Unknown)),
        (Err(denial), _) => (None, Err(denial)),
    }
}

#[inline]
pub(super) fn decide_proven(snapshot: &Snapshot, key: VerifiedKey, now: Option<Timestamp>) -> Decision {
    let decided = now.map_or(Err(Denial::Unknown), |now| snapshot.decide(&key, now).map(Principal::Key));
    (Some(Proven::Key(key)), decided)
}

/// A credential that a request may carry.
pub(super) enum Readable<'a> {
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
pub(super) fn parse(credential: &str) -> Result<Readable<'_>, Denial> {
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
