//! Upstreams: which one serves a path, and how a request gets there.

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
pub(crate) use client::{Client, was_sent};
pub use relay::Relay;
pub use tls::TlsSettings;
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
    /// It serves the paths that begin with one of these.
    prefixes: Vec<String>,
    /// What its routes require.
    pub policies: Arc<PolicySet>,
}

impl Upstream {
    /// `prefixes` are paths such as `/` or `/api`. Each includes all paths below it.
    pub fn new(address: Address, prefixes: &[String], policies: PolicySet) -> Result<Self, String> {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        if let Some(bad) = prefixes.iter().find(|prefix| !prefix.starts_with('/')) {
            return Err(format!("{bad}: must begin with a slash"));
        }
        let prefixes = prefixes.iter().map(|prefix| prefix.trim_end_matches('/').to_owned()).collect();
        let (id, name) = (NEXT.fetch_add(1, Ordering::Relaxed), address.to_string());
        Ok(Self { id, address, name, prefixes, policies: Arc::new(policies) })
    }

    /// Whether there is a server. Without one, only forward-auth uses the policies.
    pub(crate) fn is_somewhere(&self) -> bool {
        self.address.is_somewhere()
    }

    /// Its name in the access log: its URL.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The style of errors before a route is known.
    pub(crate) fn style(&self) -> Style {
        self.policies.policies().first().map(|policy| policy.style).unwrap_or_default()
    }

    /// The number of segments of the longest prefix that covers `path`. `folds`: without regard to case.
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
    /// Two upstreams with the same prefix are an error.
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

    /// The upstream with the longest prefix of `path`.
    ///
    /// None if a different case of the path would find a longer prefix. Two entries may lead to the same server, and
    /// that server may ignore case. It would then serve a path under the weaker policy that the stricter one protects.
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

    /// All of them.
    pub fn all(&self) -> &[Arc<Upstream>] {
        &self.0
    }

    /// The style of errors before a path is known.
    pub(crate) fn style(&self) -> Style {
        self.0.first().map(|upstream| upstream.style()).unwrap_or_default()
    }
}

/// The upstreams in force. A reload replaces all of them together.
#[derive(Default)]
pub struct Upstreams(ArcSwap<UpstreamMap>);

impl Upstreams {
    /// Starts with these.
    pub fn new(map: UpstreamMap) -> Self {
        Self(ArcSwap::from_pointee(map))
    }

    /// The upstreams in force now. A running request keeps the ones that it started with.
    pub fn current(&self) -> Arc<UpstreamMap> {
        self.0.load_full()
    }

    /// Puts these in force.
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
