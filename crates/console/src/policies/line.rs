//! A route, as pages show it.

use titan_core::policy::{Limit, Route, SessionEvent};

pub(super) struct RouteLine {
    pub(super) methods: Vec<String>,
    path: String,
    /// `None`: any valid key.
    pub(super) scope: Option<String>,
    pub(super) counts_as_message: bool,
    pub(super) action: Option<String>,
    /// Where the name of the session is.
    pub(super) session: Option<String>,
    /// Where the recipient is.
    pub(super) recipient: Option<String>,
    /// What it does to a session that a license counts, and where `true` must stand for that.
    pub(super) event: Option<(&'static str, Option<String>)>,
    pub(super) line: usize,
    pub(super) policy: String,
    pub(super) upstream: String,
}

impl RouteLine {
    pub(super) fn new(upstream: &str, policy: &str, route: &Route) -> Self {
        let condition = route.sessions_if.as_ref().map(ToString::to_string);
        Self {
            methods: route.methods.clone(),
            path: route.path.to_string(),
            scope: route.scope.as_ref().map(|(_, name)| name.clone()),
            counts_as_message: route.limit == Some(Limit::Message),
            action: route.action.clone(),
            session: route.session.as_ref().map(ToString::to_string),
            recipient: route.recipient.as_ref().map(ToString::to_string),
            event: route.sessions.map(|event| (verb(event), condition)),
            line: route.line,
            policy: policy.to_owned(),
            upstream: upstream.to_owned(),
        }
    }

    /// Between these, a line may break.
    pub(super) fn parts(&self) -> impl Iterator<Item = &str> {
        self.path.split_inclusive('/')
    }
}

const fn verb(event: SessionEvent) -> &'static str {
    match event {
        SessionEvent::Close => "closes",
        SessionEvent::Open => "opens",
    }
}
