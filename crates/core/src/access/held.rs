//! What somebody holds.

use titan_token::{KeyId, SessionId, UntrustedRefresh};

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
