//! Titan's data plane: it decides about requests from memory.
//!
//! ```text
//! headers → token → MAC → snapshot (one atomic load) → decision → gateway, or the answer to /auth/verify
//! ```
//!
//! The [`Follower`] builds the snapshot from the revision log and keeps it current. The [`Guard`] decides from
//! it without a lock and without a database, while the lease of this instance is good.

#![deny(unsafe_code)]

pub mod access_log;
mod admission;
mod body;
mod body_error;
mod client;
#[doc(hidden)]
pub mod fault;
mod follower;
mod forward_auth;
pub mod gateway;
mod guard;
mod identity;
mod identity_tokens;
mod inspect;
mod key_cache;
mod lease;
mod limits;
pub mod metrics;
mod opaque_index;
mod prefetch;
mod reply;
mod request_body;
mod revocation_set;
mod snapshot;
mod trusted_proxies;
pub mod upstream;
pub mod usage;
mod uses;
pub mod verify;
mod watch;
mod write;

pub use body::Body;
pub use follower::{Follower, Readiness};
pub use forward_auth::{ForwardAuth, Proxy, envoy};
pub use gateway::Gateway;
pub use guard::Guard;
pub use limits::{Cost, Limiter, Quota, Refusal};
pub use reply::error_response;
pub use request_body::{Arrivals, RequestBody};
pub use snapshot::{Decision, Proven};
pub use trusted_proxies::TrustedProxies;
pub use write::write_as_one;
