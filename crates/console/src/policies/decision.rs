//! What happens to a request, as `titan policy explain` says it.

use super::line::RouteLine;
use crate::guarded::Guarded;
use askama::Template;
use titan_core::policy::{PathError, PolicySet, RequestPath, Route, Verdict};

#[derive(Template)]
#[template(path = "policies/decision.html")]
pub(super) struct DecisionView {
    decision: Decision,
}

enum Decision {
    /// 400, and why.
    BadPath(String),
    /// 404
    NoUpstream,
    /// No route names it, and every valid key may pass to this upstream.
    Open(String),
    /// Titan answers it.
    Own,
    /// 403 before this upstream.
    Refused(String),
    Route(Box<Named>),
}

/// The route that names a request, and what the path says there.
struct Named {
    route: RouteLine,
    session: Option<String>,
    recipient: Option<String>,
}

impl DecisionView {
    /// `path` is as a client sends it. Its query does not count.
    pub(super) fn new(guarded: &dyn Guarded, method: &str, path: &str) -> Self {
        let path = path.split_once('?').map_or(path, |(path, _)| path);
        let decision = if guarded.is_own(path) { Decision::Own } else { decide(guarded, method, path) };
        Self { decision }
    }
}

fn decide(guarded: &dyn Guarded, method: &str, path: &str) -> Decision {
    let path = match RequestPath::parse(path) {
        Ok(path) => path,
        Err(error) => return Decision::BadPath(reason(error)),
    };
    let Some((upstream, set)) = guarded.serving(&path) else { return Decision::NoUpstream };
    match set.decide(method, &path).0 {
        Verdict::Authenticated => Decision::Open(upstream),
        Verdict::Refused => Decision::Refused(upstream),
        Verdict::Route(route) => Decision::Route(Box::new(named(&upstream, &set, route, &path))),
    }
}

fn named(upstream: &str, set: &PolicySet, route: &Route, path: &RequestPath<'_>) -> Named {
    let policy = set.policies().iter().find(|policy| policy.routes.iter().any(|r| std::ptr::eq(r, route)));
    Named {
        session: route.session_in(path).map(str::to_owned),
        recipient: route.recipient_in(path).map(str::to_owned),
        route: RouteLine::new(upstream, policy.map_or("", |policy| &policy.name), route),
    }
}

/// `path: must be UTF-8` as a sentence.
fn reason(error: PathError) -> String {
    let text = error.to_string();
    format!("It {}.", text.strip_prefix("path: ").unwrap_or(&text))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::guarded::GuardedUpstream;
    use std::sync::Arc;
    use titan_core::access::Catalogue;
    use titan_core::policy::Policy;

    struct One(Arc<PolicySet>);

    impl Guarded for One {
        fn upstreams(&self) -> Vec<GuardedUpstream> {
            vec![("api".to_owned(), Arc::clone(&self.0))]
        }

        fn serving(&self, path: &RequestPath<'_>) -> Option<GuardedUpstream> {
            path.as_str().starts_with("/api").then(|| ("api".to_owned(), Arc::clone(&self.0)))
        }

        fn is_own(&self, path: &str) -> bool {
            path.starts_with("/admin")
        }
    }

    fn said(default: &str, method: &str, path: &str) -> String {
        let text = format!(
            "name = \"t\"\ndefault = \"{default}\"\n[[route]]\nmethods = [\"GET\"]\npath = \"/api/{{s}}/x\"\nsession = \"path:s\"\n"
        );
        let policy = Policy::parse("t", &text, &Catalogue::new([]).unwrap()).unwrap();
        let one = One(Arc::new(PolicySet::new(vec![policy]).unwrap()));
        DecisionView::new(&one, method, path).render().unwrap()
    }

    #[test]
    fn each_decision_is_said() {
        for (default, method, path, part) in [
            ("deny", "GET", "/api/%2e%2e/x", "must not contain . or .. segments"),
            ("deny", "GET", "", "must begin with a slash"),
            ("deny", "GET", "/admin/../x", "Titan answers it itself"),
            ("deny", "GET", "/other", "404"),
            ("deny", "POST", "/api/a/x", "403"),
            ("deny", "GET", "/api/y", "403"),
            ("authenticated", "GET", "/api/y", "Every valid key may do this"),
            ("authenticated", "POST", "/api/a/x", "403"),
            ("deny", "HEAD", "/api/a/x?y=1", "Every valid key may do this"),
            ("deny", "GET", "/api/<b>/x", "&#60;b&#62;</code>, from the path"),
        ] {
            let said = said(default, method, path);
            assert!(said.contains(part), "{method} {path}: {said}");
        }
    }
}
