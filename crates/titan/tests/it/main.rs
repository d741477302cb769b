//! Titan as its callers meet it: a real listener, real requests. Folders and files follow the surfaces.

#![expect(clippy::panic, clippy::unwrap_used, reason = "a test fails by panicking")]

mod account;
mod admin;
mod bad_input;
mod commands;
mod crash;
mod credentials;
mod gateway;
mod http_semantics;
mod hygiene;
mod late;
mod principals;
mod program;
mod reference;
mod rotation;
mod support;
mod upstreams;
mod verify;
