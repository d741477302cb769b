//! Who has signed in: an extractor, which sends everybody else to the page for that.

use crate::answer::{Fault, page, redirect};
use crate::cookie::{Cookie, NewCookie};
use crate::{Shared, csrf};
use askama::Template;
use axum::extract::FromRequestParts;
use axum::response::{IntoResponse, Response};
use http::header::{HOST, ORIGIN};
use http::request::Parts;
use http::{HeaderMap, HeaderValue, Uri};
use titan_core::access::{Action, Caller, Denial, Origin, Permit, UserPrincipal, decide};
use titan_core::console::Holder;
use titan_core::user::{Role, User};
use titan_core::{Code, Error};
use titan_token::KeyId;

/// Somebody who has signed in, for one request.
pub(crate) struct Signed {
    /// Whose session it is.
    pub(crate) holder: Holder,
    /// From where the request came.
    pub(crate) origin: Origin,
    /// The token of the session's forms.
    pub(crate) csrf: String,
    /// Whether its cookie says that it has proved a moment ago who it is.
    was_proven: bool,
    /// The proof that came with this request.
    pub(crate) new_proof: NewCookie,
    /// Where the console is reached, as the browser says it: `https://titan.example.com`.
    pub(crate) site: String,
    /// `None`: a holder of the master key.
    account: Option<Account>,
}

/// A user who has signed in.
pub(crate) struct Account {
    /// By its session.
    pub(crate) principal: UserPrincipal,
    /// As it is now.
    pub(crate) user: User,
    /// As it is now, in the tenant of the session.
    pub(crate) role: Role,
}

impl Signed {
    /// The user. The master key has no account.
    pub(crate) fn account(&self) -> Result<&Account, Denial> {
        self.account.as_ref().ok_or(Denial::WrongCredential("sign in as a user for this page"))
    }

    /// The proof that it may do `A`, to `target` where the action has one.
    pub(crate) fn permit<A: Action>(&self, target: Option<KeyId>) -> Result<Permit<A>, Denial> {
        decide(self.holder.caller(), target, self.origin.clone())
    }

    /// Whether it has proved a moment ago who it is.
    pub(crate) fn is_proven(&self) -> bool {
        self.was_proven || self.new_proof.header().is_some()
    }

    /// Whether it holds the master key.
    pub(crate) fn is_master(&self) -> bool {
        matches!(self.holder.caller(), Caller::Master)
    }

    /// Who this is, by the cookies.
    pub(crate) async fn find(console: &Shared, parts: &Parts) -> Result<Self, Error> {
        let token = Cookie::Session.find(&parts.headers).ok_or(Denial::Missing)?;
        let holder = console.console.authenticate(token).await?;
        let proof = Cookie::Proof.find(&parts.headers);
        let was_proven = proof.is_some_and(|proof| console.console.is_proven(&holder, proof));
        let new_proof = parts.extensions.get::<NewCookie>().cloned().unwrap_or_default();
        let (csrf, site) = (csrf::token(token), site(&parts.uri, &parts.headers));
        let account = Account::find(console, holder.caller()).await?;
        Ok(Self { holder, origin: origin(parts), csrf, was_proven, new_proof, site, account })
    }
}

impl Account {
    async fn find(console: &Shared, caller: &Caller) -> Result<Option<Self>, Error> {
        let Caller::User(principal) = caller else { return Ok(None) };
        let (user, role) = console.sessions.current(principal).await?;
        Ok(Some(Self { principal: principal.clone(), user, role }))
    }
}

/// Whether an error says that nobody is signed in any more.
pub(crate) fn is_signed_out(error: &Error) -> bool {
    matches!(
        error.code(),
        Code::MissingApiKey
            | Code::InvalidToken
            | Code::SessionEnded
            | Code::TokenExpired
            | Code::InvalidCredentials
    )
}

/// The program puts it there for every request.
pub(crate) fn origin(parts: &Parts) -> Origin {
    parts.extensions.get::<Origin>().cloned().unwrap_or_default()
}

/// `Origin`, which the browser sends with every form, otherwise `:authority` or `Host`. It is shown, and decides nothing.
fn site(uri: &Uri, headers: &HeaderMap) -> String {
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
    let host = uri.authority().map(http::uri::Authority::as_str).or_else(|| text(HOST));
    let origin = text(ORIGIN).filter(|origin| origin.starts_with("http")).map(str::to_owned);
    origin.unwrap_or_else(|| format!("http://{}", host.unwrap_or("localhost:8080")))
}

impl FromRequestParts<Shared> for Signed {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, console: &Shared) -> Result<Self, Response> {
        Self::find(console, parts).await.map_err(|error| {
            match is_signed_out(&error) {
                // The browser sends our cookies only if a page of ours sends it here.
                true if comes_from_elsewhere(parts) => page(200, &Reload),
                true => to_sign_in(parts),
                false => Fault::from(error).into_response(),
            }
        })
    }
}

/// A page that asks for the same address again.
#[derive(Template)]
#[template(path = "reload.html")]
struct Reload;

/// Whether a link of another site has led here.
fn comes_from_elsewhere(parts: &Parts) -> bool {
    let site = parts.headers.get("sec-fetch-site").map(HeaderValue::as_bytes);
    matches!(site, Some(b"cross-site" | b"same-site"))
}

/// To the page where one signs in, and from there back. A part of a page that is asked for again takes the whole page there.
fn to_sign_in(parts: &Parts) -> Response {
    let is_part = parts.headers.contains_key("hx-request");
    let asked = parts.headers.get("hx-current-url").and_then(|url| url.to_str().ok()?.parse::<Uri>().ok());
    let uri = asked.as_ref().filter(|_| is_part).unwrap_or(&parts.uri);
    let query = serde_urlencoded::to_string([("next", next(uri))]).unwrap_or_default();
    let path = format!("{}/sign-in?{query}", crate::PATH);
    let mut response = redirect(&path);
    if let Some(path) = HeaderValue::try_from(path).ok().filter(|_| is_part) {
        *response.status_mut() = http::StatusCode::NO_CONTENT;
        response.headers_mut().insert("hx-redirect", path);
    }
    response
}

/// A path of the console, with its query. Handlers of nested routes see the rest of the path only.
fn next(uri: &Uri) -> String {
    let path = uri.path_and_query().map_or("/", http::uri::PathAndQuery::as_str);
    if path.starts_with(crate::PATH) { path.to_owned() } else { format!("{}{path}", crate::PATH) }
}
