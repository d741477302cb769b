//! `/admin`

mod keys;
mod lists;
mod signing_keys;
mod tenants;
