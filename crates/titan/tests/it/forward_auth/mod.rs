//! Forward-auth: the endpoints, and real proxies with the configurations that `docs/proxies` prints.

mod endpoints;
mod proxies;
mod proxy;
