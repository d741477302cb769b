//! Sessions of the console: `docs/adr/0029-console.md`.
//!
//! A browser holds one token in a cookie. It names a session: one of a user, with its row, or one of a holder of the master key, which
//! has no row, as nothing is to be known of it but that it was ended.

mod jwts;
mod service;

use crate::time::Timestamp;
pub use service::{ConsoleService, Holder, Proof};
use titan_token::{SessionId, Uuid};

/// A session of the console ends after 12 hours: a working day.
pub const SESSION_SECS: i64 = 12 * 3600;
/// For so long after a proof of who asks, nothing that cannot be undone asks for another one.
pub const PROOF_SECS: i64 = 300;

/// What lies before this session expired at or before that time: the edge forgets it, and the log loses its row.
pub fn first_living(until: Timestamp) -> SessionId {
    // A second more: a token ends with a whole one.
    let begun_ms = until.ms().saturating_sub((SESSION_SECS + 1) * 1000);
    SessionId::new(Uuid::from_bits(u128::from(u64::try_from(begun_ms).unwrap_or_default()) << 80))
}
