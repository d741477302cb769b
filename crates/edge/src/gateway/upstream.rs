//! Upstreams: which one serves a path, and how a request is sent there.

use super::upload::{Progress, Upload};
use crate::RequestBody;
use crate::body::BodyError;
use arc_swap::ArcSwap;
use http::header::TRANSFER_ENCODING;
use http::uri::{Authority, PathAndQuery, Scheme};
use http::{HeaderValue, Request, Response, Uri};
use http_body::Body as _;
use hyper::body::Incoming;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::client::legacy::{Client as Pool, Error as SendError};
use hyper_util::rt::{TokioExecutor, TokioTimer};
use std::error::Error as StdError;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;
use titan_core::Error;
use titan_core::error::Code;
use titan_core::policy::{PolicySet, RequestPath, Style, fold};
use titan_core::wire::BodyTimeout;

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
    /// `url` is `http://host:port`. `prefixes` are paths such as `/` or `/api`, each status for itself and
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

    /// How many segments the longest prefix has that covers `path`, with or without regard to case.
    fn covers(&self, path: &str, folds: bool) -> Option<usize> {
        let is_same = |a: &str, b: &str| a == b || (folds && fold(a) == fold(b));
        let is_below = |prefix: &&String| {
            let mut segments = path.split('/');
            prefix.split('/').all(|wanted| segments.next().is_some_and(|segment| is_same(segment, wanted)))
        };
        self.prefixes.iter().filter(is_below).map(|prefix| prefix.split('/').count()).max()
    }

    fn uri(&self, target: PathAndQuery) -> Result<Uri, http::uri::InvalidUriParts> {
        let mut parts = http::uri::Parts::default();
        parts.scheme = Some(Scheme::HTTP);
        parts.authority = Some(self.authority.clone());
        parts.path_and_query = Some(target);
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

/// Connections to upstreams, kept and used again.
pub(super) struct Client {
    pool: Pool<HttpConnector, Upload>,
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

    /// Sends a request for `target`. 502: unreachable or broken off; 504: slow.
    pub(super) async fn send(
        &self,
        upstream: &Upstream,
        target: PathAndQuery,
        mut request: Request<RequestBody>,
    ) -> Result<Response<Incoming>, Error> {
        *request.uri_mut() = upstream.uri(target).map_err(|_| Error::invalid("path: cannot be passed on"))?;
        let request = framed(request);
        let progress = (!request.body().is_end_stream()).then(Arc::<Progress>::default);
        let request = request.map(|body| Upload::new(body, progress.clone()));
        let mut answering = std::pin::pin!(self.pool.request(request));
        loop {
            match tokio::time::timeout(self.answer_timeout, answering.as_mut()).await {
                Ok(Ok(answer)) => return Ok(answer),
                Ok(Err(error)) => return Err(failed(upstream, error)),
                // As long as the client is sending, the upstream is not the slow one.
                Err(_) if progress.as_ref().is_some_and(|progress| progress.take()) => {}
                Err(elapsed) => return Err(timed_out(upstream, elapsed.into())),
            }
        }
    }
}

/// hyper sends no body of unknown length with a GET unless it is told that there is one.
fn framed(mut request: Request<RequestBody>) -> Request<RequestBody> {
    if !request.body().is_end_stream() && request.body().size_hint().exact().is_none() {
        request.headers_mut().insert(TRANSFER_ENCODING, HeaderValue::from_static("chunked"));
    }
    request
}

fn failed(upstream: &Upstream, error: SendError) -> Error {
    if BodyTimeout::is_behind(&error) {
        return BodyTimeout.into();
    }
    if is_timeout(&error) {
        return timed_out(upstream, error.into());
    }
    Error::new(Code::UpstreamUnreachable, "upstream unreachable")
        .caused_by(Failed(upstream.authority.clone(), error.into()))
}

fn timed_out(upstream: &Upstream, cause: BodyError) -> Error {
    Error::new(Code::UpstreamTimeout, "upstream timed out")
        .caused_by(Failed(upstream.authority.clone(), cause))
}

/// Which upstream failed, and why: for the log.
#[derive(Debug)]
struct Failed(Authority, BodyError);

impl fmt::Display for Failed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "upstream {}", self.0)
    }
}

impl StdError for Failed {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        let cause: &(dyn StdError + 'static) = &*self.1;
        Some(cause)
    }
}

fn is_timeout(error: &SendError) -> bool {
    let first: &(dyn StdError + 'static) = error;
    let is_timed_out = |error: &std::io::Error| error.kind() == std::io::ErrorKind::TimedOut;
    std::iter::successors(Some(first), |&error| error.source())
        .any(|cause| cause.downcast_ref().is_some_and(is_timed_out))
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
        let host =
            |path| map.find(&RequestPath::parse(path).unwrap()).map(|upstream| upstream.authority.as_str());
        assert_eq!(host("/"), Some("a:1"));
        assert_eq!(host("/apis"), Some("a:1"));
        assert_eq!(host("/api"), Some("b:2"));
        assert_eq!(host("/api/x"), Some("b:2"));
        assert_eq!(host("/x/y/z"), Some("b:2"));
        assert_eq!(host("/%61pi/x"), Some("b:2"), "an escape is no other path");
        assert_eq!(host("/API/x"), None, "nor is another case");
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
