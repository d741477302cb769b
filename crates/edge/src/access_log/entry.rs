//! The record of a request that still runs.

use super::{AccessLog, LoggedBody, Record};
use crate::Body;
use crate::gateway::{Progress, Upstream};
use http::{Method, Response, StatusCode};
use http_body::Body as _;
use std::sync::Arc;
use std::time::Instant;
use titan_core::error::Code;
use titan_core::policy::Verdict;
use titan_token::VerifiedKey;

/// The record of a request that runs, or nothing if no access log is kept. It is handed in when this is dropped,
/// whatever ends the request.
#[derive(Default)]
pub struct Entry(Option<Box<Open>>);

/// One allocation for a request. It stays with its thread: what is handed in is a copy of the record.
struct Open {
    record: Record,
    log: Arc<AccessLog>,
    /// When the upstream was asked.
    asked: Option<Instant>,
    /// Counts what of the request's body has passed.
    upload: Option<Arc<Progress>>,
    /// The answer's body, once there is one.
    body: Option<Body>,
}

impl Entry {
    /// No access log is kept.
    pub fn off() -> Self {
        Self::default()
    }

    pub(super) fn open(record: Record, log: Arc<AccessLog>) -> Self {
        Self(Some(Box::new(Open { record, log, asked: None, upload: None, body: None })))
    }

    fn note(&mut self, change: impl FnOnce(&mut Record)) {
        if let Some(open) = &mut self.0 {
            change(&mut open.record);
        }
    }

    /// The request was refused, or failed.
    pub(crate) fn error(&mut self, code: Code) {
        self.note(|record| record.code = Some(code.slug()));
    }

    /// What `/auth/verify` said.
    pub(crate) fn verdict(&mut self, code: &'static str) {
        self.note(|record| record.code = Some(code));
    }

    /// The key that the answer is about, if its MAC held: what an unproven key says of itself is not noted.
    pub(crate) fn key(&mut self, key: Option<&VerifiedKey>) {
        self.note(|record| record.key = key.map(|key| (key.claims().id, key.claims().tenant)));
    }

    /// The pattern under which the request is known.
    pub(crate) fn route(&mut self, pattern: &Arc<str>) {
        self.note(|record| record.route = Some(Arc::clone(pattern)));
    }

    /// What the policy found. The method of a route is the policy's word, so it may be logged, too.
    pub(crate) fn decided(&mut self, verdict: Verdict<'_>, method: &Method) {
        let Verdict::Route(route) = verdict else { return };
        self.route(&route.path);
        self.note(|record| {
            record.method.get_or_insert_with(|| method.clone());
        });
    }

    /// The upstream is asked now.
    pub(crate) fn asked(&mut self, upstream: &Arc<Upstream>) {
        if let Some(open) = &mut self.0 {
            open.record.upstream = Some(Arc::clone(upstream));
            open.asked = Some(Instant::now());
        }
    }

    /// The request's body goes to the upstream, and is counted there.
    pub(crate) fn uploads(&mut self, progress: Option<&Arc<Progress>>) {
        if let Some(open) = &mut self.0 {
            open.upload = progress.map(Arc::clone);
        }
    }

    /// The upstream has begun to answer, or has failed.
    pub(crate) fn answered(&mut self) {
        if let Some(open) = &mut self.0 {
            open.record.upstream_time = open.asked.map(|asked| asked.elapsed());
        }
    }

    /// So much of the request's body was read.
    pub(crate) fn received(&mut self, bytes: u64) {
        self.note(|record| record.bytes_in = bytes);
    }

    /// The record of a WebSocket, from its start on: it is handed in when the tunnel ends.
    pub(crate) fn take_for_tunnel(&mut self) -> Self {
        self.note(|record| record.status = Some(StatusCode::SWITCHING_PROTOCOLS.as_u16()));
        std::mem::take(self)
    }

    /// A tunnel has ended, as each does some day: that is no abort.
    pub(crate) fn tunnel_ended(&mut self, bytes_in: u64, bytes_out: u64) {
        self.note(|record| {
            record.bytes_in = bytes_in;
            record.bytes_out = bytes_out;
            record.aborted = None;
        });
    }

    /// The answer, whose body is followed to its end.
    pub fn follow(mut self, response: Response<Body>) -> Response<Body> {
        let Some(open) = &mut self.0 else { return response };
        let (head, body) = response.into_parts();
        open.record.status = Some(head.status.as_u16());
        // No body is sent for HEAD, so none can break off.
        if body.is_end_stream() || open.record.method == Some(Method::HEAD) {
            open.record.aborted = None;
        }
        open.body = Some(body);
        Response::from_parts(head, Body::Logged(LoggedBody::new(self)))
    }

    /// The body, and the record that it is noted in.
    pub(super) fn body(&mut self) -> Option<(&mut Body, &mut Record)> {
        let open = self.0.as_mut()?;
        Some((open.body.as_mut()?, &mut open.record))
    }

    /// The body, to be asked about.
    pub(super) fn body_ref(&self) -> Option<&Body> {
        self.0.as_ref()?.body.as_ref()
    }
}

impl Drop for Entry {
    fn drop(&mut self) {
        let Some(open) = self.0.take() else { return };
        let Open { mut record, log, upload, .. } = *open;
        record.total_time = record.began.elapsed();
        if let Some(upload) = upload {
            record.bytes_in = upload.bytes();
        }
        log.push(record);
    }
}
