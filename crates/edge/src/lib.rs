//! Titan's data plane: it decides about requests from memory.
//!
//! ```text
//! headers → token → MAC → snapshot (one atomic load) → decision → gateway, or the answer to /auth/verify
//! ```
//!
//! The [`Keeper`] builds the snapshot from the log of revisions and keeps it current; the [`Guard`] decides
//! from it without a lock and without a database.

#![deny(unsafe_code)]

mod body;
mod details;
pub mod gateway;
mod guard;
mod keeper;
mod noted;
mod prefetch;
mod reply;
mod snapshot;
mod uses;
pub mod verify;

pub use body::Body;
pub use gateway::Gateway;
pub use guard::Guard;
pub use keeper::Keeper;
pub use reply::error_response;
