//! `/admin`

mod keys;
mod signing_keys;
mod tenants;
