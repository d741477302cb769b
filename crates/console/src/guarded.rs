//! What guards the API, as the console needs it.

use std::sync::Arc;
use titan_core::policy::{PolicySet, RequestPath, Route};
use titan_token::ScopeSet;

/// A server behind Titan: its name, and what its routes need.
pub type GuardedUpstream = (String, Arc<PolicySet>);

/// The upstreams in force. The program knows them.
pub trait Guarded: Send + Sync {
    /// All of them, in their order.
    fn upstreams(&self) -> Vec<GuardedUpstream>;

    /// The one that serves a path.
    fn serving(&self, path: &RequestPath<'_>) -> Option<GuardedUpstream>;

    /// Whether Titan itself answers a path, as a caller sends it: no policy is asked there.
    fn is_own(&self, path: &str) -> bool;
}

/// A path without names in it that a key with these scopes may read.
pub(crate) fn first_route(
    guarded: &dyn Guarded,
    covers: impl Fn(ScopeSet, &Route) -> bool,
    granted: ScopeSet,
) -> Option<String> {
    let upstreams = guarded.upstreams();
    let policies = upstreams.iter().flat_map(|(_, set)| set.policies());
    let reads = |route: &&Route| route.methods.iter().any(|method| method == "GET");
    let plain = policies.flat_map(|policy| &policy.routes).filter(|route| !route.path.contains('{'));
    let mut usable = plain.filter(reads).filter(|route| covers(granted, route));
    usable.next().map(|route| route.path.to_string())
}
