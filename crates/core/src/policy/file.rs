//! The policy file: TOML in, routes out, and every mistake with its line.

use crate::access::Catalogue;
use crate::suggest::explain;
use serde::Deserialize;
use std::fmt;
use std::ops::Range;
use std::sync::Arc;
use titan_token::ScopeBit;
use toml::Spanned;

/// The shape of errors.
#[derive(Clone, Copy, Debug, std::default::Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Style {
    /// `{"error":…,"error_description":…}` (RFC 6749, 5.2): of `/oauth2`. No policy can name it.
    #[serde(skip)]
    OAuth,
    /// `{"success":false,"error":{"code":…,"message":…}}`
    Platform,
    /// `{"error":…,"code":…}`
    #[default]
    Titan,
    /// `{"status":"error","message":…,"data":null}`
    Whatomate,
}

/// What becomes of a path that no route names.
#[derive(Clone, Copy, Debug, std::default::Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Default {
    /// Any valid key may pass.
    Authenticated,
    /// 403
    #[default]
    Deny,
}

/// What a request counts toward beside the general limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Limit {
    /// `msgRateLimit`
    Message,
}

/// What a request does to the session that it names, as a license counts sessions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SessionEvent {
    /// It ends.
    Close,
    /// It begins.
    Open,
}

impl SessionEvent {
    /// Its name in a policy.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Close => "close",
            Self::Open => "open",
        }
    }
}

/// Where in a request a value is found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// `body:/a/b`: a JSON pointer (RFC 6901) into the body.
    Body(String),
    /// `path:name`: a parameter of the path.
    Path(String),
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Body(pointer) => write!(f, "body:{pointer}"),
            Self::Path(name) => write!(f, "path:{name}"),
        }
    }
}

/// A mistake in a file, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The policy or file.
    pub policy: String,
    /// The line, from 1.
    pub line: usize,
    /// What is wrong and what would be right.
    pub message: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.policy, self.line, self.message)
    }
}

/// One route: which requests it names and what they need.
#[derive(Clone, Debug)]
pub struct Route {
    /// Upper-case methods. `HEAD` follows `GET`.
    pub methods: Vec<String>,
    /// The pattern as it stands in the file. Shared, as lines of the access log hold it.
    pub path: Arc<str>,
    /// What it needs; `None`: any valid key.
    pub scope: Option<(ScopeBit, String)>,
    /// What it counts toward.
    pub limit: Option<Limit>,
    /// The client-token action that may reach it.
    pub action: Option<String>,
    /// Where the session's name is.
    pub session: Option<Source>,
    /// Where the recipient is.
    pub recipient: Option<Source>,
    /// What it does to the session.
    pub sessions: Option<SessionEvent>,
    /// It does so only if there is `true` here.
    pub sessions_if: Option<Source>,
    /// Its line in the file.
    pub line: usize,
}

/// A parsed file.
#[derive(Clone, Debug)]
pub struct Policy {
    /// Its name.
    pub name: String,
    /// How the gateway words its errors.
    pub style: Style,
    /// What becomes of a path that no route names.
    pub default: Default,
    /// Its routes, in the file's order.
    pub routes: Vec<Route>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    name: String,
    #[serde(default)]
    errors: Style,
    #[serde(default)]
    default: Default,
    #[serde(default)]
    route: Vec<Spanned<Entry>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    methods: Vec<Spanned<String>>,
    path: Spanned<String>,
    scope: Option<Spanned<String>>,
    limit: Option<Limit>,
    action: Option<Spanned<String>>,
    session: Option<Spanned<String>>,
    recipient: Option<Spanned<String>>,
    sessions: Option<Spanned<SessionEvent>>,
    sessions_if: Option<Spanned<String>>,
}

impl Policy {
    /// Parses `text`; `origin` names the file in messages. Gives every mistake, not the first alone.
    pub fn parse(origin: &str, text: &str, catalogue: &Catalogue) -> Result<Self, Vec<Problem>> {
        let mut reader = Reader { origin, text, catalogue, problems: Vec::new() };
        let file: File = toml::from_str(text).map_err(|error| {
            reader.add(error.span().unwrap_or_default(), explain(error.message()));
            std::mem::take(&mut reader.problems)
        })?;
        let routes = file.route.into_iter().filter_map(|entry| reader.route(entry)).collect();
        if !reader.problems.is_empty() {
            return Err(reader.problems);
        }
        Ok(Self { name: file.name, style: file.errors, default: file.default, routes })
    }
}

struct Reader<'a> {
    origin: &'a str,
    text: &'a str,
    catalogue: &'a Catalogue,
    problems: Vec<Problem>,
}

