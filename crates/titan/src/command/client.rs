//! Asking a running Titan: over HTTP, with the master key.

use super::table::clean;
use super::tls::{self, TlsOptions};
use anyhow::{Context, Result, anyhow, bail};
use http::header::AUTHORIZATION;
use http::{HeaderMap, HeaderValue, Response, StatusCode, Uri};
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::HashMap;
use std::io::ErrorKind;
use std::net::IpAddr;
use std::time::Duration;
use ureq::{Agent, Body, Error, RequestBuilder, Timeout};

/// Where Titan is if nothing else is said.
pub(super) const DEFAULT_URL: &str = "http://127.0.0.1:8080";
/// A change is answered when it is in force everywhere, which takes a lease of 5 s at the worst.
const TIMEOUT: Duration = Duration::from_secs(30);
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
const CONTROL_PLANE: &str =
    "the address of the control plane, which TITAN_ADMIN_LISTEN puts on a port of its own";

/// A Titan that can be asked.
pub(super) struct Client {
    agent: Agent,
    base: String,
    master_key: MasterKey,
}

/// What is sent as the master key, and the variable that it comes from.
struct MasterKey {
    bearer: HeaderValue,
    variable: &'static str,
}

/// Names and values behind the `?`.
pub(super) type Query<'a> = [(&'a str, String)];

/// What a request is besides its path.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Effect {
    /// It changes something.
    Changes,
    /// It only reads.
    Reads,
}

/// What Titan answered.
pub(super) struct Answer {
    /// `data`; null, if the answer has no body.
    pub(super) data: Value,
    /// Set if there is more of the list.
    pub(super) next_cursor: Option<String>,
    /// `Titan-Revocation`: the proof that the change is in force.
    pub(super) receipt: Option<String>,
}

/// An answer as it came.
struct Raw {
    status: StatusCode,
    headers: HeaderMap,
    text: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct DataBody {
    data: Value,
    next_cursor: Option<String>,
}

#[derive(Deserialize)]
struct ErrorBody {
    error: String,
    code: String,
}

impl Client {
    /// An empty `url` is the usual one. Nothing is sent yet. The master key comes from the environment alone:
    /// an argument could be read by every user of the machine.
    pub(super) fn new(url: &str, tls: &TlsOptions, environment: &HashMap<String, String>) -> Result<Self> {
        let (base, uri) = check_url(url)?;
        let config = Agent::config_builder()
            .http_status_as_error(false)
            // The master key goes to the address that was named, and nowhere else.
            .max_redirects(0)
            .timeout_global(Some(TIMEOUT))
            .timeout_connect(Some(CONNECT_TIMEOUT))
            .user_agent(concat!("titan/", env!("CARGO_PKG_VERSION")));
        // The machine's store takes a moment to read.
        let is_secure = uri.scheme_str() == Some("https");
        let config = if is_secure { config.tls_config(tls.config()?) } else { config };
        // A proxy's 127.0.0.1 is another machine than this one.
        let config = if is_loopback(&uri) { config.proxy(None) } else { config };
        Ok(Self { agent: config.build().into(), base, master_key: MasterKey::find(environment)? })
    }

    pub(super) fn get(&self, path: &str, query: &Query<'_>) -> Result<Answer> {
        self.answer(Effect::Reads, self.prepare(self.agent.get(self.url(path)), query).call())
    }

    /// A list: its first part, or all of its parts as one.
    pub(super) fn list(&self, path: &str, query: &Query<'_>, is_all: bool) -> Result<Answer> {
        let mut answer = self.get(path, query)?;
        while let Some(cursor) = answer.next_cursor.take_if(|_| is_all) {
            let next = self.get(path, &[query, &[("cursor", cursor)]].concat())?;
            match (&mut answer.data, next.data) {
                (Value::Array(items), Value::Array(more)) => items.extend(more),
                _ => bail!(self.strange("no list")),
            }
            answer.next_cursor = next.next_cursor;
        }
        Ok(answer)
    }

