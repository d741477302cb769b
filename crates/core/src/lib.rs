//! Titan's rules, without HTTP and without a database: who may do what to which key, and what the edge must know.
//!
//! One folder a noun. A service method is one use case: it takes a [`access::Permit`], does all its work in
//! one transaction of the [`port::Store`] (the change, its audit row, its revision), and where the change can
//! turn a yes into a no, answers only after the edge has applied it.
//!
//! Time and randomness are arguments ([`time::Clock`], [`entropy::Entropy`]).

#![forbid(unsafe_code)]

pub mod access;
pub mod audit;
pub mod client_token;
pub mod console;
pub mod entropy;
pub mod error;
pub mod holder;
pub mod idempotency;
pub mod invitation;
pub mod key;
pub mod license;
pub mod limit;
pub mod opaque;
mod page;
pub mod policy;
pub mod port;
mod refuse;
mod retry;
pub mod revision;
pub mod seal;
pub mod session;
pub mod settings;
pub mod signing;
mod store_error;
pub mod suggest;
pub mod tenant;
pub mod time;
pub mod usage;
pub mod user;
pub mod wire;

pub use error::{Code, Error, Failure};
