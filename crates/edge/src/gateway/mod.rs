//! The gateway: a reverse proxy that lets through what the policy allows to the key that asks.
//!
//! ```text
//! framing and path → credential → policy → the upstream's request → stream both ways
//! ```

mod counted;
mod framing;
mod headers;
mod session_count;
mod upgrade;

use crate::access_log::Entry;
use crate::admission::{Admission, Admitted, Refused};
use crate::client::preflight;
use crate::inspect;
use crate::metrics::{EdgeMetrics, Part};
use crate::upstream::{Client, Upstreams, was_sent};
use crate::watch::CredentialWatch;
use crate::{Body, Guard, RequestBody, TrustedProxies};
pub(crate) use headers::{is_bearer, is_claim, is_override};
use http::uri::PathAndQuery;
use http::{HeaderValue, Method, Request, Response, Uri};
use std::net::SocketAddr;
use std::sync::Arc;
use titan_core::Error;
use titan_core::access::MasterKeys;
use titan_core::license::SessionCounter;
use titan_core::policy::RequestPath;
use upgrade::Tunnels;

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
    admission: Admission,
    client: Client,
    settings: Settings,
    tunnels: Tunnels,
    sessions: Arc<SessionCounter>,
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

/// A request that may pass, and the path and query that are passed on.
type Passed = (Admitted, PathAndQuery);

impl Gateway {
    /// A gateway to these upstreams.
    pub fn new(
        guard: Arc<Guard>,
        upstreams: Arc<Upstreams>,
        settings: Settings,
        master: Arc<MasterKeys>,
        sessions: Arc<SessionCounter>,
        metrics: Arc<EdgeMetrics>,
    ) -> Self {
        let client = Client::new(settings.connect_timeout, settings.answer_timeout, Arc::clone(&metrics));
        let admission = Admission::new(guard, upstreams, master, (metrics, Part::Gateway));
        Self { admission, client, settings, tunnels: Tunnels::default(), sessions }
    }

    /// The whole exchange. Never fails: what goes wrong is an answer.
    pub async fn handle(
        &self,
        mut request: Request<RequestBody>,
        peer: &Peer,
        request_id: &HeaderValue,
        entry: &mut Entry,
    ) -> Response<Body> {
        if request.method() == Method::OPTIONS
            && let Some(answer) = preflight(&request, &self.admission.upstreams(), self.guard(), entry)
        {
            return answer;
        }
        let (admitted, target) = match self.admit(&mut request, entry).await {
            Ok(passed) => passed,
            Err(refused) => return refused.response(entry),
        };
        let counted = match session_count::begin(&self.sessions, &admitted, &mut request).await {
            Ok(counted) => counted,
            Err(error) => return admitted.refused(error).response(entry),
        };
        let upgrade = upgrade::requested(&mut request);
        let identity = admitted.identity(self.guard());
        let is_trusted = self.settings.trusted_proxies.contains(peer.address.ip());
        headers::prepare(&mut request, identity, peer, request_id, is_trusted, upgrade.is_some());
        entry.asked(&admitted.upstream);
        let watch = || CredentialWatch::new(self.guard(), &admitted.principal);
        let answer = self.client.send(&admitted.upstream, target, request, watch, entry).await;
        if let Some(counted) = counted {
            let answer = answer.as_ref().map(Response::status).map_err(was_sent);
            Box::pin(session_count::settle(&self.sessions, counted, answer)).await;
        }
        let joined =
            answer.and_then(|answer| upgrade::connect(upgrade, answer, watch(), &self.tunnels, entry));
        match joined {
            Ok(mut answer) => {
                // What an upstream says of limits of its own is replaced.
                admitted.note(self.guard(), answer.headers_mut());
                admitted.cors.write(answer.headers_mut());
                answer
            }
            Err(error) => admitted.refused(error).response(entry),
        }
    }

    fn guard(&self) -> &Arc<Guard> {
        self.admission.guard()
    }

    /// Waits until the last WebSocket is closed.
    pub async fn tunnels_closed(&self) {
        self.tunnels.closed().await;
    }

    async fn admit(&self, request: &mut Request<RequestBody>, entry: &mut Entry) -> Result<Passed, Refused> {
        let mut passed = self.admit_head(request, entry).await?;
        if passed.0.needs_body() {
            // In a box: it is rare and large.
            passed = Box::pin(self.admit_body(passed, request, entry)).await?;
        }
        self.admission.count(&mut passed.0).await?;
        Ok(passed)
    }

    async fn admit_head(&self, request: &Request<RequestBody>, entry: &mut Entry) -> Result<Passed, Refused> {
        let upstreams = self.admission.upstreams();
        let early = |error: Error| Refused::new(error, upstreams.style());
        framing::check(request).map_err(early)?;
        let path = RequestPath::parse(request.uri().path());
        let path = path.map_err(|error| early(Error::invalid(error.to_string())))?;
        let upstream = upstreams.find(&path).filter(|upstream| upstream.is_somewhere());
        let upstream = upstream.ok_or_else(|| early(Error::not_found("page")))?;
        let asked = (request.method(), &path, request.uri().query());
        let admitted = self.admission.admit(upstream, asked, request.headers(), entry).await?;
        let target = target(&path, request.uri()).map_err(early)?;
        Ok((admitted, target))
    }

    /// A body that decides may take a while. So the head is looked at once more if anything has changed since.
    async fn admit_body(
        &self,
        mut passed: Passed,
        request: &mut Request<RequestBody>,
        entry: &mut Entry,
    ) -> Result<Passed, Refused> {
        let watch = CredentialWatch::new(self.guard(), &passed.0.principal);
        let body = tokio::select! {
            body = inspect::take(request) => body,
            cut = watch.cut() => Err(cut.into()),
        };
        if body.is_ok() && !self.guard().is_as_before(&passed.0.principal).await {
            passed = self.admit_head(request, entry).await?;
        }
        self.admission.check_body(&passed.0, request.headers(), body)?;
        passed.0.decided_at = self.guard().now();
        Ok(passed)
    }
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