    /// `idempotency_key`: asked again under the same one, Titan does nothing and answers the same.
    pub(super) fn post(
        &self,
        path: &str,
        body: Option<&Value>,
        idempotency_key: Option<&str>,
    ) -> Result<Answer> {
        let mut request = self.prepare(self.agent.post(self.url(path)), &[]);
        if let Some(key) = idempotency_key {
            let key = HeaderValue::from_str(key).ok();
            let key = key.context("--idempotency-key: must be visible ASCII characters")?;
            request = request.header("Idempotency-Key", key);
        }
        let sent = match body {
            Some(body) => request.send_json(body),
            None => request.send_empty(),
        };
        self.answer(Effect::Changes, sent)
    }

    /// What `/auth/verify` says of a key. Nothing is changed.
    pub(super) fn verify(&self, key: &str) -> Result<Answer> {
        let request = self.prepare(self.agent.post(self.url("/auth/verify")), &[]);
        self.answer(Effect::Reads, request.send_json(json!({ "key": key })))
    }

    pub(super) fn patch(&self, path: &str, query: &Query<'_>, body: &Value) -> Result<Answer> {
        self.answer(Effect::Changes, self.prepare(self.agent.patch(self.url(path)), query).send_json(body))
    }

    pub(super) fn put(&self, path: &str, body: &Value) -> Result<Answer> {
        self.answer(Effect::Changes, self.prepare(self.agent.put(self.url(path)), &[]).send_json(body))
    }

    pub(super) fn delete(&self, path: &str, query: &Query<'_>) -> Result<Answer> {
        self.answer(Effect::Changes, self.prepare(self.agent.delete(self.url(path)), query).call())
    }

    fn url(&self, path: &str) -> String {
        format!("{}{path}", self.base)
    }

    fn prepare<B>(&self, request: RequestBuilder<B>, query: &Query<'_>) -> RequestBuilder<B> {
        let request = request.header(AUTHORIZATION, self.master_key.bearer.clone());
        request.query_pairs(query.iter().map(|(name, value)| (*name, value.as_str())))
    }

    fn answer(&self, effect: Effect, sent: Result<Response<Body>, Error>) -> Result<Answer> {
        let raw = sent.and_then(Raw::read).map_err(|error| self.failure(effect, &error))?;
        if !raw.status.is_success() {
            return Err(self.refusal(&raw));
        }
        let receipt = raw.header("titan-revocation");
        if raw.status == StatusCode::NO_CONTENT {
            return Ok(Answer { data: Value::Null, next_cursor: None, receipt });
        }
        let body = serde_json::from_str(&raw.text);
        let DataBody { data, next_cursor } = body.map_err(|_| self.strange(raw.status.as_str()))?;
        Ok(Answer { data, next_cursor, receipt })
    }

    /// There was no answer.
    fn failure(&self, effect: Effect, error: &Error) -> anyhow::Error {
        let base = &self.base;
        if let Some(advice) = tls::advice(error) {
            return anyhow!("{base}: {advice}");
        }
        let cause = match error {
            Error::Io(error) => error.to_string(),
            Error::Timeout(_) => "no answer in time".to_owned(),
            error => error.to_string(),
        };
        if is_unreached(error) {
            return anyhow!("{cause}: is Titan running at {base}? TITAN_URL or --url says where to ask");
        }
        match effect {
            Effect::Changes => {
                anyhow!("{base}: {cause}; the change may have been made: look before you ask for it again")
            }
            Effect::Reads => anyhow!("{base}: {cause}"),
        }
    }

    /// The answer is no.
    fn refusal(&self, raw: &Raw) -> anyhow::Error {
        let status = raw.status.as_u16();
        let Ok(ErrorBody { error, code }) = serde_json::from_str(&raw.text) else {
            return self.strange(raw.status.as_str());
        };
        let advice = self.advice(raw, &error, &code).map_or(String::new(), |advice| format!(": {advice}"));
        anyhow!("{} ({status} {}){advice}", clean(&error), clean(&code))
    }

