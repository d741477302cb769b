//! Forward-auth: another proxy asks whether a request may pass. `docs/proxies/` has the configuration of each.
//!
//! There is an endpoint for each family of proxies. None of them guesses who asks from the headers: a client can send any of them.

pub mod envoy;
mod original;

use crate::access_log::Entry;
use crate::admission::{Admission, Admitted, Refused};
use crate::metrics::{EdgeMetrics, Part};
use crate::upstream::Upstreams;
use crate::{Body, Guard};
use http::header::{CACHE_CONTROL, HeaderName, HeaderValue};
use http::{HeaderMap, Method, Request, Response, StatusCode};
use original::{Original, check_overrides};
use std::sync::Arc;
use titan_core::Error;
use titan_core::access::MasterKeys;
use titan_core::error::Code;
use titan_core::policy::{RequestPath, Style};

/// The status of a refusal that nginx would not understand.
const STATUS: HeaderName = HeaderName::from_static("x-titan-status");

/// A family of proxies: where the original request is, and which answers it understands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Proxy {
    /// `forward_auth`: `X-Forwarded-Method` and `X-Forwarded-Uri`.
    Caddy,
    /// `ext_authz` over HTTP: the method as it is, and the path behind `/auth/envoy`.
    Envoy,
    /// As Caddy.
    Haproxy,
    /// `auth_request`: `X-Original-Method` and `X-Original-URL`. It understands 2xx, 401 and 403, and makes 500 of all others.
    Nginx,
    /// `forwardAuth`: as Caddy.
    Traefik,
}

impl Proxy {
    /// Who asks at this path.
    pub fn at(path: &str) -> Option<Self> {
        match path.strip_prefix("/auth/")? {
            "caddy" => Some(Self::Caddy),
            "haproxy" => Some(Self::Haproxy),
            "nginx" => Some(Self::Nginx),
            "traefik" => Some(Self::Traefik),
            other if other == "envoy" || other.starts_with("envoy/") => Some(Self::Envoy),
            _ => None,
        }
    }
}

/// Answers the questions of proxies.
pub struct ForwardAuth {
    admission: Admission,
}

impl ForwardAuth {
    /// Decides as the gateway to these upstreams would.
    pub fn new(
        guard: Arc<Guard>,
        upstreams: Arc<Upstreams>,
        master: Arc<MasterKeys>,
        metrics: Arc<EdgeMetrics>,
    ) -> Self {
        Self { admission: Admission::new(guard, upstreams, master, (metrics, Part::ForwardAuth)) }
    }

    /// The whole exchange. The body of the question is not looked at.
    pub async fn handle<B>(&self, proxy: Proxy, request: &Request<B>, entry: &mut Entry) -> Response<Body> {
        let original = match Original::of(proxy, request) {
            Ok(original) => original,
            // The proxy is not set up as it should be: this one is for its operator.
            Err(error) => return Refused::new(error, Style::Titan).response(entry),
        };
        entry.asks_about(&original.method);
        match self.admit(proxy, &original, request.headers(), entry).await {
            Ok(admitted) => self.let_pass(proxy, &admitted),
            Err(refused) => refuse(proxy, refused, entry),
        }
    }

    async fn admit(
        &self,
        proxy: Proxy,
        original: &Original<'_>,
        headers: &HeaderMap,
        entry: &mut Entry,
    ) -> Result<Admitted, Refused> {
        let upstreams = self.admission.upstreams();
        let early = |error| Refused::new(error, upstreams.style());
        if [Method::CONNECT, Method::TRACE].contains(&original.method) {
            return Err(early(Error::invalid(format!("method: {} is not supported", original.method))));
        }
        check_overrides(proxy, headers).map_err(early)?;
        let path = RequestPath::parse(original.path);
        let path = path.map_err(|error| early(Error::invalid(error.to_string())))?;
        let upstream = upstreams.find(&path).ok_or_else(|| early(Error::not_found("page")))?;
        let asked = (&original.method, &path, original.query);
        let mut admitted = self.admission.admit(upstream, asked, headers, entry).await?;
        if let Some(message) = needs_gateway(&admitted) {
            return Err(admitted.refused(Error::new(Code::RouteNotAllowed, message)));
        }
        self.admission.count(&mut admitted).await?;
        Ok(admitted)
    }

    /// Every identity header is there, empty where it is unknown: so the client's own never reach the server behind the proxy.
    fn let_pass(&self, proxy: Proxy, admitted: &Admitted) -> Response<Body> {
        let mut response = Response::new(Body::from(""));
        if proxy == Proxy::Nginx {
            *response.status_mut() = StatusCode::NO_CONTENT;
        }
        let headers = response.headers_mut();
        // A proxy that keeps a yes would go on saying it after the revocation.
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        admitted.identity(self.admission.guard()).write(headers);
        admitted.note(self.admission.guard(), headers);
        response
    }
}

/// Why only the gateway can let this request pass.
fn needs_gateway(admitted: &Admitted) -> Option<&'static str> {
    if admitted.counted.is_some() {
        // Nobody sees here whether the session has opened, and anybody with a key can ask (ADR 0024).
        return Some("the license counts the sessions of this route: it must go through the gateway");
    }
    let client = admitted.client.as_ref().filter(|client| client.needs_body());
    client.map(|_| "the body decides whether a client token may do this: it must go through the gateway")
}

/// nginx makes 500 of every refusal but 401 and 403: the others become 403, and a header has the status.
fn refuse(proxy: Proxy, refused: Refused, entry: &mut Entry) -> Response<Body> {
    let mut response = refused.response(entry);
    let status = response.status();
    let is_known = [StatusCode::UNAUTHORIZED, StatusCode::FORBIDDEN].contains(&status);
    if proxy == Proxy::Nginx {
        response.headers_mut().insert(STATUS, HeaderValue::from(status.as_u16()));
        if !is_known {
            *response.status_mut() = StatusCode::FORBIDDEN;
        }
    }
    response
}
