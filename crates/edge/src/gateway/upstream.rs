//! Upstreams: which one serves a path, and how a request is sent there.

use arc_swap::ArcSwap;
use http::uri::{Authority, PathAndQuery, Scheme};
use http::{Request, Response, Uri};
use hyper::body::Incoming;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::client::legacy::{Client as Pool, Error as SendError};
use hyper_util::rt::{TokioExecutor, TokioTimer};
use std::sync::Arc;
use std::time::Duration;
use titan_core::Error;
use titan_core::error::Code;
use titan_core::policy::{PolicySet, Style};

const IDLE: Duration = Duration::from_secs(30);

/// A server behind the gateway.
pub struct Upstream {
    authority: Authority,
    /// The paths it serves begin with one of these.
    prefixes: Vec<String>,
    /// What its routes need.
    pub policies: PolicySet,
}

impl Upstream {
    /// `url` is `http://host:port`. `prefixes` are paths such as `/` or `/api`, each standing for itself and
    /// what lies below it.
    pub fn new(url: &str, prefixes: &[String], policies: PolicySet) -> Result<Self, String> {
        let uri: Uri = url.parse().map_err(|error| format!("{url}: {error}"))?;
        let has_path = uri.path_and_query().is_some_and(|path| path.as_str() != "/");
        match (uri.scheme_str(), uri.authority()) {
            (Some("http"), Some(authority)) if !has_path && !authority.as_str().contains('@') => {
                if let Some(bad) = prefixes.iter().find(|prefix| !prefix.starts_with('/')) {
                    return Err(format!("{bad}: must begin with a slash"));
                }
                let prefixes =
                    prefixes.iter().map(|prefix| prefix.trim_end_matches('/').to_owned()).collect();
                Ok(Self { authority: authority.clone(), prefixes, policies })
            }
            _ => Err(format!("{url}: must be http://host:port")),
        }
    }

    /// How errors are worded before a route is known.
    pub(super) fn style(&self) -> Style {
        self.policies.policies().first().map(|policy| policy.style).unwrap_or_default()
    }

    /// The length of the longest prefix that covers `path`.
    fn covers(&self, path: &str) -> Option<usize> {
        let is_below = |prefix: &&String| {
            path.strip_prefix(prefix.as_str()).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        self.prefixes.iter().filter(is_below).map(String::len).max()
    }

    fn uri(&self, path: Option<PathAndQuery>) -> Result<Uri, http::uri::InvalidUriParts> {
        let mut parts = http::uri::Parts::default();
        parts.scheme = Some(Scheme::HTTP);
        parts.authority = Some(self.authority.clone());
        parts.path_and_query = Some(path.unwrap_or_else(|| PathAndQuery::from_static("/")));
        Uri::from_parts(parts)
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
    pub fn find(&self, path: &str) -> Option<&Arc<Upstream>> {
        let covering = self.0.iter().filter_map(|upstream| Some((upstream.covers(path)?, upstream)));
        covering.max_by_key(|(length, _)| *length).map(|(_, upstream)| upstream)
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

/// Connections to upstreams, kept and used again.
pub(super) struct Client {
    pool: Pool<HttpConnector, Incoming>,
    answer_timeout: Duration,
}

impl Client {
    pub(super) fn new(connect_timeout: Duration, answer_timeout: Duration) -> Self {
        let mut connector = HttpConnector::new();
        connector.set_nodelay(true);
        connector.set_connect_timeout(Some(connect_timeout));
        let pool = Pool::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(IDLE)
            .build(connector);
        Self { pool, answer_timeout }
    }

    /// Sends a request; its path and query go on as they came. 502: unreachable or broken off; 504: slow.
    pub(super) async fn send(
        &self,
        upstream: &Upstream,
        mut request: Request<Incoming>,
    ) -> Result<Response<Incoming>, Error> {
        let path = request.uri().path_and_query().cloned();
        *request.uri_mut() = upstream.uri(path).map_err(|_| Error::invalid("path: cannot be passed on"))?;
        match tokio::time::timeout(self.answer_timeout, self.pool.request(request)).await {
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err(error)) => Err(failed(upstream, &error)),
            Err(_) => Err(Error::new(Code::UpstreamTimeout, "upstream timed out")),
        }
    }
}

fn failed(upstream: &Upstream, error: &SendError) -> Error {
    tracing::warn!(upstream = %upstream.authority, error = %chain(error), "upstream failed");
    if is_timeout(error) {
        return Error::new(Code::UpstreamTimeout, "upstream timed out");
    }
    Error::new(Code::UpstreamUnreachable, "upstream unreachable")
}

fn causes(error: &SendError) -> impl Iterator<Item = &(dyn std::error::Error + 'static)> {
    let first: &(dyn std::error::Error + 'static) = error;
    std::iter::successors(Some(first), |error| error.source())
}

fn is_timeout(error: &SendError) -> bool {
    let is_timed_out = |error: &std::io::Error| error.kind() == std::io::ErrorKind::TimedOut;
    causes(error).any(|cause| cause.downcast_ref().is_some_and(is_timed_out))
}

fn chain(error: &SendError) -> String {
    causes(error).map(ToString::to_string).collect::<Vec<_>>().join(": ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn upstream(url: &str, prefixes: &[&str]) -> Result<Upstream, String> {
        let prefixes: Vec<String> = prefixes.iter().map(|&p| p.to_owned()).collect();
        Upstream::new(url, &prefixes, PolicySet::new(vec![]).map_err(|_| "policy")?)
    }

    #[test]
    fn the_longest_prefix_serves_a_path() {
        let map = UpstreamMap::new(vec![
            upstream("http://a:1", &["/"]).unwrap(),
            upstream("http://b:2", &["/api", "/x/y/"]).unwrap(),
        ])
        .unwrap();
        let host = |path| map.find(path).map(|upstream| upstream.authority.as_str());
        assert_eq!(host("/"), Some("a:1"));
        assert_eq!(host("/apis"), Some("a:1"));
        assert_eq!(host("/api"), Some("b:2"));
        assert_eq!(host("/api/x"), Some("b:2"));
        assert_eq!(host("/x/y/z"), Some("b:2"));
    }

    #[test]
    fn bad_upstreams_are_named() {
        for url in ["https://a", "a:1", "http://", "http://a/b", "http://u:p@a", ""] {
            assert!(upstream(url, &["/"]).is_err(), "{url}");
        }
        assert!(upstream("http://a", &["api"]).is_err());
        let twice = vec![upstream("http://a", &["/x"]).unwrap(), upstream("http://b", &["/x/"]).unwrap()];
        assert!(UpstreamMap::new(twice).is_err());
    }
}
