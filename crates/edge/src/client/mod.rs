//! Requests with client tokens: what the rules of their session say of them. `docs/adr/0027-client-tokens.md` has the order.

mod cors;
mod day;
mod request;

pub(crate) use cors::{Cors, preflight};
pub(crate) use day::DayCounts;
pub(crate) use request::ClientRequest;
