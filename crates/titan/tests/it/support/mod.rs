//! What the tests are written with.

pub(crate) mod access_log;
pub(crate) mod app;
pub(crate) mod browser;
pub(crate) mod cut;
pub(crate) mod database;
pub(crate) mod h2;
pub(crate) mod hex;
pub(crate) mod people;
pub(crate) mod program;
pub(crate) mod raw;
pub(crate) mod role;
pub(crate) mod scripted;
pub(crate) mod server;
pub(crate) mod tls;
pub(crate) mod upstream;

pub(crate) use app::TestApp;
pub(crate) use role::{Answer, Role};
