//! How many connections Titan accepts, and how long each may take.

use crate::dispatch::Port;
use std::time::Duration;

/// Connections of the control port. An operator needs few, but also when the public port is full.
const CONTROL: usize = 64;
/// Connections of the port for metrics. Nobody there has a credential, so they must not take the places of the control port.
const METRICS: usize = 16;
/// The default cap for connections from one address.
const PER_ADDRESS: usize = 1024;
/// File descriptors that are not for public clients: the control port, the database, the log, files that are read.
const RESERVED: u64 = 128;

/// What the operator sets.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Connections to the public port. None: a third of the open files.
    pub max_connections: Option<u32>,
    /// Of them, from one address. None: half of them, and at most [`PER_ADDRESS`].
    pub max_connections_per_address: Option<u32>,
    /// How long a body may pause.
    pub body_timeout: Duration,
    /// How long a connection may be without a request.
    pub idle_timeout: Duration,
}

/// How many connections there may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Caps {
    pub(super) public: usize,
    pub(super) control: usize,
    pub(super) metrics: usize,
    pub(super) per_address: usize,
}

impl Caps {
    /// The caps for these limits and this number of open files. A cap must be lower than the number of open files:
    /// otherwise accepting would fail before the cap is reached.
    pub(super) fn new(limits: &Limits, open_files: u64) -> Self {
        let third = open_files / 3;
        let most = open_files.saturating_sub(RESERVED).max(third).max(1);
        let wanted = limits.max_connections.map_or(third, u64::from);
        if wanted > most {
            tracing::warn!(
                wanted,
                most,
                open_files,
                "max_connections is lowered: raise the limit of open files (ulimit -n, LimitNOFILE=)"
            );
        }
        let public = usize::try_from(wanted.clamp(1, most)).unwrap_or(usize::MAX);
        // So one address alone cannot fill the port, and other addresses always find room.
        let usual = PER_ADDRESS.min(public.div_ceil(2));
        let set = limits.max_connections_per_address.map(|set| usize::try_from(set).unwrap_or(usize::MAX));
        let per_address = set.unwrap_or(usual);
        Self { public, control: CONTROL, metrics: METRICS, per_address }
    }

    /// The cap of a port.
    pub(super) fn of(&self, port: Port) -> usize {
        match port {
            Port::Control => self.control,
            Port::Metrics => self.metrics,
            Port::Only | Port::Public => self.public,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cap_leaves_descriptors_for_the_rest() {
        let caps = |max_connections, open_files| {
            let second = Duration::from_secs(1);
            let limits = Limits {
                max_connections,
                max_connections_per_address: None,
                body_timeout: second,
                idle_timeout: second,
            };
            Caps::new(&limits, open_files)
        };
        let public = |max_connections, open_files| caps(max_connections, open_files).public;
        assert_eq!(public(None, 1024), 341);
        assert_eq!(public(Some(500), 1024), 500);
        assert_eq!(public(Some(5000), 1024), 896);
        assert_eq!(public(None, 2), 1, "a tiny limit still lets one in");
        assert_eq!(caps(None, 1024).per_address, 171, "one address cannot fill the port");
        assert_eq!(caps(None, 1_000_000).per_address, PER_ADDRESS);
    }
}