impl Reader<'_> {
    fn line(&self, span: &Range<usize>) -> usize {
        let before = self.text.get(..span.start).unwrap_or(self.text);
        before.matches('\n').count() + 1
    }

    fn add(&mut self, span: Range<usize>, message: impl Into<String>) {
        let line = self.line(&span);
        self.problems.push(Problem { policy: self.origin.to_owned(), line, message: message.into() });
    }

    fn route(&mut self, entry: Spanned<Entry>) -> Option<Route> {
        let line = self.line(&entry.span());
        let before = self.problems.len();
        let entry_span = entry.span();
        let entry = entry.into_inner();
        if entry.methods.is_empty() {
            self.add(entry_span, "methods: must name at least one method");
        }
        let parameters = self.parameters(&entry.path);
        let methods = entry.methods.into_iter().map(|method| self.method(method)).collect();
        let scope = entry.scope.and_then(|name| self.scope(name));
        let action_span = entry.action.as_ref().map(Spanned::span);
        let action = entry.action.map(|action| self.action(action));
        let session = entry.session.and_then(|source| self.source("session", &source, &parameters));
        let recipient = entry.recipient.and_then(|source| self.source("recipient", &source, &parameters));
        if let Some(span) = action_span.filter(|_| session.is_none()) {
            self.add(span, "action: needs `session`, as a client token reaches only one");
        }
        if let Some(sessions) = entry.sessions.as_ref().filter(|_| session.is_none()) {
            self.add(sessions.span(), "sessions: needs `session`, which says where its name is");
        }
        if let Some(condition) = entry.sessions_if.as_ref().filter(|_| entry.sessions.is_none()) {
            self.add(condition.span(), "sessions_if: needs `sessions`, whose condition it is");
        }
        let sessions_if =
            entry.sessions_if.and_then(|source| self.source("sessions_if", &source, &parameters));
        let route = Route {
            methods,
            path: entry.path.into_inner().into(),
            scope,
            limit: entry.limit,
            action,
            session,
            recipient,
            sessions: entry.sessions.map(Spanned::into_inner),
            sessions_if,
            line,
        };
        (self.problems.len() == before).then_some(route)
    }

    fn method(&mut self, method: Spanned<String>) -> String {
        let name = method.as_ref();
        if name == "HEAD" {
            self.add(method.span(), "methods: remove HEAD, because GET includes it");
        } else if name.is_empty() || !name.bytes().all(|c| c.is_ascii_uppercase()) {
            self.add(method.span(), format!("methods: `{name}` is not an upper-case method"));
        }
        method.into_inner()
    }

    fn scope(&mut self, name: Spanned<String>) -> Option<(ScopeBit, String)> {
        let bit = self.catalogue.bit(name.as_ref());
        if bit.is_none() {
            let hint = self.catalogue.suggestion(name.as_ref());
            self.add(
                name.span(),
                format!("scope: `{}` is not in the catalogue of scopes{hint}", name.as_ref()),
            );
        }
        bit.map(|bit| (bit, name.into_inner()))
    }

    fn action(&mut self, action: Spanned<String>) -> String {
        if action.as_ref().is_empty() || !action.as_ref().bytes().all(|c| c.is_ascii_lowercase() || c == b'_')
        {
            self.add(action.span(), "action: must contain only lower-case letters and _");
        }
        action.into_inner()
    }

    fn source(&mut self, field: &str, source: &Spanned<String>, parameters: &[String]) -> Option<Source> {
        let text = source.as_ref();
        let parsed = if let Some(name) = text.strip_prefix("path:") {
            parameters.iter().any(|p| p == name).then(|| Source::Path(name.to_owned()))
        } else {
            text.strip_prefix("body:").filter(|p| p.starts_with('/')).map(|p| Source::Body(p.to_owned()))
        };
        if parsed.is_none() {
            let message = format!("{field}: must be path:NAME for a {{NAME}} in the path, or body:/POINTER");
            self.add(source.span(), message);
        }
        parsed
    }

    /// Checks a pattern and gives the names of its parameters.
    fn parameters(&mut self, path: &Spanned<String>) -> Vec<String> {
        let mut names = Vec::new();
        let Some(inner) = path.as_ref().strip_prefix('/') else {
            self.add(path.span(), "path: must begin with a slash");
            return names;
        };
        let count = inner.split('/').count();
        for (index, segment) in inner.split('/').enumerate() {
            match Segment::parse(segment) {
                Ok(Segment::Literal(_)) if inner.is_empty() || !segment.is_empty() => {}
                Ok(Segment::Literal(_)) => self.add(path.span(), "path: has an empty segment"),
                Ok(Segment::Rest(_)) if index + 1 != count => {
                    self.add(path.span(), "path: {*rest} must be the last segment");
                }
                // The rest is no name, but several.
                Ok(Segment::Rest(_)) => {}
                Ok(Segment::Parameter(name)) => {
                    if names.iter().any(|n| n == name) {
                        self.add(path.span(), format!("path: {{{name}}} occurs twice"));
                    }
                    names.push(name.to_owned());
                }
                Err(message) => self.add(path.span(), format!("path: segment `{segment}` {message}")),
            }
        }
        names
    }
}

/// One segment of a pattern.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Segment<'a> {
    Literal(&'a str),
    /// `{name}`: exactly one segment.
    Parameter(&'a str),
    /// `{*name}`: one segment or more.
    Rest(&'a str),
}

impl<'a> Segment<'a> {
    pub(super) fn parse(segment: &'a str) -> Result<Self, &'static str> {
        let Some(inner) = segment.strip_prefix('{').and_then(|s| s.strip_suffix('}')) else {
            return match segment {
                "." | ".." => Err("can never match"),
                s if s.contains(['{', '}', '*']) => Err("must be a literal or one {parameter}"),
                s if s.contains(['%', ';', '\\', '?', '#']) || s.chars().any(char::is_control) => {
                    Err("must be written decoded, without % ; \\ ? #")
                }
                s => Ok(Self::Literal(s)),
            };
        };
        let (name, is_rest) = inner.strip_prefix('*').map_or((inner, false), |name| (name, true));
        let is_word = !name.is_empty() && name.bytes().all(|c| c.is_ascii_alphanumeric() || c == b'_');
        match (is_word, is_rest) {
            (false, _) => Err("has a parameter name with other characters than letters, digits and _"),
            (true, true) => Ok(Self::Rest(name)),
            (true, false) => Ok(Self::Parameter(name)),
        }
    }
}
