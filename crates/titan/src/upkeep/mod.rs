//! What Titan does by itself from time to time.

mod license;
mod signing_keys;

pub(crate) use license::LicenseUpkeep;
pub(crate) use signing_keys::SigningKeyUpkeep;

use std::convert::Infallible;

/// All of it.
pub(crate) struct Upkeep {
    pub(crate) signing_keys: SigningKeyUpkeep,
    pub(crate) license: LicenseUpkeep,
}

impl Upkeep {
    /// Goes on until it is dropped.
    pub(crate) async fn run(&self) -> Infallible {
        tokio::select! {
            never = self.signing_keys.run() => never,
            never = self.license.run() => never,
        }
    }
}
