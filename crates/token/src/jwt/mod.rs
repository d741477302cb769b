//! The session JWT: an access token (RFC 9068) of a person who signed in, signed with Ed25519 (RFC 8037).
//!
//! It is written and read by this program alone, so it has one spelling: this header and these claims, in this
//! order, without white space and without escapes. What else JSON allows is refused: with it go duplicate
//! members, other algorithms, and headers that name a key (RFC 8725, 3.1 and 3.10). Others, who have the public
//! keys from the JWKS, read it with any library.

mod claims;
mod client;
mod header;
mod identity;
mod key;
mod read;
mod template;

pub use claims::{JwtClaims, JwtParty, ScopeNames};
pub use client::{
    ClientClaims, ClientKey, PlainName, SessionName, UntrustedClientToken, VerifiedClientToken,
};
pub use identity::{IdentityClaims, IdentityKey};
pub use key::{JwtKey, JwtPublicKey, Kid};
pub use read::{BadJwt, UntrustedJwt, VerifiedJwt};

/// The longest text that is looked at, in bytes.
const LONGEST: usize = 4096;
/// An Ed25519 signature (RFC 8032, 5.1.6).
const SIGNATURE: usize = 64;
