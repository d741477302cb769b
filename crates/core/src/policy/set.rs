//! All policies of one upstream, and their decision about a request.

use super::file::Limit;
use super::path::fold;
use super::tree::{Found, Index, Node};
use super::{Default, Policy, Problem, RequestPath, Route, Source, Style};

/// What the policies say of a request.
#[derive(Clone, Copy, Debug)]
pub enum Verdict<'a> {
    /// No route matches it, and every valid key may pass.
    Authenticated,
    /// A route matches it.
    Route(&'a Route),
    /// No key may pass.
    Refused,
}

impl Verdict<'_> {
    /// Whether the route counts toward the limit of messages.
    pub fn is_message(&self) -> bool {
        matches!(self, Self::Route(route) if route.limit == Some(Limit::Message))
    }
}

/// The policies of one upstream. The first one sets the error style for requests that match no route.
pub struct PolicySet {
    policies: Vec<Policy>,
    /// Policy and route of each index in the trees.
    places: Vec<(usize, usize)>,
    exact: Node,
    /// The same with literals in lower case, as an upstream that ignores case would read them.
    folded: Node,
    default: Default,
    /// Whether a literal of a route has a capital letter.
    has_capitals: bool,
}

impl PolicySet {
    /// Combines policies. Two routes that match the same requests are a mistake, also if they are in different
    /// files.
    pub fn new(policies: Vec<Policy>) -> Result<Self, Vec<Problem>> {
        let mut set = Self {
            places: Vec::new(),
            exact: Node::default(),
            folded: Node::default(),
            default: strictest(&policies),
            has_capitals: policies.iter().flat_map(|p| &p.routes).any(|r| has_capital_literal(&r.path)),
            policies,
        };
        let mut problems = Vec::new();
        for (p, policy) in set.policies.iter().enumerate() {
            for (r, route) in policy.routes.iter().enumerate() {
                let index = set.places.len();
                set.places.push((p, r));
                for method in &route.methods {
                    // Routes that differ only in case are a tie too: some upstreams ignore case.
                    let exact = set.exact.add(&route.path, false, method, index);
                    let added = exact.and_then(|()| set.folded.add(&route.path, true, method, index));
                    if let Err(other) = added {
                        let (first_policy, first) = set.places[other];
                        let first_policy = &set.policies[first_policy];
                        problems.push(tie(policy, route, method, first_policy, &first_policy.routes[first]));
                    }
                }
            }
        }
        if problems.is_empty() { Ok(set) } else { Err(problems) }
    }

    /// What this request needs, and the style of its errors.
    pub fn decide(&self, method: &str, path: &RequestPath<'_>) -> (Verdict<'_>, Style) {
        let method = if method == "HEAD" { "GET" } else { method };
        let first = self.policies.first().map(|policy| policy.style).unwrap_or_default();
        match self.exact.find(path.inner(), method) {
            Found::Route(index) if self.reads_otherwise(path, method, index) => (Verdict::Refused, first),
            Found::Route(index) => {
                let (p, r) = self.places[index];
                (Verdict::Route(&self.policies[p].routes[r]), self.policies[p].style)
            }
            Found::Nothing if self.default == Default::Authenticated && !self.is_misspelt(path) => {
                (Verdict::Authenticated, first)
            }
            Found::Nothing | Found::OtherMethods => (Verdict::Refused, first),
        }
    }

    /// Whether an upstream that ignores case would match another route.
    fn reads_otherwise(&self, path: &RequestPath<'_>, method: &str, index: Index) -> bool {
        let has_case = self.has_capitals || fold(path.inner()) != path.inner();
        has_case && self.folded.find(&fold(path.inner()), method) != Found::Route(index)
    }

    fn is_misspelt(&self, path: &RequestPath<'_>) -> bool {
        self.folded.find(&fold(path.inner()), "") != Found::Nothing
    }

    /// Whether every valid key may pass where no route names the path.
    pub fn is_open(&self) -> bool {
        self.default == Default::Authenticated
    }

    /// Its policies.
    pub fn policies(&self) -> &[Policy] {
        &self.policies
    }
}

impl Route {
    /// The session's name, where the path holds it.
    pub fn session_in<'p>(&self, path: &'p RequestPath<'_>) -> Option<&'p str> {
        self.parameter_in(self.session.as_ref()?, path)
    }

    /// The recipient, where the path holds it.
    pub fn recipient_in<'p>(&self, path: &'p RequestPath<'_>) -> Option<&'p str> {
        self.parameter_in(self.recipient.as_ref()?, path)
    }

    fn parameter_in<'p>(&self, place: &Source, path: &'p RequestPath<'_>) -> Option<&'p str> {
        let Source::Path(name) = place else { return None };
        let parameter = format!("{{{name}}}");
        let place = self.path.trim_start_matches('/').split('/').position(|segment| segment == parameter)?;
        path.inner().split('/').nth(place)
    }
}

fn has_capital_literal(pattern: &str) -> bool {
    pattern.split('/').any(|segment| !segment.starts_with('{') && fold(segment) != segment)
}

fn strictest(policies: &[Policy]) -> Default {
    let is_open = !policies.is_empty() && policies.iter().all(|p| p.default == Default::Authenticated);
    if is_open { Default::Authenticated } else { Default::Deny }
}

