//! The gateway: a reverse proxy that lets through what the policy allows to the key that asks.
//!
//! ```text
//! framing and path → credential → policy → the upstream's request → stream both ways
//! ```

mod counted;
mod framing;
mod headers;
mod identity;
mod upgrade;
mod upstream;
mod watch;

use crate::access_log::Entry;
use crate::limits::{Quota, Refusal};
use crate::reply::error_response;
use crate::{Body, Guard, RequestBody, TrustedProxies};
use http::header::AUTHORIZATION;
use http::uri::PathAndQuery;
use http::{HeaderName, HeaderValue, Request, Response, Uri};
use identity::Identity;
use std::net::SocketAddr;
use std::sync::Arc;
use titan_core::Error;
use titan_core::access::{Denial, MasterKeys, Principal, bearer_or_header};
use titan_core::error::Code;
use titan_core::policy::{RequestPath, Style, Verdict};
use titan_core::time::Moment;
use upgrade::Tunnels;
use upstream::Client;
pub(crate) use upstream::Progress;
pub use upstream::{Address, Relay, TlsSettings, Upstream, UpstreamMap, Upstreams};
use watch::CredentialWatch;

/// How the gateway behaves, whatever the policy.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Until the upstream has accepted a connection.
    pub connect_timeout: std::time::Duration,
    /// Until the upstream has begun to answer.
    pub answer_timeout: std::time::Duration,
    /// Proxies whose `X-Forwarded-*` are believed.
    pub trusted_proxies: TrustedProxies,
}

/// Guards and forwards requests.
pub struct Gateway {
    guard: Arc<Guard>,
    upstreams: Arc<Upstreams>,
    client: Client,
    settings: Settings,
    tunnels: Tunnels,
    master: Arc<MasterKeys>,
}

/// Who is connected.
#[derive(Clone, Debug)]
pub struct Peer {
    /// The other end of the connection.
    pub address: SocketAddr,
    /// Whether the connection is TLS.
    pub is_tls: bool,
    /// Its IP address for `X-Forwarded-For`, written once for all requests of the connection.
    forwarded_for: HeaderValue,
}

impl Peer {
    /// The other end of a connection.
    pub fn new(address: SocketAddr, is_tls: bool) -> Self {
        let ip = address.ip().to_canonical().to_string();
        let forwarded_for = HeaderValue::from_str(&ip).unwrap_or(HeaderValue::from_static(""));
        Self { address, is_tls, forwarded_for }
    }
}

/// A request that may pass, and where to.
struct Admitted {
    upstream: Arc<Upstream>,
    principal: Principal,
    session: Option<String>,
    /// What is left of the tightest limit.
    quota: Option<Quota>,
    /// Path and query as they are passed on.
    target: PathAndQuery,
}

/// A request that may not pass: why, in which style, and the limit that is used up.
struct Refused {
    error: Error,
    style: Style,
    quota: Option<Quota>,
}

impl Gateway {
    /// A gateway to these upstreams.
    pub fn new(
        guard: Arc<Guard>,
        upstreams: Arc<Upstreams>,
        settings: Settings,
        master: Arc<MasterKeys>,
    ) -> Self {
        let client = Client::new(settings.connect_timeout, settings.answer_timeout);
        Self { guard, upstreams, client, settings, tunnels: Tunnels::default(), master }
    }

    /// The whole exchange. Never fails: what goes wrong is an answer.
    pub async fn handle(
        &self,
        mut request: Request<RequestBody>,
        peer: &Peer,
        request_id: &HeaderValue,
        entry: &mut Entry,
    ) -> Response<Body> {
        let admitted = match self.admit(&request, entry).await {
            Ok(admitted) => admitted,
            Err(Refused { error, style, quota }) => {
                return with_quota(refusal(&error, style, entry), quota);
            }
        };
        let (style, quota) = (admitted.upstream.style(), admitted.quota);
        let upgrade = upgrade::requested(&mut request);
        let identity =
            Identity::new(&admitted.principal, self.guard.catalogue(), admitted.session.as_deref());
        let is_trusted = self.settings.trusted_proxies.contains(peer.address.ip());
        headers::prepare(&mut request, identity, peer, request_id, is_trusted, upgrade.is_some());
        entry.asked(&admitted.upstream);
        let watch = || CredentialWatch::new(&self.guard, &admitted.principal);
        let answer =
            self.client.send(&admitted.upstream, admitted.target.clone(), request, watch, entry).await;
        entry.answered();
        let answer = match answer {
            Ok(answer) => answer,
            Err(error) => return with_quota(refusal(&error, style, entry), quota),
        };
        let mut answer = match upgrade::connect(upgrade, answer, watch(), &self.tunnels, entry) {
            Ok(answer) => answer,
            Err(error) => return with_quota(refusal(&error, style, entry), quota),
        };
        if let Principal::Key(key) = &admitted.principal {
            headers::note_retirement(answer.headers_mut(), key);
        }
        with_quota(answer, quota)
    }

