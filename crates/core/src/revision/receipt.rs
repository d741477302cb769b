//! Receipts: whether a change is in force on every instance.

use super::Revision;
use crate::error::Error;
use async_trait::async_trait;
use std::fmt;

/// How long an answer waits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Wait {
    /// Until the change is in force on every instance.
    #[default]
    UntilInForce,
    /// Only until it is committed.
    No,
}

/// Since when nobody decides from an earlier state.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct InForce {
    /// The newest change that is in force on every instance.
    pub revision: Revision,
    /// How many instances had applied it.
    pub applied: u32,
    /// How many lost their lease instead.
    pub lapsed: u32,
}

/// What the caller of a change gets: `Titan-Revocation`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Receipt {
    /// The change.
    pub revision: Revision,
    /// The proof that it is in force, and how many milliseconds that took. `None`: nobody waited for it.
    pub proof: Option<(InForce, u64)>,
}

impl fmt::Display for Receipt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "rev={}", self.revision)?;
        match self.proof {
            Some((InForce { applied, lapsed, .. }, ms)) => {
                write!(f, ", applied={applied}, lapsed={lapsed}, ms={ms}")
            }
            None => Ok(()),
        }
    }
}

/// Knows when a revision is in force on every instance.
#[async_trait]
pub trait Propagation: Send + Sync {
    /// Returns when no instance decides from a state before `revision` any more. After an error, the change is
    /// committed and will be in force, but it is not proven yet.
    async fn wait_until_in_force(&self, revision: Revision) -> Result<Receipt, Error>;

    /// Begins to find out whether a committed revision is in force, and says what is known.
    fn watch(&self, revision: Revision) -> InForce;

    /// The receipt of a committed change.
    async fn receipt(&self, revision: Revision, wait: Wait) -> Result<Receipt, Error> {
        match wait {
            Wait::UntilInForce => self.wait_until_in_force(revision).await,
            Wait::No => {
                self.watch(revision);
                Ok(Receipt { revision, proof: None })
            }
        }
    }
}
