//! `POST /auth/verify`: is this key good, for this?

mod code;
mod describe;
mod shape;

pub use code::VerifyCode;
pub use shape::{Document, RateLimit, Verification, VerifyAnswer, VerifyRequest};

use crate::access_log::Entry;
use crate::limits::{Quota, Refusal};
use crate::metrics::{Credential, EdgeMetrics, Limit, Part, Reason};
use crate::reply::{error_response, json};
use crate::snapshot::Proven;
use crate::upstream::Upstreams;
use crate::{Body, Follower, Guard};
use http::header::{ALLOW, AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderValue};
use http::{Method, Request, Response, StatusCode};
use http_body_util::{BodyExt, Limited};
use std::sync::Arc;
use std::time::Duration;
use titan_core::Error;
use titan_core::access::{
    Caller, Denial, MasterKeys, Origin, Permit, Principal, VerifyKeys, bearer_or_header, decide,
};
use titan_core::error::Code;
use titan_core::policy::{RequestPath, Style, Verdict};
use titan_core::time::Moment;
use titan_core::wire::{MAX_BODY, from_json, is_json, required, unreadable};
use titan_token::ScopeBit;

/// How long an answer waits for a label: the database may be busy, and the decision does not need it.
const PATIENCE: Duration = Duration::from_millis(250);

/// No request counts for more.
const MOST_COST: u32 = 1_000_000;

/// Enough for most answers, so that their buffer does not grow.
const USUAL_ANSWER: usize = 512;

/// Answers `/auth/verify`.
pub struct Verifier {
    guard: Arc<Guard>,
    follower: Arc<Follower>,
    master: Arc<MasterKeys>,
    upstreams: Arc<Upstreams>,
    metrics: Arc<EdgeMetrics>,
    /// What it is called in the access log.
    route: Arc<str>,
}

/// What a request needs.
struct Needs {
    scopes: Vec<ScopeBit>,
    /// The route counts toward the limit of messages.
    is_message: bool,
    /// No route names it: nothing is enough.
    is_refused: bool,
}

impl Verifier {
    /// Answers from `guard`, for callers with `keys:verify` or a master key.
    pub fn new(
        guard: Arc<Guard>,
        follower: Arc<Follower>,
        master: Arc<MasterKeys>,
        upstreams: Arc<Upstreams>,
        metrics: Arc<EdgeMetrics>,
    ) -> Self {
        Self { guard, follower, master, upstreams, metrics, route: Arc::from("/auth/verify") }
    }