fn tie(policy: &Policy, route: &Route, method: &str, other: &Policy, first: &Route) -> Problem {
    Problem {
        policy: policy.name.clone(),
        line: route.line,
        message: format!(
            "{method} {} matches the same requests as {} in {}, line {}",
            route.path, first.path, other.name, first.line
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::access::Catalogue;

    fn set(text: &str) -> Result<PolicySet, Vec<Problem>> {
        let catalogue = Catalogue::new([]).unwrap();
        PolicySet::new(vec![Policy::parse("test", text, &catalogue)?])
    }

    fn routes(default: &str, routes: &[(&str, &str)]) -> String {
        let mut text = format!("name = \"test\"\ndefault = \"{default}\"\n");
        for (method, path) in routes {
            text += &format!("[[route]]\nmethods = [\"{method}\"]\npath = \"{path}\"\n");
        }
        text
    }

    fn decide<'a>(set: &'a PolicySet, method: &str, path: &str) -> Option<&'a str> {
        match set.decide(method, &RequestPath::parse(path).unwrap()).0 {
            Verdict::Route(route) => Some(&route.path),
            Verdict::Authenticated => Some("*"),
            Verdict::Refused => None,
        }
    }

    #[test]
    fn the_more_specific_route_wins_from_the_left() {
        let set = set(&routes(
            "deny",
            &[
                ("GET", "/a/{x}"),
                ("GET", "/a/b"),
                ("POST", "/a/{x}"),
                ("GET", "/{*rest}"),
                ("GET", "/a/b/{y}"),
                ("GET", "/a/{x}/c"),
            ],
        ))
        .unwrap();
        assert_eq!(decide(&set, "GET", "/a/b"), Some("/a/b"));
        assert_eq!(decide(&set, "GET", "/a/z"), Some("/a/{x}"));
        assert_eq!(decide(&set, "POST", "/a/b"), Some("/a/{x}"));
        assert_eq!(decide(&set, "GET", "/a/b/c"), Some("/a/b/{y}"));
        assert_eq!(decide(&set, "GET", "/a/x/c"), Some("/a/{x}/c"));
        assert_eq!(decide(&set, "GET", "/x/y/z"), Some("/{*rest}"));
        assert_eq!(decide(&set, "HEAD", "/a/b"), Some("/a/b"));
        assert_eq!(decide(&set, "DELETE", "/a/b"), None);
        assert_eq!(decide(&set, "GET", "/"), None);
    }

    #[test]
    fn no_spelling_slips_past_a_route_into_the_default() {
        let set = set(&routes("authenticated", &[("GET", "/admin/{x}"), ("GET", "/Keys")])).unwrap();
        assert_eq!(decide(&set, "GET", "/other"), Some("*"));
        for path in ["/Admin/1", "/ADMIN/1", "/%61DMIN/1", "/keys", "/KEYS/"] {
            assert_eq!(decide(&set, "GET", path), None, "{path}");
        }
        assert_eq!(decide(&set, "POST", "/admin/1"), None, "a method that a named path does not name");
        assert_eq!(decide(&set, "GET", "/%61dmin/1"), Some("/admin/{x}"));
        assert_eq!(decide(&set, "GET", "/admin/1/"), Some("/admin/{x}"));
    }

    #[test]
    fn a_parameter_does_not_take_what_another_case_makes_a_literal() {
        let set =
            set(&routes("deny", &[("GET", "/api/sessions/{s}"), ("GET", "/api/{s}/{c}"), ("GET", "/X/y")]))
                .unwrap();
        assert_eq!(decide(&set, "GET", "/api/sessions/Anna"), Some("/api/sessions/{s}"));
        assert_eq!(decide(&set, "GET", "/api/Anna/b"), Some("/api/{s}/{c}"));
        for path in ["/api/Sessions/a", "/api/SESSIONS/a", "/api/\u{17f}essions/a", "/x/y", "/X/Y"] {
            assert_eq!(decide(&set, "GET", path), None, "{path}");
        }
    }

    #[test]
    fn ties_are_mistakes_and_named_with_both_lines() {
        let problems = set(&routes("deny", &[("GET", "/a/{x}"), ("GET", "/a/{y}")])).err().unwrap();
        assert_eq!(problems.len(), 1);
        assert_eq!(problems[0].line, 6);
        assert!(problems[0].message.contains("line 3"), "{}", problems[0]);
    }

    #[test]
    fn every_mistake_has_its_line() {
        let text = "name = \"t\"\n[[route]]\nmethods = [\"get\"]\npath = \"a\"\nscope = \"no:such\"\nsession = \"path:s\"\n";
        let problems = set(text).err().unwrap();
        let lines: Vec<_> = problems.iter().map(|p| p.line).collect();
        assert_eq!(lines, [4, 3, 5, 6], "{problems:?}");
        assert_eq!(set("name = \"t\"\nnmae = 1\n").err().unwrap()[0].line, 2);
        assert_eq!(set("name = \"t\"\n[[route]\n").err().unwrap()[0].line, 2);
        for path in ["/a//b", "/{*r}/b", "/{a}x", "/{}", "/a%2fb", "/.."] {
            assert!(set(&routes("deny", &[("GET", path)])).is_err(), "{path}");
        }
    }

    #[test]
    fn sessions_are_found_in_the_path() {
        let text = "name = \"t\"\n[[route]]\nmethods = [\"GET\"]\npath = \"/s/{session}/x\"\nsession = \"path:session\"\n";
        let set = set(text).unwrap();
        let path = RequestPath::parse("/s/a%40b/x").unwrap();
        let (Verdict::Route(route), _) = set.decide("GET", &path) else { panic!("a route") };
        assert_eq!(route.session_in(&path), Some("a@b"));
    }
}
