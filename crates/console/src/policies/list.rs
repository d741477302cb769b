//! The routes of all upstreams, a part at a time.

use super::line::RouteLine;
use crate::form::Form;
use crate::guarded::Guarded;
use std::ops::Range;
use titan_core::Error;
use titan_core::policy::PolicySet;

const PAGE: usize = 50;

/// What guards one upstream.
pub(super) struct UpstreamLine {
    pub(super) name: String,
    pub(super) policies: Vec<String>,
    pub(super) routes: usize,
    /// Whether every valid key may pass where no route names the path.
    pub(super) is_open: bool,
}

/// A part of all routes.
pub(super) struct Routes {
    pub(super) upstreams: Vec<UpstreamLine>,
    pub(super) lines: Vec<RouteLine>,
    /// How many there are in all parts.
    pub(super) found: usize,
    /// Where this part begins and where the next one does.
    range: Range<usize>,
}

impl Routes {
    /// Those whose path contains the text of the filter, in the order of the files.
    pub(super) fn find(guarded: &dyn Guarded, form: &Form) -> Result<Self, Error> {
        let from: usize = form.number("from")?.unwrap_or_default();
        let text = form.text("path_contains").to_lowercase();
        let all = guarded.upstreams();
        let upstreams = all.iter().map(|(name, set)| UpstreamLine::new(name, set)).collect();
        let routes = all.iter().flat_map(|(name, set)| routes(name, set));
        let found: Vec<_> =
            routes.filter(|(_, _, route)| route.path.to_lowercase().contains(&text)).collect();
        let range = from..found.len().min(from.saturating_add(PAGE));
        let part = found.get(range.clone()).unwrap_or_default();
        let lines = part.iter().map(|(name, policy, route)| RouteLine::new(name, policy, route)).collect();
        Ok(Self { upstreams, lines, found: found.len(), range })
    }

    /// Where the next part begins.
    pub(super) fn next(&self) -> Option<usize> {
        (self.range.end < self.found).then_some(self.range.end)
    }

    /// The number of the first one here, from 1, and of the last one.
    pub(super) fn shown(&self) -> (usize, usize) {
        (self.range.start + 1, self.range.end)
    }

    /// Whether this is a part only.
    pub(super) fn is_part(&self) -> bool {
        self.lines.len() < self.found
    }
}

type Found<'a> = (&'a str, &'a str, &'a titan_core::policy::Route);

fn routes<'a>(upstream: &'a str, set: &'a PolicySet) -> impl Iterator<Item = Found<'a>> {
    let policies = set.policies().iter();
    policies.flat_map(move |policy| {
        policy.routes.iter().map(move |route| (upstream, policy.name.as_str(), route))
    })
}

impl UpstreamLine {
    fn new(name: &str, set: &PolicySet) -> Self {
        Self {
            name: name.to_owned(),
            policies: set.policies().iter().map(|policy| policy.name.clone()).collect(),
            routes: set.policies().iter().map(|policy| policy.routes.len()).sum(),
            is_open: set.is_open(),
        }
    }
}
