//! The bodies of the fuzz targets: one function each, from any bytes to a panic if something is wrong.
//!
//! They ask for soundness, not for the absence of crashes alone: what was not signed never verifies, and no
//! spelling of a path slips past the route that names it. The targets in `fuzz_targets/` hand them to the
//! engine; `tests/short.rs` runs them on a stable compiler.

#![forbid(unsafe_code)]
#![expect(clippy::panic, reason = "it is how a body says that something is wrong")]

mod credential;
mod id;
mod key;
mod policy;

pub use credential::credential;
pub use id::type_id;
pub use key::{key_mutated, key_parse, key_round_trip};
pub use policy::{policy_file, policy_path};