    /// Waits until the last WebSocket is closed.
    pub async fn tunnels_closed(&self) {
        self.tunnels.closed().await;
    }

    /// Every check, none of which waits while the lease is good, but for a loan once in a while. The credential comes before the route: who has no key
    /// learns nothing of the routes.
    async fn admit(&self, request: &Request<RequestBody>, entry: &mut Entry) -> Result<Admitted, Refused> {
        let upstreams = self.upstreams.current();
        let early = |error: Error| Refused { error, style: upstreams.style(), quota: None };
        framing::check(request).map_err(early)?;
        let path = RequestPath::parse(request.uri().path());
        let path = path.map_err(|error| early(Error::invalid(error.to_string())))?;
        let upstream = upstreams.find(&path).ok_or_else(|| early(Error::not_found("page")))?;
        let now = self.guard.now();
        let principal = self.authenticate(request, now, entry).await;
        let principal = principal.map_err(|error| Refused { error, style: upstream.style(), quota: None })?;
        let (verdict, style) = upstream.policies.decide(request.method().as_str(), &path);
        entry.decided(verdict, request.method());
        let session = self.check_route(&principal, verdict, &path).map_err(|error| Refused {
            error,
            style,
            quota: None,
        })?;
        let target = target(&path, request.uri()).map_err(early)?;
        // The last check: what is refused for another reason counts for no limit.
        let quota = self.guard.count(&principal, verdict.is_message(), 1, now).await;
        let quota = quota.map_err(|Refusal { error, quota }| Refused { error, style, quota })?;
        self.guard.record_use(&principal, now);
        Ok(Admitted { upstream: Arc::clone(upstream), principal, session, quota, target })
    }

    async fn authenticate(
        &self,
        request: &Request<RequestBody>,
        now: Moment,
        entry: &mut Entry,
    ) -> Result<Principal, Error> {
        const API_KEY: HeaderName = HeaderName::from_static("x-api-key");
        let values = |name| request.headers().get_all(name).iter().map(HeaderValue::as_bytes);
        let credential = bearer_or_header(values(AUTHORIZATION), values(API_KEY))?;
        let (proven, principal) = self.guard.decide(credential, now).await;
        entry.proven(proven.as_ref());
        principal.map_err(|denial| match denial {
            // Looked at last, as it is the rarest mistake.
            Denial::Malformed if self.master.contains(credential) => {
                Denial::WrongCredential("api key required").into()
            }
            denial => denial.into(),
        })
    }

    fn check_route(
        &self,
        principal: &Principal,
        verdict: Verdict<'_>,
        path: &RequestPath<'_>,
    ) -> Result<Option<String>, Error> {
        match verdict {
            Verdict::Authenticated => Ok(None),
            Verdict::Refused => Err(Error::new(Code::RouteNotAllowed, "route not allowed")),
            Verdict::Route(route) => {
                if let Some((bit, name)) = &route.scope {
                    self.guard.check_scope(principal, *bit, name)?;
                }
                Ok(route.session_in(path).map(str::to_owned))
            }
        }
    }
}

/// The answer, with what is left of the tightest limit. What an upstream says of limits of its own is replaced.
fn with_quota(mut answer: Response<Body>, quota: Option<Quota>) -> Response<Body> {
    if let Some(quota) = quota {
        quota.write(answer.headers_mut());
    }
    answer
}

/// An error, noted in the access log.
fn refusal(error: &Error, style: Style, entry: &mut Entry) -> Response<Body> {
    entry.error(error.code());
    error_response(error, style)
}

/// What the upstream is asked for: the path in its normal form, the query as it came.
fn target(path: &RequestPath<'_>, asked: &Uri) -> Result<PathAndQuery, Error> {
    if let Some(same) = asked.path_and_query().filter(|same| same.path() == path.normal()) {
        return Ok(same.clone());
    }
    let text = match asked.query() {
        Some(query) => format!("{}?{query}", path.normal()),
        None => path.normal().to_owned(),
    };
    PathAndQuery::try_from(text).map_err(|_| Error::invalid("path: cannot be passed on"))
}
