//! The license of this process.

use super::{License, Validity};
use crate::error::{Code, Error};
use crate::time::Timestamp;
use arc_swap::ArcSwapOption;
use std::sync::Arc;

/// The license in force, if one is installed. A reload replaces it.
#[derive(Default)]
pub struct Installed(ArcSwapOption<License>);

impl Installed {
    /// Starts with this one.
    pub fn new(license: Option<License>) -> Self {
        Self(ArcSwapOption::new(license.map(Arc::new)))
    }

    /// Puts this one in force.
    pub fn replace(&self, license: Option<License>) {
        self.0.store(license.map(Arc::new));
    }

    /// The license.
    pub fn license(&self) -> Option<Arc<License>> {
        self.0.load_full()
    }

    /// 402 once its grace period is over. Without a license, nothing ends.
    pub fn check(&self, now: Timestamp) -> Result<(), Error> {
        match &*self.0.load() {
            Some(license) if license.validity(now) == Validity::Ended => {
                Err(Error::new(Code::LicenseExpired, "license expired"))
            }
            _ => Ok(()),
        }
    }

    /// How many sessions may be open.
    pub fn session_limit(&self) -> Option<u32> {
        self.0.load().as_ref()?.session_limit
    }
}