    /// The whole exchange.
    pub async fn handle<B>(&self, request: Request<B>, entry: &mut Entry) -> Response<Body>
    where
        B: http_body::Body + Send,
        B::Data: Send,
        B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        entry.route(&self.route);
        self.answer(request, entry).await.unwrap_or_else(|error| {
            entry.error(error.code());
            let mut response = error_response(&error, Style::Titan);
            if error.code() == Code::MethodNotAllowed {
                response.headers_mut().insert(ALLOW, HeaderValue::from_static("POST"));
            }
            response
        })
    }

    async fn answer<B>(&self, request: Request<B>, entry: &mut Entry) -> Result<Response<Body>, Error>
    where
        B: http_body::Body + Send,
        B::Data: Send,
        B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        let (head, body) = request.into_parts();
        if head.method != Method::POST {
            return Err(Error::new(Code::MethodNotAllowed, "method not allowed"));
        }
        let now = self.guard.now();
        self.guard.license().check(now.wall)?;
        let permit = self.permit(&head.headers, now, entry).await?;
        if !head.headers.get(CONTENT_TYPE).is_some_and(|value| is_json(value.as_bytes())) {
            return Err(Error::new(Code::UnsupportedMediaType, "Content-Type: must be application/json"));
        }
        let body = Limited::new(body, MAX_BODY).collect().await.map_err(|error| refused(&*error))?;
        let body = body.to_bytes();
        entry.received(u64::try_from(body.len()).unwrap_or_default());
        let request: VerifyRequest = from_json(&body)?;
        let credential = request.key.as_deref().map_or(Credential::None, Credential::of);
        let data = self.verify(&permit, request, entry).await;
        self.note(credential, &data);
        let data = data?;
        entry.verdict(data.code);
        let mut answer = Vec::with_capacity(USUAL_ANSWER);
        serde_json::to_writer(&mut answer, &VerifyAnswer { data }).map_err(Error::internal)?;
        Ok(json(StatusCode::OK, answer))
    }

    /// Counts the verdict about the key in question. A question that is wrong has none.
    fn note(&self, credential: Credential, data: &Result<Verification, Error>) {
        let reason = match data {
            Ok(data) => Some(Reason::from(data.code)),
            Err(error) => Reason::of(error.code()),
        };
        if let Some(reason) = reason {
            self.metrics.verdicts.add((Part::Verify, credential, reason));
        }
    }

    async fn permit(
        &self,
        headers: &HeaderMap,
        now: Moment,
        entry: &mut Entry,
    ) -> Result<Permit<VerifyKeys>, Error> {
        let values = |name| headers.get_all(name).iter().map(http::HeaderValue::as_bytes);
        let credential = bearer_or_header(values(AUTHORIZATION.as_str()), values("x-api-key"))?;
        let (proven, principal) = self.guard.decide(credential, now).await;
        entry.proven(proven.as_ref());
        let caller = match principal {
            // Looked at last: to hash the credential costs as much as to verify a key.
            Err(_) if self.master.contains(credential) => Caller::Master,
            principal => {
                let principal = principal?;
                self.guard.record_use(&principal, now);
                Caller::try_from(principal)?
            }
        };
        Ok(decide(&caller, None, Origin::default())?)
    }

    async fn verify(
        &self,
        permit: &Permit<VerifyKeys>,
        request: VerifyRequest,
        entry: &mut Entry,
    ) -> Result<Verification, Error> {
        let key = required("key", request.key)?;
        let scopes = match request.scopes.as_slice() {
            [] => Vec::new(),
            names => self.guard.catalogue().parse(names)?,
        };
        // Whether the question is right must not depend on the key, or the answer would tell of it.
        let cost = check_cost(request.cost)?;
        let needs = self.needs(scopes, request.method.as_deref(), request.path.as_deref())?;
        let now = self.guard.now();
        let (proven, result) = match self.guard.decide(&key, now).await {
            // It is about keys: JWTs and client tokens are none.
            (Some(Proven::Client(_) | Proven::Jwt(_)), _) | (None, Err(Denial::TokenInvalid)) => {
                (None, Err(Denial::Malformed))
            }
            decision => decision,
        };
        if result.as_ref().is_err_and(|denial| *denial == Denial::Unknown) {
            return Err(Denial::Unknown.into());
        }
        let denial = match &result {
            Ok(principal) => self.lacks(principal, &needs),
            Err(denial) => Some(denial.clone()),
        };
        // A key of another tenant is unknown to this caller.
        let proven = proven.filter(|proven| match proven {
            Proven::Key(key) => permit.reach().includes(key.claims().tenant, key.claims().id, None),
            Proven::Opaque(key) => permit.reach().includes(key.status.tenant, key.status.id, None),
            Proven::Client(_) | Proven::Jwt(_) => false,
        });
        entry.proven(proven.as_ref());
        let Some(proven) = proven else {
            let denial = denial.filter(|denial| *denial == Denial::Malformed).unwrap_or(Denial::Invalid);
            return Ok(Verification { code: VerifyCode::from(&denial), ..Verification::default() });
        };
        let (code, quota) = match (&result, &denial) {
            (Ok(principal), None) => self.count(principal, &needs, cost, now).await?,
            _ => (denial.as_ref().map_or(VerifyCode::Valid, VerifyCode::from), None),
        };
        let description = match &proven {
            Proven::Key(key) => self.describe(key.claims(), code).await,
            Proven::Opaque(key) => self.describe_opaque(&key.status, code),
            Proven::Client(_) | Proven::Jwt(_) => Verification::default(),
        };
        let rate_limit = quota.map(|Quota { limit, remaining, .. }| RateLimit { limit, remaining });
        Ok(Verification { rate_limit, ..description })
    }

    /// A good key counts toward its limits, as if its request had come to the gateway.
    async fn count(
        &self,
        principal: &Principal,
        needs: &Needs,
        cost: u32,
        now: Moment,
    ) -> Result<(VerifyCode, Option<Quota>), Error> {
        match self.guard.count(principal, needs.is_message, cost, now).await {
            Ok(quota) => {
                self.guard.record_use(principal, now);
                Ok((VerifyCode::Valid, quota))
            }
            Err(Refusal { error, .. }) if error.code() != Code::RateLimitExceeded => Err(error),
            Err(Refusal { quota, .. }) => {
                if let Some(quota) = &quota {
                    self.metrics.limited.add(Limit::from(quota.kind));
                }
                Ok((VerifyCode::RateLimited, quota))
            }
        }
    }

    /// What a key must have for the scopes and the route that were asked about.
    fn needs(&self, scopes: Vec<ScopeBit>, method: Option<&str>, path: Option<&str>) -> Result<Needs, Error> {
        let mut needs = Needs { scopes, is_message: false, is_refused: false };
        let (method, path) = match (method, path) {
            (None, None) => return Ok(needs),
            (Some(method), Some(path)) => (method, path),
            _ => return Err(Error::invalid("method, path: go only together")),
        };
        let path = path.split_once('?').map_or(path, |(path, _)| path);
        let parsed = RequestPath::parse(path).map_err(|error| Error::invalid(error.to_string()))?;
        let upstreams = self.upstreams.current();
        let upstream =
            upstreams.find(&parsed).ok_or_else(|| Error::invalid("path: no upstream serves it"))?;
        let verdict = upstream.policies.decide(method, &parsed).0;
        needs.is_message = verdict.is_message();
        match verdict {
            Verdict::Authenticated => {}
            Verdict::Refused => needs.is_refused = true,
            Verdict::Route(route) => needs.scopes.extend(route.scope.as_ref().map(|(bit, _)| *bit)),
        }
        Ok(needs)
    }

    /// The first of these that a good key does not have.
    fn lacks(&self, principal: &Principal, needs: &Needs) -> Option<Denial> {
        if needs.is_refused {
            return Some(Denial::WrongCredential("route not allowed"));
        }
        let catalogue = self.guard.catalogue();
        let missing = catalogue.first_beyond(principal.scopes(), &needs.scopes)?;
        Some(Denial::InsufficientScope(catalogue.name(missing)))
    }
}

fn check_cost(cost: Option<u32>) -> Result<u32, Error> {
    match cost.unwrap_or(1) {
        cost @ 1..=MOST_COST => Ok(cost),
        _ => Err(Error::invalid(format!("cost: must be 1 to {MOST_COST}"))),
    }
}

fn refused(error: &(dyn std::error::Error + 'static)) -> Error {
    if error.is::<http_body_util::LengthLimitError>() {
        Error::new(Code::PayloadTooLarge, "body: must be at most 65536 bytes")
    } else {
        unreadable(error)
    }
}
