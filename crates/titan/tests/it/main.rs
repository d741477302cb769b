//! Titan as its callers meet it: a real listener, real requests. Folders and files follow the surfaces.

#![expect(clippy::panic, clippy::unwrap_used, reason = "a test fails by panicking")]

mod access_log;
mod account;
mod admin;
mod audit;
mod backup;
mod bad_input;
mod commands;
mod connections;
mod crash;
mod credentials;
mod doctor;
mod failures;
mod floods;
mod forward_auth;
mod gateway;
mod help;
mod http_semantics;
mod hygiene;
mod identity;
mod imported;
mod instances;
mod keys_command;
mod late;
mod license;
mod limits;
mod logs;
mod metrics;
mod migrate;
mod oauth2;
mod open_exchanges;
mod people;
mod principals;
mod program;
mod reference;
mod rotation;
mod seal_key;
mod support;
mod sweeping;
mod tls;
mod traces;
mod upstreams;
mod usage;
mod verify;
mod whatomate;
