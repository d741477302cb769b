//! Titan, the program: configuration, wiring, commands.
//!
//! `main` parses a command; `command/` runs it. `serve` reads a [`config::Settings`], wires the crates together
//! ([`wire`]), and listens ([`server`]). Here, and only here, the system's clock and randomness are read.

#![forbid(unsafe_code)]

mod access_log;
pub mod command;
pub mod config;
mod demo;
mod dispatch;
mod failures;
mod metrics;
mod passwords;
mod pem;
mod platform;
pub mod server;
mod source;
pub mod system;
mod telemetry;
mod traces;
mod upkeep;
pub mod wire;
