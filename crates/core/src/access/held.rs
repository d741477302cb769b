//! What somebody holds.

use super::{ProvenJwt, ProvenOpaque};
use titan_token::{KeyId, SessionId, UntrustedRefresh, VerifiedKey};

/// A credential that is ours by its MAC, its signature or its hash. It may be switched off.
pub enum Held {
    /// An API key.
    Key(KeyId),
    /// An opaque key.
    Opaque(KeyId),
    /// A refresh token. Whether its MAC holds is seen again where it is used.
    Refresh(UntrustedRefresh),
    /// A session, by its JWT.
    Session(SessionId),
}

impl Held {
    /// By an API key.
    pub fn key(key: &VerifiedKey) -> Self {
        Self::Key(key.claims().id)
    }

    /// By an opaque key.
    pub fn opaque(key: &ProvenOpaque) -> Self {
        Self::Opaque(key.status.id)
    }

    /// By a JWT.
    pub fn session(jwt: &ProvenJwt) -> Self {
        Self::Session(jwt.claims().session)
    }
}
