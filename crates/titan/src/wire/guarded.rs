//! What guards the API, as the console asks for it.

use crate::dispatch::{Port, is_own};
use std::sync::Arc;
use titan_console::{Guarded, GuardedUpstream};
use titan_core::policy::RequestPath;
use titan_edge::upstream::{Upstream, Upstreams};

/// The upstreams that the gateway uses, behind the port at which callers reach them.
pub(super) struct GuardedBy {
    upstreams: Arc<Upstreams>,
    port: Port,
}

impl GuardedBy {
    pub(super) fn new(upstreams: Arc<Upstreams>, has_control_port: bool) -> Self {
        Self { upstreams, port: if has_control_port { Port::Public } else { Port::Only } }
    }
}

impl Guarded for GuardedBy {
    fn upstreams(&self) -> Vec<GuardedUpstream> {
        self.upstreams.current().all().iter().map(|upstream| guarded(upstream)).collect()
    }

    fn serving(&self, path: &RequestPath<'_>) -> Option<GuardedUpstream> {
        self.upstreams.current().find(path).map(|upstream| guarded(upstream))
    }

    fn is_own(&self, path: &str) -> bool {
        // Only pages ask, so there is a console.
        is_own(path, self.port, true)
    }
}

fn guarded(upstream: &Upstream) -> GuardedUpstream {
    (upstream.name().to_owned(), Arc::clone(&upstream.policies))
}