    /// What to do about an error answer that does not say so itself.
    fn advice(&self, raw: &Raw, error: &str, code: &str) -> Option<String> {
        let Self { base, master_key: MasterKey { variable, .. }, .. } = self;
        match (raw.status.as_u16(), code) {
            (401, "invalid_master_key" | "missing_master_key") => Some(format!(
                "{variable} does not hold the master key of {base}; give the one that `titan serve` \
                 was started with"
            )),
            (401 | 403, _) => Some(format!(
                "{variable} must hold the master key, which no API key replaces, and {base} must be \
                 {CONTROL_PLANE}"
            )),
            (404 | 405, _) if error != "page not found" && code == "not_found" => None,
            (404 | 405, _) => Some(format!("{base} must be {CONTROL_PLANE}")),
            (500.., _) => {
                let request = raw.header("x-request-id")?;
                Some(format!("Titan's log has the cause, under request {}", clean(&request)))
            }
            _ => None,
        }
    }

    /// The answer is none of Titan's.
    fn strange(&self, what: &str) -> anyhow::Error {
        let base = &self.base;
        anyhow!(
            "{base} answered {what}, and not as Titan does: is this its address? TITAN_URL or --url says \
             where to ask"
        )
    }
}

impl Raw {
    fn read(response: Response<Body>) -> Result<Self, Error> {
        let (parts, mut body) = response.into_parts();
        Ok(Self { status: parts.status, headers: parts.headers, text: body.read_to_string()? })
    }

    fn header(&self, name: &str) -> Option<String> {
        Some(self.headers.get(name)?.to_str().ok()?.to_owned())
    }
}

impl MasterKey {
    fn find(environment: &HashMap<String, String>) -> Result<Self> {
        let set = |name: &str| environment.get(name).filter(|text| !text.is_empty());
        let (text, variable) = match (set("MASTER_KEY"), set("MASTER_KEY_FILE")) {
            (Some(_), Some(_)) => bail!("MASTER_KEY: its value and its file are both set; set one"),
            (Some(key), None) => (key.clone(), "MASTER_KEY"),
            (None, Some(path)) => {
                let text =
                    std::fs::read_to_string(path).with_context(|| format!("MASTER_KEY_FILE: {path}"))?;
                (text, "MASTER_KEY_FILE")
            }
            (None, None) => bail!(
                "MASTER_KEY is not set. Set it to the master key that `titan serve` was started with, or \
                 MASTER_KEY_FILE to a file that holds it; `titan serve --dev` keeps its own in \
                 titan-data/master-key"
            ),
        };
        Self::new(text.trim(), variable)
    }

    fn new(key: &str, variable: &'static str) -> Result<Self> {
        if key.is_empty() || !key.bytes().all(|c| c.is_ascii_graphic()) {
            bail!("{variable}: must hold the master key, which is visible ASCII characters");
        }
        let mut bearer = HeaderValue::from_str(&format!("Bearer {key}"))?;
        bearer.set_sensitive(true);
        Ok(Self { bearer, variable })
    }
}

/// The address without a slash at its end, as text and in parts.
fn check_url(url: &str) -> Result<(String, Uri)> {
    let url = if url.is_empty() { DEFAULT_URL } else { url };
    // What is wrong is not repeated: it might hold a password.
    let wrong = "TITAN_URL, --url: must be http://host:port or https://host:port";
    let uri: Uri = url.parse().ok().context(wrong)?;
    let is_plain = uri.authority().is_some_and(|authority| !authority.as_str().contains('@'));
    if !is_plain || !matches!(uri.scheme_str(), Some("http" | "https")) || url.contains(['?', '#']) {
        bail!(wrong);
    }
    Ok((url.trim_end_matches('/').to_owned(), uri))
}

fn is_loopback(uri: &Uri) -> bool {
    let host = uri.host().unwrap_or_default().trim_start_matches('[').trim_end_matches(']');
    host == "localhost" || host.parse().is_ok_and(|address: IpAddr| address.is_loopback())
}

/// Whether it is certain that nothing was sent.
fn is_unreached(error: &Error) -> bool {
    match error {
        Error::ConnectionFailed | Error::HostNotFound => true,
        Error::Timeout(timeout) => matches!(timeout, Timeout::Resolve | Timeout::Connect),
        Error::Io(error) => match error.kind() {
            ErrorKind::ConnectionRefused | ErrorKind::HostUnreachable | ErrorKind::NetworkUnreachable => true,
            // The standard library has no kind for it.
            _ => error.to_string().starts_with("failed to lookup address"),
        },
        _ => false,
    }
}
