//! What an operator may know of the instances and of the spread of changes.

use super::{Instance, Propagation, Revision};
use crate::access::{ObserveInstances, Permit};
use crate::error::Error;
use crate::port::Store;
use async_trait::async_trait;
use std::sync::Arc;
use std::time::Duration;

/// An instance, as this one sees it.
#[derive(Clone, Debug)]
pub struct InstanceView {
    /// Its row.
    pub instance: Instance,
    /// Whether it is this one.
    pub is_self: bool,
    /// How long ago its lease was seen to move, by the clock of this instance. `None`: not watched yet.
    pub quiet_for: Option<Duration>,
    /// Whether every lease that it can have has ended. The next look removes its row.
    pub is_lapsed: bool,
}

/// How long changes took from their commit until they were in force everywhere: a histogram.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Spread {
    /// The upper end of each class in milliseconds, and the number of changes in it. The last class has no end.
    pub classes: Vec<(Option<u64>, u64)>,
    /// All these times together.
    pub total: Duration,
}

/// The instances of a database, as one of them sees them.
#[async_trait]
pub trait Fleet: Propagation {
    /// All of them, by their start.
    async fn instances(&self) -> Result<Vec<InstanceView>, Error>;

    /// Whether a committed revision is in force on every instance. If not, it is watched from now on.
    async fn is_in_force(&self, revision: Revision) -> bool;

    /// The times that changes took on their way through this instance.
    fn spread(&self) -> Spread;
}

/// What can be asked about the instances.
pub struct FleetService {
    store: Arc<dyn Store>,
    fleet: Arc<dyn Fleet>,
}

impl FleetService {
    /// The instances of this store.
    pub fn new(store: Arc<dyn Store>, fleet: Arc<dyn Fleet>) -> Self {
        Self { store, fleet }
    }

    /// All instances, and the spread of changes that were made through this one.
    pub async fn list(
        &self,
        _permit: &Permit<ObserveInstances>,
    ) -> Result<(Vec<InstanceView>, Spread), Error> {
        Ok((self.fleet.instances().await?, self.fleet.spread()))
    }

    /// Whether a revision is in force on every instance.
    pub async fn is_in_force(
        &self,
        _permit: &Permit<ObserveInstances>,
        revision: Revision,
    ) -> Result<bool, Error> {
        let head = self.store.changes_after(revision, 1).await?.head;
        if revision == Revision::default() || revision > head {
            return Err(Error::not_found("revision"));
        }
        Ok(self.fleet.is_in_force(revision).await)
    }
}
