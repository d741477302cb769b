//! The decision about a request: whose credential, which route, which limit. The gateway and forward-auth have it in common.

use crate::access_log::Entry;
use crate::client::{ClientRequest, Cors};
use crate::identity::Identity;
use crate::limits::{Quota, Refusal};
use crate::metrics::{Credential, EdgeMetrics, Limit, Part, Reason};
use crate::reply::error_response;
use crate::snapshot::Proven;
use crate::upstream::{Upstream, UpstreamMap, Upstreams};
use crate::{Body, Guard, reply};
use bytes::Bytes;
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
    /// How its errors are worded.
    style: Style,
    pub(crate) principal: Principal,
    /// The session that the path names.
    pub(crate) session: Option<String>,
    /// What is left of the tightest limit.
    pub(crate) quota: Option<Quota>,
    /// What it does to a session that a license counts.
    pub(crate) counted: Option<Box<CountedSession>>,
    /// What is special about a client token.
    pub(crate) client: Option<Box<ClientRequest>>,
    /// What the answer says to the page that asks.
    pub(crate) cors: Cors,
    /// What kind of credential it has.
    credential: Credential,
    /// Whether its route sends messages.
    is_message: bool,
    /// When it was decided about.
    pub(crate) decided_at: Moment,
}

/// Whose credential a request carries.
struct Authenticated {
    credential: Credential,
    cors: Cors,
    principal: Result<Principal, Error>,
}

/// The session that a request names, and what is special about a client token.
type Checked = (Option<String>, Option<Box<ClientRequest>>);

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
    pub(crate) cors: Cors,
}

impl Refused {
    pub(crate) fn new(error: Error, style: Style) -> Self {
        Self { error, style, quota: None, cors: Cors::None }
    }

