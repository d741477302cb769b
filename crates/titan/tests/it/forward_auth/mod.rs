//! Forward-auth: the endpoints, and real proxies with the configurations that `docs/proxies` prints.

mod endpoints;
pub(crate) mod envoy;
mod proxies;
mod proxy;
