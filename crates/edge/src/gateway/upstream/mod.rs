//! Upstreams: which one serves a path, and how a request is sent there.

mod address;
mod client;
mod connect;
mod link;
mod pool;
mod relay;
mod stream;
mod tls;
mod upload;

pub use address::Address;
pub(super) use client::Client;
pub use relay::Relay;
pub use tls::{ClientIdentity, TlsSettings};
pub(crate) use upload::Progress;

use arc_swap::ArcSwap;
use pool::UpstreamId;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use titan_core::policy::{PolicySet, RequestPath, Style, fold};

/// A server behind the gateway.
pub struct Upstream {
    id: UpstreamId,
    address: Address,
    /// The address as it is logged.
    name: String,
    /// The paths it serves begin with one of these.
    prefixes: Vec<String>,
    /// What its routes need.
    pub policies: PolicySet,
}

impl Upstream {
    /// `prefixes` are paths such as `/` or `/api`. Each means itself and all below it.
    pub fn new(address: Address, prefixes: &[String], policies: PolicySet) -> Result<Self, String> {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        if let Some(bad) = prefixes.iter().find(|prefix| !prefix.starts_with('/')) {
            return Err(format!("{bad}: must begin with a slash"));
        }
        let prefixes = prefixes.iter().map(|prefix| prefix.trim_end_matches('/').to_owned()).collect();
        let (id, name) = (NEXT.fetch_add(1, Ordering::Relaxed), address.to_string());
        Ok(Self { id, address, name, prefixes, policies })
    }

    /// What it is called in the access log: its URL.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// How errors are worded before a route is known.
    pub(super) fn style(&self) -> Style {
        self.policies.policies().first().map(|policy| policy.style).unwrap_or_default()
    }

    /// How many segments the longest prefix has that covers `path`, with or without regard to case.
    fn covers(&self, path: &str, folds: bool) -> Option<usize> {
        let is_same = |a: &str, b: &str| a == b || (folds && fold(a) == fold(b));
        let is_below = |prefix: &&String| {
            let mut segments = path.split('/');
            prefix.split('/').all(|wanted| segments.next().is_some_and(|segment| is_same(segment, wanted)))
        };
        self.prefixes.iter().filter(is_below).map(|prefix| prefix.split('/').count()).max()
    }
}

/// All upstreams of one configuration.
#[derive(Default)]
pub struct UpstreamMap(Vec<Arc<Upstream>>);

impl UpstreamMap {
    /// Two upstreams for one prefix are a mistake.
    pub fn new(upstreams: Vec<Upstream>) -> Result<Self, String> {
        let mut prefixes: Vec<&String> = upstreams.iter().flat_map(|upstream| &upstream.prefixes).collect();
        prefixes.sort();
        if let Some(twice) = prefixes.windows(2).find_map(|pair| match pair {
            [a, b] if a == b => Some(a),
            _ => None,
        }) {
            return Err(format!("{twice}/: two upstreams serve this path"));
        }
        Ok(Self(upstreams.into_iter().map(Arc::new).collect()))
    }

    /// The upstream whose prefix says most about `path`.
    ///
    /// None, if another spelling of the path would find a longer prefix: two entries may stand for one server,
    /// and a server that does not mind the case would serve under the looser policy what the stricter guards.
    pub fn find(&self, path: &RequestPath<'_>) -> Option<&Arc<Upstream>> {
        let path = path.as_str();
        let longest = |folds: bool| {
            let covering =
                self.0.iter().filter_map(move |upstream| Some((upstream.covers(path, folds)?, upstream)));
            covering.max_by_key(|(length, _)| *length)
        };
        let (length, upstream) = longest(false)?;
        longest(true).is_none_or(|(folded, _)| folded <= length).then_some(upstream)
    }

    /// How errors are worded before a path could be read.
    pub(super) fn style(&self) -> Style {
        self.0.first().map(|upstream| upstream.style()).unwrap_or_default()
    }
}

/// The upstreams in force. Replaced as a whole when policies are read anew.
#[derive(Default)]
pub struct Upstreams(ArcSwap<UpstreamMap>);

impl Upstreams {
    /// Begins with these.
    pub fn new(map: UpstreamMap) -> Self {
        Self(ArcSwap::from_pointee(map))
    }

    /// Those in force now. A request keeps what it began with.
    pub fn current(&self) -> Arc<UpstreamMap> {
        self.0.load_full()
    }

    /// From now on these.
    pub fn replace(&self, map: UpstreamMap) {
        self.0.store(Arc::new(map));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn upstream(url: &str, prefixes: &[&str]) -> Result<Upstream, String> {
        let prefixes: Vec<String> = prefixes.iter().map(|&p| p.to_owned()).collect();
        let address = Address::parse(url, &TlsSettings::default())?;
        Upstream::new(address, &prefixes, PolicySet::new(vec![]).map_err(|_| "policy")?)
    }

    #[test]
    fn the_longest_prefix_serves_a_path() {
        let map = UpstreamMap::new(vec![
            upstream("http://a:1", &["/"]).unwrap(),
            upstream("http://b:2", &["/api", "/x/y/"]).unwrap(),
        ])
        .unwrap();
        let host =
            |path| map.find(&RequestPath::parse(path).unwrap()).map(|upstream| upstream.address.to_string());
        assert_eq!(host("/"), Some("http://a:1".to_owned()));
        assert_eq!(host("/apis"), Some("http://a:1".to_owned()));
        assert_eq!(host("/api"), Some("http://b:2".to_owned()));
        assert_eq!(host("/api/x"), Some("http://b:2".to_owned()));
        assert_eq!(host("/x/y/z"), Some("http://b:2".to_owned()));
        assert_eq!(host("/%61pi/x"), Some("http://b:2".to_owned()), "an escape is no other path");
        assert_eq!(host("/API/x"), None, "nor is another case");
    }

    #[test]
    fn bad_upstreams_are_named() {
        assert!(upstream("http://a", &["api"]).is_err());
        let twice = vec![upstream("http://a", &["/x"]).unwrap(), upstream("http://b", &["/x/"]).unwrap()];
        assert!(UpstreamMap::new(twice).is_err());
    }
}
