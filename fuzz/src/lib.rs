//! The bodies of the fuzz targets: one function each, from any bytes to a panic if something is wrong.
//!
//! They ask for soundness, not for the absence of crashes alone: what was not signed never verifies, and no
//! spelling of a path slips past the route that names it. The targets in `fuzz_targets/` hand them to the
//! engine; `tests/short.rs` runs them on a stable compiler.

#![forbid(unsafe_code)]
#![expect(clippy::panic, reason = "it is how a body says that something is wrong")]

mod base64url;
mod client_token;
mod console;
mod credential;
mod id;
mod jwt;
mod key;
mod license;
mod policy;
mod refresh;

pub use client_token::client_token_parse;
pub use console::console_parse;
pub use credential::credential;
pub use id::type_id;
pub use jwt::{jwt_mutated, jwt_parse};
pub use key::{key_mutated, key_parse, key_round_trip};
pub use license::license;
pub use policy::{policy_file, policy_path};
pub use refresh::refresh_parse;
