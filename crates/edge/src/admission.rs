//! The decision about a request: whose credential, which route, which limit. The gateway and forward-auth have it in common.

use crate::Guard;
use crate::access_log::Entry;
use crate::gateway::{Upstream, UpstreamMap, Upstreams};
use crate::identity::Identity;
use crate::limits::{Quota, Refusal};
use crate::metrics::{Credential, EdgeMetrics, Limit, Part, Reason};
use crate::reply::error_response;
use crate::{Body, reply};
use http::header::{AUTHORIZATION, HeaderMap, HeaderName, HeaderValue};
use http::{Method, Response};
use std::sync::Arc;
use titan_core::Error;
use titan_core::access::{Denial, MasterKeys, Principal, bearer_or_header};
use titan_core::error::Code;
use titan_core::policy::{RequestPath, Route, SessionEvent, Source, Style, Verdict};
use titan_core::time::Moment;

pub(crate) const API_KEY: HeaderName = HeaderName::from_static("x-api-key");

/// Decides about requests.
pub(crate) struct Admission {
    guard: Arc<Guard>,
    upstreams: Arc<Upstreams>,
    master: Arc<MasterKeys>,
    metrics: Arc<EdgeMetrics>,
    /// For which part it decides.
    part: Part,
}

/// A request that may pass.
pub(crate) struct Admitted {
    pub(crate) upstream: Arc<Upstream>,
    pub(crate) principal: Principal,
    /// The session that the path names.
    pub(crate) session: Option<String>,
    /// What is left of the tightest limit.
    pub(crate) quota: Option<Quota>,
    /// What it does to a session that a license counts.
    pub(crate) counted: Option<Box<CountedSession>>,
}

/// What a route does to the session that it names.
pub(crate) struct CountedSession {
    pub(crate) event: SessionEvent,
    /// Where its name is.
    pub(crate) name: Source,
    /// Where `true` must be.
    pub(crate) condition: Option<Source>,
}

impl CountedSession {
    fn of(route: &Route) -> Option<Box<Self>> {
        let (event, name) = (route.sessions?, route.session.clone()?);
        Some(Box::new(Self { event, name, condition: route.sessions_if.clone() }))
    }

    /// Whether the path does not say it all.
    pub(crate) fn needs_body(&self) -> bool {
        let is_in_body = |place: &Source| matches!(place, Source::Body(_));
        is_in_body(&self.name) || self.condition.as_ref().is_some_and(is_in_body)
    }
}

/// A request that may not pass: why, in which style, and the limit that is used up.
pub(crate) struct Refused {
    pub(crate) error: Error,
    pub(crate) style: Style,
    pub(crate) quota: Option<Quota>,
}

impl Refused {
    pub(crate) fn new(error: Error, style: Style) -> Self {
        Self { error, style, quota: None }
    }

    /// The answer, noted in the access log.
    pub(crate) fn response(self, entry: &mut Entry) -> Response<Body> {
        entry.error(self.error.code());
        let mut response = error_response(&self.error, self.style);
        if let Some(quota) = self.quota {
            quota.write(response.headers_mut());
        }
        response
    }
}

impl Admitted {
    /// What the server behind the proxy is told of the caller.
    pub(crate) fn identity(&self, guard: &Guard) -> Identity {
        let (principal, session) = (&self.principal, self.session.as_deref());
        Identity::new(principal, guard.catalogue(), session, guard.identity_token(principal, session))
    }

    /// What the client is told of its key and its limits.
    pub(crate) fn note(&self, guard: &Guard, headers: &mut HeaderMap) {
        if let Principal::Key(key) = &self.principal {
            reply::note_retirement(headers, key, guard.legacy_link());
        }
        if let Some(quota) = self.quota {
            quota.write(headers);
        }
    }
}

impl Admission {
    pub(crate) fn new(
        guard: Arc<Guard>,
        upstreams: Arc<Upstreams>,
        master: Arc<MasterKeys>,
        (metrics, part): (Arc<EdgeMetrics>, Part),
    ) -> Self {
        Self { guard, upstreams, master, metrics, part }
    }

    pub(crate) fn guard(&self) -> &Arc<Guard> {
        &self.guard
    }

    /// The upstreams in force now.
    pub(crate) fn upstreams(&self) -> Arc<UpstreamMap> {
        self.upstreams.current()
    }

    /// Every check, none of which waits while the lease is good, but for a loan once in a while. The credential comes before the
    /// route: who has no key learns nothing of the routes.
    pub(crate) async fn admit(
        &self,
        upstream: &Arc<Upstream>,
        (method, path): (&Method, &RequestPath<'_>),
        headers: &HeaderMap,
        entry: &mut Entry,
    ) -> Result<Admitted, Refused> {
        let now = self.guard.now();
        if let Err(error) = self.guard.license().check(now.wall) {
            let refused = Refused { error, style: upstream.style(), quota: None };
            return Err(self.refuse(Credential::None, refused));
        }
        let (credential, principal) = self.authenticate(headers, now, entry).await;
        let refuse = |error, style, quota| self.refuse(credential, Refused { error, style, quota });
        let principal = principal.map_err(|error| refuse(error, upstream.style(), None))?;
        let (verdict, style) = upstream.policies.decide(method.as_str(), path);
        entry.decided(verdict, method);
        let session = self.check_route(&principal, verdict, path);
        let session = session.map_err(|error| refuse(error, style, None))?;
        // The last check: what is refused for another reason counts for no limit.
        let quota = self.guard.count(&principal, verdict.is_message(), 1, now).await;
        let quota = quota.map_err(|Refusal { error, quota }| refuse(error, style, quota))?;
        self.guard.record_use(&principal, now);
        self.metrics.verdicts.add((self.part, credential, Reason::Valid));
        let counted = self.counted(verdict);
        Ok(Admitted { upstream: Arc::clone(upstream), principal, session, quota, counted })
    }

    fn counted(&self, verdict: Verdict<'_>) -> Option<Box<CountedSession>> {
        let Verdict::Route(route) = verdict else { return None };
        self.guard.license().session_limit().and_then(|_| CountedSession::of(route))
    }

    /// Counts the verdict.
    fn refuse(&self, credential: Credential, refused: Refused) -> Refused {
        let reason = Reason::of(refused.error.code()).unwrap_or(Reason::Unavailable);
        self.metrics.verdicts.add((self.part, credential, reason));
        if let Some(quota) = refused.quota {
            self.metrics.limited.add(Limit::from(quota.kind));
        }
        refused
    }

    async fn authenticate(
        &self,
        headers: &HeaderMap,
        now: Moment,
        entry: &mut Entry,
    ) -> (Credential, Result<Principal, Error>) {
        let values = |name| headers.get_all(name).iter().map(HeaderValue::as_bytes);
        let credential = match bearer_or_header(values(AUTHORIZATION), values(API_KEY)) {
            Ok(credential) => credential,
            Err(denial) => return (Credential::without(&denial), Err(denial.into())),
        };
        let (proven, principal) = self.guard.decide(credential, now).await;
        entry.proven(proven.as_ref());
        let principal = principal.map_err(|denial| match denial {
            // Looked at last, as it is the rarest mistake.
            Denial::Malformed if self.master.contains(credential) => {
                Denial::WrongCredential("api key required").into()
            }
            denial => denial.into(),
        });
        (Credential::proven(credential, proven.as_ref()), principal)
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
