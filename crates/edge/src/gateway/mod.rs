//! The gateway: a reverse proxy that lets through what the policy allows to the key that asks.
//!
//! ```text
//! framing and path → credential → policy → the upstream's request → stream both ways
//! ```

mod framing;
mod headers;
mod upgrade;
mod upstream;

use crate::reply::error_response;
use crate::{Body, Guard};
use headers::Identity;
use http::header::AUTHORIZATION;
use http::{HeaderName, HeaderValue, Request, Response};
use hyper::body::Incoming;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use titan_core::Error;
use titan_core::access::{Gate, KeyPrincipal, bearer_or_header};
use titan_core::error::Code;
use titan_core::policy::{RequestPath, Style, Verdict};
use upstream::Client;
pub use upstream::{Upstream, UpstreamMap, Upstreams};

/// How the gateway behaves, whatever the policy.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Until the upstream has accepted a connection.
    pub connect_timeout: std::time::Duration,
    /// Until the upstream has begun to answer.
    pub answer_timeout: std::time::Duration,
    /// Proxies whose `X-Forwarded-*` are believed.
    pub trusted_proxies: Vec<IpAddr>,
}

/// Guards and forwards requests.
pub struct Gateway {
    guard: Arc<Guard>,
    upstreams: Arc<Upstreams>,
    client: Client,
    settings: Settings,
}

/// What is known of a request beside itself.
#[derive(Clone, Debug)]
pub struct Peer {
    /// Who is connected.
    pub address: SocketAddr,
    /// `X-Request-Id`, taken or made.
    pub request_id: HeaderValue,
}

/// A request that may pass, and where to.
struct Admitted {
    upstream: Arc<Upstream>,
    key: KeyPrincipal,
    session: Option<String>,
}

impl Gateway {
    /// A gateway to these upstreams.
    pub fn new(guard: Arc<Guard>, upstreams: Arc<Upstreams>, settings: Settings) -> Self {
        let client = Client::new(settings.connect_timeout, settings.answer_timeout);
        Self { guard, upstreams, client, settings }
    }

    /// The whole exchange. Never fails: what goes wrong is an answer.
    pub async fn handle(&self, mut request: Request<Incoming>, peer: &Peer) -> Response<Body> {
        let admitted = match self.admit(&request) {
            Ok(admitted) => admitted,
            Err((error, style)) => return error_response(&error, style),
        };
        let style = admitted.upstream.style();
        let upgrade = upgrade::requested(&mut request);
        let identity = self.identity(&admitted);
        headers::prepare(&mut request, &identity, peer, &self.settings.trusted_proxies, upgrade.is_some());
        let answer = match self.client.send(&admitted.upstream, request).await {
            Ok(answer) => answer,
            Err(error) => return error_response(&error, style),
        };
        let mut answer = match upgrade::connect(upgrade, answer) {
            Ok(answer) => answer,
            Err(error) => return error_response(&error, style),
        };
        headers::note_retirement(answer.headers_mut(), &admitted.key);
        answer
    }

    /// Every check, none of which waits. The credential comes before the route: who has no key learns
    /// nothing of the routes.
    fn admit(&self, request: &Request<Incoming>) -> Result<Admitted, (Error, Style)> {
        let upstreams = self.upstreams.current();
        let raw = request.uri().path();
        let upstream = upstreams.find(raw);
        let style = upstream.map(|upstream| upstream.style()).unwrap_or_default();
        let fail = |error: Error| (error, style);
        framing::check(request).map_err(fail)?;
        let path = RequestPath::parse(raw).map_err(|error| fail(Error::invalid(error.to_string())))?;
        let upstream = upstream.ok_or_else(|| fail(Error::not_found("page")))?;
        let key = self.authenticate(request).map_err(fail)?;
        let (verdict, style) = upstream.policies.decide(request.method().as_str(), &path);
        let session = self.check_route(&key, verdict, &path).map_err(|error| (error, style))?;
        Ok(Admitted { upstream: Arc::clone(upstream), key, session })
    }

    fn authenticate(&self, request: &Request<Incoming>) -> Result<KeyPrincipal, Error> {
        const API_KEY: HeaderName = HeaderName::from_static("x-api-key");
        let values = |name| request.headers().get_all(name).iter().map(HeaderValue::as_bytes);
        let credential = bearer_or_header(values(AUTHORIZATION), values(API_KEY))?;
        Ok(self.guard.authenticate(credential)?)
    }

    fn check_route(
        &self,
        key: &KeyPrincipal,
        verdict: Verdict<'_>,
        path: &RequestPath<'_>,
    ) -> Result<Option<String>, Error> {
        match verdict {
            Verdict::Authenticated => Ok(None),
            Verdict::Refused => Err(Error::new(Code::RouteNotAllowed, "route not allowed")),
            Verdict::Route(route) => {
                if let Some((bit, name)) = &route.scope {
                    self.guard.check_scope(key, *bit, name)?;
                }
                Ok(route.session_in(path).map(str::to_owned))
            }
        }
    }

    fn identity(&self, admitted: &Admitted) -> Identity {
        let key = &admitted.key;
        let names: Vec<String> = key.scopes().iter().map(|bit| self.guard.catalogue().name(bit)).collect();
        Identity {
            key_id: key.id().to_string(),
            tenant: key.tenant().to_string(),
            scopes: names.join(" "),
            session: admitted.session.clone(),
        }
    }
}
