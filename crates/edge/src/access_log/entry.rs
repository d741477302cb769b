//! The record of a running request.

use super::{AccessLog, Holder, LoggedBody, Record, RequestId};
use crate::Body;
use crate::snapshot::Proven;
use crate::upstream::{Progress, Upstream};
use crate::usage::{Agent, Counts};
use crate::verify::VerifyCode;
use http::header::USER_AGENT;
use http::{HeaderMap, HeaderValue, Method, Response, StatusCode};
use http_body::Body as _;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};
use titan_core::error::Code;
use titan_core::policy::Verdict;

/// Who hears of an exchange that has ended.
#[derive(Clone, Default)]
pub struct Sinks {
    /// It gets a record.
    pub log: Option<Arc<AccessLog>>,
    /// It counts.
    pub usage: Option<Arc<Counts>>,
}

/// The record of a running request, or nothing if nobody hears of it. The record is handed in when this is dropped,
/// whatever ended the request.
#[derive(Default)]
pub struct Entry(Option<Box<Open>>);

/// One allocation per request. Its thread also frees it: the queue gets a copy of the record.
struct Open {
    record: Record,
    sinks: Sinks,
    /// What is counted, if it is not what the record says: the verdict about another key.
    verdict: Option<&'static str>,
    /// The program of the client, if it is the client of the key.
    agent: Option<Agent>,
    /// Counts the bytes of the request's body that were forwarded.
    upload: Option<Arc<Progress>>,
}

impl Entry {
    /// An entry that records nothing, because nobody hears of it.
    pub fn off() -> Self {
        Self::default()
    }

    /// Starts the record of a request that arrived at `began`.
    pub fn begin(
        sinks: &Sinks,
        began: Instant,
        method: &Method,
        client: IpAddr,
        request_id: &HeaderValue,
        headers: &HeaderMap,
    ) -> Self {
        if sinks.log.is_none() && sinks.usage.is_none() {
            return Self::off();
        }
        let record = Record::new(began, method, client, RequestId::new(request_id));
        let keeps_clients = sinks.usage.as_ref().is_some_and(|usage| usage.keeps_clients());
        let agent = keeps_clients.then(|| Agent::new(headers.get(USER_AGENT)));
        Self::open(record, sinks.clone(), agent)
    }

    fn open(record: Record, sinks: Sinks, agent: Option<Agent>) -> Self {
        Self(Some(Box::new(Open { record, sinks, verdict: None, agent, upload: None })))
    }

    pub(super) fn note(&mut self, change: impl FnOnce(&mut Record)) {
        if let Some(open) = &mut self.0 {
            change(&mut open.record);
        }
    }

    /// Notes why the request was refused or failed.
    pub(crate) fn error(&mut self, code: Code) {
        self.note(|record| record.code = Some(code.slug()));
    }

    /// Notes the verdict of `/auth/verify`. The client is not that of the key.
    pub(crate) fn verdict(&mut self, code: VerifyCode) {
        self.note(|record| record.code = Some(code.name()));
        if let Some(open) = &mut self.0 {
            (open.verdict, open.agent) = (Some(code.outcome()), None);
        }
    }

    /// Notes the credential that the answer is about, if it is ours. The fields of an unproven one are not noted. Who holds a client
    /// token is not the client of the key that minted it.
    pub(crate) fn proven(&mut self, proven: Option<&Proven>) {
        self.note(|record| record.holder = proven.map(Holder::of));
        if let (Some(open), Some(Proven::Client(_))) = (&mut self.0, proven) {
            open.agent = None;
        }
    }

    /// Notes the method of the request that a proxy asks about, in place of that of the question.
    pub(crate) fn asks_about(&mut self, method: &Method) {
        self.note(|record| record.asks_about(method));
    }

    /// Notes the pattern of the route.
    pub(crate) fn route(&mut self, pattern: &Arc<str>) {
        self.note(|record| record.route = Some(Arc::clone(pattern)));
    }

    /// Notes the route that the policy found. The method of a route comes from the policy, so it may also be logged.
    pub(crate) fn decided(&mut self, verdict: Verdict<'_>, method: &Method) {
        let Verdict::Route(route) = verdict else { return };
        self.route(&route.path);
        self.note(|record| {
            record.method.get_or_insert_with(|| method.clone());
        });
    }

    /// Notes that the request is sent to the upstream now.
    pub(crate) fn asked(&mut self, upstream: &Arc<Upstream>) {
        self.note(|record| record.upstream = Some(Arc::clone(upstream)));
    }

    /// Notes that the upstream gets the request's body, and who counts its bytes.
    pub(crate) fn uploads(&mut self, progress: Option<&Arc<Progress>>) {
        if let Some(open) = &mut self.0 {
            open.upload = progress.map(Arc::clone);
        }
    }

    /// Notes the status that the client gets, if the answer to a proxy has another.
    pub(crate) fn answers(&mut self, status: StatusCode) {
        self.note(|record| record.status = Some(status.as_u16()));
    }

    /// Notes after what time the upstream has started to answer, or has failed.
    pub(crate) fn answered(&mut self, took: Duration) {
        self.note(|record| record.upstream_time = Some(took));
    }

    /// Notes how many bytes of the request's body were read.
    pub(crate) fn received(&mut self, bytes: u64) {
        self.note(|record| record.bytes_in = bytes);
    }

    /// Takes the record of a WebSocket when that starts. The record enters the queue when the tunnel ends.
    pub(crate) fn take_for_tunnel(&mut self) -> Self {
        self.note(|record| record.status = Some(StatusCode::SWITCHING_PROTOCOLS.as_u16()));
        std::mem::take(self)
    }

    /// Notes the end of a tunnel. Both sides may end it, so it does not count as aborted.
    pub(crate) fn tunnel_ended(&mut self, bytes_in: u64, bytes_out: u64) {
        self.note(|record| {
            record.bytes_in = bytes_in;
            record.bytes_out = bytes_out;
            record.aborted = None;
        });
    }

    /// The same answer with a body that is observed until its end.
    pub fn follow(mut self, response: Response<Body>) -> Response<LoggedBody> {
        self.note(|record| {
            record.status.get_or_insert(response.status().as_u16());
            // An answer to HEAD has no body, so it cannot break off.
            if response.body().is_end_stream() || record.method == Some(Method::HEAD) {
                record.aborted = None;
            }
        });
        response.map(|body| LoggedBody::new(self, body))
    }
}

impl Drop for Entry {
    fn drop(&mut self) {
        let Some(mut open) = self.0.take() else { return };
        let record = &mut open.record;
        record.total_time = record.began.elapsed();
        if let Some(upload) = &open.upload {
            record.bytes_in = upload.bytes();
        }
        if let Some(usage) = &open.sinks.usage {
            usage.count(record, open.verdict, open.agent.as_ref());
        }
        if let Some(log) = open.sinks.log.take() {
            log.push(open.record);
        }
    }
}
