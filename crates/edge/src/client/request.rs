//! A request with a client token, after everything that its head says was checked.

use crate::inspect::Document;
use http::header::{HeaderMap, HeaderValue, ORIGIN};
use serde_json::Value;
use std::sync::Arc;
use titan_core::Error;
use titan_core::access::ProvenClient;
use titan_core::client_token::ClientRules;
use titan_core::error::Code;
use titan_core::limit::Person;
use titan_core::policy::{RequestPath, Route, Source, Verdict, fold};

/// What is known of it, and what its body must still show.
pub(crate) struct ClientRequest {
    token: Arc<ProvenClient>,
    /// The person, and how many of its kind they may send on a day.
    daily: Option<(Person, u32)>,
    /// Where the body names the session.
    session: Option<Source>,
    /// Where the body names the recipient.
    recipient: Option<Source>,
}

impl ClientRequest {
    /// The steps 4 to 7, as far as the head goes.
    pub(crate) fn check(
        token: &Arc<ProvenClient>,
        verdict: Verdict<'_>,
        (path, query): (&RequestPath<'_>, Option<&str>),
        headers: &HeaderMap,
    ) -> Result<Box<Self>, Error> {
        let Verdict::Route(route) = verdict else { return Err(route_not_allowed()) };
        let action = route.action.as_deref().ok_or_else(route_not_allowed)?;
        let rules = token.rules.as_deref().filter(|rules| rules.enabled).ok_or_else(disabled)?;
        if !rules.allow_action(action) {
            return Err(Error::new(Code::ActionNotAllowed, format!("action not allowed: {action}")));
        }
        let session = check_session(token, route, path)?;
        if !rules.allow_origin(the_origin(headers)) {
            return Err(Error::new(Code::OriginNotAllowed, "origin not allowed"));
        }
        let recipient = check_recipient(token, rules, route, path)?;
        let looked_at = route.recipient.as_ref().filter(|_| rules.look_at_recipient());
        for place in [route.session.as_ref(), looked_at].into_iter().flatten() {
            check_query(query.unwrap_or_default(), place)?;
        }
        let daily = rules.daily_limit(action).map(|most| (token.person(), most));
        Ok(Box::new(Self { token: Arc::clone(token), daily, session, recipient }))
    }

    /// Whose message counts toward a day, and how many of its kind they may send.
    pub(crate) fn daily(&self) -> Option<(Person, u32)> {
        self.daily
    }

    /// Whether the head does not say it all.
    pub(crate) fn needs_body(&self) -> bool {
        self.session.is_some() || self.recipient.is_some()
    }

    /// What the body must show.
    pub(crate) fn check_body(&self, headers: &HeaderMap, body: &[u8]) -> Result<(), Error> {
        let document = Document::read(headers, body)?;
        if let Some(place) = &self.session
            && text_at(&document, place)? != Some(self.token.claims.session.as_str())
        {
            return Err(session_not_allowed());
        }
        let Some((place, rules)) = self.recipient.as_ref().zip(self.token.rules.as_ref()) else {
            return Ok(());
        };
        allow_recipient(&self.token, rules, text_at(&document, place)?)
    }
}

/// Where the body must name the session; nothing if the path has named the right one.
fn check_session(
    token: &ProvenClient,
    route: &Route,
    path: &RequestPath<'_>,
) -> Result<Option<Source>, Error> {
    match &route.session {
        Some(place @ Source::Body(_)) => Ok(Some(place.clone())),
        Some(Source::Path(_)) if route.session_in(path) == Some(token.claims.session.as_str()) => Ok(None),
        Some(Source::Path(_)) | None => Err(session_not_allowed()),
    }
}

/// Where the body must name the recipient; nothing if it does not matter, or the path has named one that is allowed.
fn check_recipient(
    token: &ProvenClient,
    rules: &ClientRules,
    route: &Route,
    path: &RequestPath<'_>,
) -> Result<Option<Source>, Error> {
    match &route.recipient {
        Some(place @ Source::Body(_)) if rules.look_at_recipient() => Ok(Some(place.clone())),
        Some(Source::Path(_)) => allow_recipient(token, rules, route.recipient_in(path)).map(|()| None),
        Some(Source::Body(_)) | None => Ok(None),
    }
}

/// A parameter with the name of what is checked: some servers take it instead (RFC 3986, 3.4, leaves the query to them).
fn check_query(query: &str, place: &Source) -> Result<(), Error> {
    let name = match place {
        Source::Body(pointer) => pointer.rsplit('/').next().unwrap_or_default(),
        Source::Path(name) => name,
    };
    let parameters = query.split(['&', ';']).map(|pair| pair.split('=').next().unwrap_or_default());
    let same = |parameter: &str| {
        let decoded = percent_decode(&parameter.replace('+', " "));
        // `name[]` and `name.x` are lists and objects of this name.
        fold(decoded.split(['[', '.']).next().unwrap_or_default()) == fold(name)
    };
    if parameters.into_iter().any(same) {
        return Err(Error::invalid(format!("query: must not contain {name}")));
    }
    Ok(())
}

/// What a server reads of a name. What is no escape stays.
fn percent_decode(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&first, after)) = rest.split_first() {
        let digits = after.get(..2).filter(|_| first == b'%').and_then(|digits| str::from_utf8(digits).ok());
        let byte = digits.and_then(|digits| u8::from_str_radix(digits, 16).ok());
        bytes.push(byte.unwrap_or(first));
        rest = if byte.is_some() { after.get(2..).unwrap_or_default() } else { after };
    }
    String::from_utf8_lossy(&bytes).trim().to_owned()
}

fn allow_recipient(token: &ProvenClient, rules: &ClientRules, recipient: Option<&str>) -> Result<(), Error> {
    if rules.allow_recipient(recipient, token.claims.chat.as_ref()) {
        return Ok(());
    }
    Err(Error::new(Code::RecipientNotAllowed, "recipient not allowed"))
}

fn text_at<'a>(document: &'a Document, place: &Source) -> Result<Option<&'a str>, Error> {
    Ok(document.at(place)?.and_then(Value::as_str))
}

/// Two of them are none: servers would take different ones.
pub(super) fn the_origin(headers: &HeaderMap) -> Option<&str> {
    the_header(headers, &ORIGIN).and_then(|value| value.to_str().ok())
}

/// The value of a header that was sent once.
pub(super) fn the_header<'a>(headers: &'a HeaderMap, name: &http::HeaderName) -> Option<&'a HeaderValue> {
    let mut values = headers.get_all(name).iter();
    let first = values.next();
    first.filter(|_| values.next().is_none())
}

fn route_not_allowed() -> Error {
    Error::new(Code::RouteNotAllowed, "route not allowed")
}

fn disabled() -> Error {
    Error::new(Code::ClientTokensDisabled, "client tokens are disabled for this session")
}

fn session_not_allowed() -> Error {
    Error::new(Code::SessionNotAllowed, "session not allowed")
}
