//! Pages of other origins (Fetch standard, 3.2).

use super::request::{the_header, the_origin};
use crate::access_log::Entry;
use crate::admission::Refused;
use crate::upstream::UpstreamMap;
use crate::{Body, Guard};
use http::header::{
    ACCESS_CONTROL_ALLOW_CREDENTIALS, ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS,
    ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE,
    ACCESS_CONTROL_REQUEST_HEADERS, ACCESS_CONTROL_REQUEST_METHOD, HeaderMap, HeaderName, HeaderValue,
    ORIGIN, VARY,
};
use http::{Method, Request, Response, StatusCode};
use titan_core::Error;
use titan_core::access::ProvenClient;
use titan_core::error::Code;
use titan_core::policy::{RequestPath, Route, Source, Verdict};
use titan_token::SessionName;

/// How long a browser may keep the answer to a preflight, in seconds. It grants nothing: each request is checked.
const KEPT: &str = "600";
/// What a page may read beside the body.
const EXPOSED: &str = "Retry-After, X-RateLimit-Limit, X-RateLimit-Remaining, X-Request-Id";
/// What an upstream could say of CORS. Here, the rules decide.
const OF_UPSTREAM: [HeaderName; 6] = [
    ACCESS_CONTROL_ALLOW_CREDENTIALS,
    ACCESS_CONTROL_ALLOW_HEADERS,
    ACCESS_CONTROL_ALLOW_METHODS,
    ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_EXPOSE_HEADERS,
    ACCESS_CONTROL_MAX_AGE,
];

/// What the answer to a client token says to the page that asks.
#[derive(Clone, Debug, Default)]
pub(crate) enum Cors {
    /// To a page of this origin, which may read it. In a box, as most requests have none.
    Allowed(Box<HeaderValue>),
    /// Nobody asks with a client token.
    #[default]
    None,
    /// To a page that may not read it.
    Refused,
}

impl Cors {
    /// By the rules of the session, whatever else becomes of the request: a page shall see why it is refused.
    pub(crate) fn of(token: &ProvenClient, headers: &HeaderMap) -> Self {
        let origin = the_origin(headers);
        let is_allowed = token.rules.as_ref().is_some_and(|rules| rules.allow_origin(origin));
        match the_header(headers, &ORIGIN) {
            Some(value) if is_allowed && origin.is_some() => Self::Allowed(Box::new(value.clone())),
            _ => Self::Refused,
        }
    }

    /// Never with credentials: a token is in a header, not in a cookie.
    pub(crate) fn write(&self, headers: &mut HeaderMap) {
        if matches!(self, Self::None) {
            return;
        }
        for name in OF_UPSTREAM {
            headers.remove(name);
        }
        headers.append(VARY, HeaderValue::from_static("Origin"));
        if let Self::Allowed(origin) = self {
            headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::clone(origin));
            headers.insert(ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static(EXPOSED));
        }
    }
}

/// The answer to a question before a request, if it is about a route that client tokens can reach.
pub(crate) fn preflight<B>(
    request: &Request<B>,
    upstreams: &UpstreamMap,
    guard: &Guard,
    entry: &mut Entry,
) -> Option<Response<Body>> {
    let headers = request.headers();
    let (origin, method) = (the_origin(headers)?, the_header(headers, &ACCESS_CONTROL_REQUEST_METHOD)?);
    let asked = Method::from_bytes(method.as_bytes()).ok()?;
    let path = RequestPath::parse(request.uri().path()).ok()?;
    let upstream = upstreams.find(&path).filter(|upstream| upstream.is_somewhere())?;
    let (Verdict::Route(route), style) = upstream.policies.decide(asked.as_str(), &path) else { return None };
    route.action.as_ref()?;
    let mut response = if is_known(route, &path, origin, guard) {
        allowed(headers, method)
    } else {
        Refused::new(Error::new(Code::OriginNotAllowed, "origin not allowed"), style).response(entry)
    };
    for name in [ORIGIN, ACCESS_CONTROL_REQUEST_METHOD, ACCESS_CONTROL_REQUEST_HEADERS] {
        response.headers_mut().append(VARY, HeaderValue::from(name));
    }
    Some(response)
}

/// Whether any rules for the session that the path names allow pages of this origin.
fn is_known(route: &Route, path: &RequestPath<'_>, origin: &str, guard: &Guard) -> bool {
    match &route.session {
        // It is in the body, which has not come yet.
        Some(Source::Body(_)) => guard.allows_origin(None, origin),
        _ => route
            .session_in(path)
            .and_then(SessionName::new)
            .is_some_and(|name| guard.allows_origin(Some(&name), origin)),
    }
}

fn allowed(asked: &HeaderMap, method: &HeaderValue) -> Response<Body> {
    let mut response = Response::new(Body::from(""));
    *response.status_mut() = StatusCode::NO_CONTENT;
    let headers = response.headers_mut();
    if let Some(origin) = asked.get(ORIGIN) {
        headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
    }
    headers.insert(ACCESS_CONTROL_ALLOW_METHODS, method.clone());
    // Whatever a page sends: what must not reach the upstream is removed anyway.
    if let Some(names) = the_header(asked, &ACCESS_CONTROL_REQUEST_HEADERS) {
        headers.insert(ACCESS_CONTROL_ALLOW_HEADERS, names.clone());
    }
    headers.insert(ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static(KEPT));
    response
}
