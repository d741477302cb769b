//! The formats of Titan's credentials: text in, values out.
//!
//! Nothing here reads a clock, draws a random number, or does I/O: the issue time, the random bytes and the
//! signing secret are arguments, so each function can be checked against the vectors in `vectors/`, which
//! another implementation made. `docs/token-format.md` is normative.
//!
//! The way through this crate is one-way: text → [`Presented`] (its shape holds) → [`VerifiedKey`] or [`VerifiedJwt`]
//! (its MAC or its signature holds). Only `verify` makes the last step, and for keys of other systems [`VerifiedKey::imported`]; so it is with [`UntrustedRefresh`] and [`UntrustedConsole`].

#![no_std]
#![deny(unsafe_code)]

extern crate alloc;

mod base64;
mod compress;
mod console;
mod cursor;
mod error;
mod id;
mod invitation;
mod jwt;
mod key;
mod license;
mod mac;
mod opaque;
mod presented;
mod refresh;
mod scope;
mod secret;
mod signing;

pub use console::{Binding, ConsoleClaims, ConsoleKey, ConsoleKind, UntrustedConsole, VerifiedConsole};
pub use error::Malformed;
pub use id::{ClientTokenId, InvitationId, JwtId, KeyId, SessionId, TypeIdError, UserId, Uuid};
pub use invitation::{HashedInvitation, InvitationToken};
pub use jwt::{
    BadJwt, ClientClaims, ClientKey, IdentityClaims, IdentityKey, JwtClaims, JwtKey, JwtParty, JwtPublicKey,
    Kid, PlainName, ScopeNames, SessionName, UntrustedClientToken, UntrustedJwt, VerifiedClientToken,
    VerifiedJwt,
};
pub use key::{Claims, Prefix, Slot, TenantId, UntrustedKey, VerifiedKey};
pub use license::{BadSignature, LicenseKey, LicensePublicKey, UntrustedLicense, VerifiedLicense};
pub use opaque::{HashedKey, LegacyKey, OpaqueKey};
pub use presented::Presented;
pub use refresh::{RefreshClaims, RefreshKey, UntrustedRefresh, VerifiedRefresh};
pub use scope::{ScopeBit, ScopeSet};
pub use secret::{PlainKey, PlainToken, SigningSecret};
pub use signing::{BadMac, SigningKey};