    /// The answer, noted in the access log.
    pub(crate) fn response(self, entry: &mut Entry) -> Response<Body> {
        entry.error(self.error.code());
        let mut response = error_response(&self.error, self.style);
        if let Some(quota) = self.quota {
            quota.write(response.headers_mut());
        }
        self.cors.write(response.headers_mut());
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

    /// Whether the head does not say it all.
    pub(crate) fn needs_body(&self) -> bool {
        self.client.as_ref().is_some_and(|client| client.needs_body())
    }

    /// A refusal of what was admitted.
    pub(crate) fn refused(&self, error: Error) -> Refused {
        Refused { error, style: self.style, quota: self.quota, cors: self.cors.clone() }
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

    /// Every check but those of the body and of the limits. None of them waits while the lease is good. The credential comes before the
    /// route: who has no key learns nothing of the routes.
    pub(crate) async fn admit(
        &self,
        upstream: &Arc<Upstream>,
        (method, path, query): (&Method, &RequestPath<'_>, Option<&str>),
        headers: &HeaderMap,
        entry: &mut Entry,
    ) -> Result<Admitted, Refused> {
        let now = self.guard.now();
        if let Err(error) = self.guard.license().check(now.wall) {
            return Err(self.refuse(Credential::None, Refused::new(error, upstream.style())));
        }
        let Authenticated { credential, cors, principal } = self.authenticate(headers, now, entry).await;
        let refuse =
            |error, style, cors| self.refuse(credential, Refused { cors, ..Refused::new(error, style) });
        let principal = match principal {
            Ok(principal) => principal,
            Err(error) => return Err(refuse(error, upstream.style(), cors)),
        };
        let (verdict, style) = upstream.policies.decide(method.as_str(), path);
        entry.decided(verdict, method);
        let (session, client) = match self.check_route(&principal, verdict, (path, query), headers) {
            Ok(checked) => checked,
            Err(error) => return Err(refuse(error, style, cors)),
        };
        Ok(Admitted {
            upstream: Arc::clone(upstream),
            style,
            principal,
            session,
            quota: None,
            counted: self.counted(verdict),
            client,
            cors,
            credential,
            is_message: verdict.is_message(),
            decided_at: now,
        })
    }

    /// What only the body of a request with a client token can show; or why there is no body.
    pub(crate) fn check_body(
        &self,
        admitted: &Admitted,
        headers: &HeaderMap,
        body: Result<Bytes, Error>,
    ) -> Result<(), Refused> {
        let check = |body: Bytes| match &admitted.client {
            Some(client) if client.needs_body() => client.check_body(headers, &body),
            _ => Ok(()),
        };
        body.and_then(check).map_err(|error| self.refuse(admitted.credential, admitted.refused(error)))
    }

    /// The last check: what is refused for another reason counts for no limit.
    pub(crate) async fn count(&self, admitted: &mut Admitted) -> Result<(), Refused> {
        let Admitted { credential, decided_at, is_message, .. } = *admitted;
        self.check_day(admitted)?;
        let counted = self.guard.count(&admitted.principal, is_message, 1, decided_at).await;
        let (quota, refusal) = match counted {
            Ok(quota) => (quota, None),
            Err(Refusal { error, quota }) => (quota, Some(error)),
        };
        admitted.quota = quota;
        if let Some(error) = refusal {
            return Err(self.refuse(credential, admitted.refused(error)));
        }
        self.count_day(admitted).await?;
        self.guard.record_use(&admitted.principal, decided_at);
        self.metrics.verdicts.add((self.part, credential, Reason::Valid));
        Ok(())
    }

    /// First, from memory: so only the first refusal of a day on each instance takes anything from the other limits.
    fn check_day(&self, admitted: &Admitted) -> Result<(), Refused> {
        let Some((person, most)) = admitted.client.as_ref().and_then(|client| client.daily()) else {
            return Ok(());
        };
        self.guard.check_day(person, most).map_err(|error| self.refuse_for_the_day(admitted, error))
    }

    async fn count_day(&self, admitted: &Admitted) -> Result<(), Refused> {
        let Some((person, most)) = admitted.client.as_ref().and_then(|client| client.daily()) else {
            return Ok(());
        };
        let counted = Box::pin(self.guard.count_day(person, most)).await;
        counted.map_err(|error| self.refuse_for_the_day(admitted, error))
    }

    /// It says nothing of the other limits: none of them is the reason.
    fn refuse_for_the_day(&self, admitted: &Admitted, error: Error) -> Refused {
        if error.code() == Code::RateLimitExceeded {
            self.metrics.limited.add(Limit::Day);
        }
        self.refuse(admitted.credential, Refused { quota: None, ..admitted.refused(error) })
    }

    fn counted(&self, verdict: Verdict<'_>) -> Option<Box<CountedSession>> {
        let Verdict::Route(route) = verdict else { return None };
        self.guard.license().session_limit().and_then(|_| CountedSession::of(route))
    }

    /// Counts the verdict.
    fn refuse(&self, credential: Credential, refused: Refused) -> Refused {
        let code = refused.error.code();
        let is_ours = code.status() >= 500;
        let reason =
            Reason::of(code).unwrap_or(if is_ours { Reason::Unavailable } else { Reason::Unreadable });
        self.metrics.verdicts.add((self.part, credential, reason));
        if let Some(quota) = refused.quota {
            self.metrics.limited.add(Limit::from(quota.kind));
        }
        refused
    }

    async fn authenticate(&self, headers: &HeaderMap, now: Moment, entry: &mut Entry) -> Authenticated {
        let values = |name| headers.get_all(name).iter().map(HeaderValue::as_bytes);
        let credential = match bearer_or_header(values(AUTHORIZATION), values(API_KEY)) {
            Ok(credential) => credential,
            Err(denial) => {
                let credential = Credential::without(&denial);
                return Authenticated { credential, cors: Cors::None, principal: Err(denial.into()) };
            }
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
        let cors = match &proven {
            Some(Proven::Client(token)) => Cors::of(token, headers),
            _ => Cors::None,
        };
        Authenticated { credential: Credential::proven(credential, proven.as_ref()), cors, principal }
    }

    fn check_route(
        &self,
        principal: &Principal,
        verdict: Verdict<'_>,
        (path, query): (&RequestPath<'_>, Option<&str>),
        headers: &HeaderMap,
    ) -> Result<Checked, Error> {
        if let Principal::Client(token) = principal {
            let client = ClientRequest::check(token, verdict, (path, query), headers)?;
            return Ok((Some(token.claims.session.to_string()), Some(client)));
        }
        match verdict {
            Verdict::Authenticated => Ok((None, None)),
            Verdict::Refused => Err(Error::new(Code::RouteNotAllowed, "route not allowed")),
            Verdict::Route(route) => {
                if let Some((bit, name)) = &route.scope {
                    self.guard.check_scope(principal, *bit, name)?;
                }
                Ok((route.session_in(path).map(str::to_owned), None))
            }
        }
    }
}
