//! Signing in and out.

use crate::answer::{Answer, ok, page, redirect, refused, with_cookie};
use crate::cookie::Cookie;
use crate::form::Form;
use crate::kept::{Kept, KeptPage, is_here};
use crate::layout::home;
use crate::posted::{Posted, foreign, read};
use crate::signed::{Signed, origin};
use crate::{Console, PATH, Shared, csrf};
use askama::Template;
use axum::Router;
use axum::body::Body;
use axum::extract::{Query, State};
use axum::response::Response;
use axum::routing::{get, post};
use base64_simd::URL_SAFE_NO_PAD;
use http::header::USER_AGENT;
use http::request::Parts;
use http::{HeaderMap, Request};
use serde::Deserialize;
use titan_core::entropy::random;
use titan_core::session::SignIn;
use titan_core::user::PlainPassword;
use titan_core::wire::MAX_BODY;
use titan_core::{Code, Error};
use titan_token::{PlainToken, TenantId};

/// The page where one signs in. It can hold a form that somebody had filled in when the session ended.
#[derive(Template)]
#[template(path = "sign_in.html")]
pub(crate) struct SignInPage {
    csrf: String,
    form: Form,
    /// Where to go then.
    next: String,
    /// A form that waits.
    kept: Option<Kept>,
    /// Whether the browser has just refused to keep a cookie.
    lacks_cookie: bool,
    uses_master: bool,
}

#[derive(Deserialize)]
struct Asked {
    next: Option<String>,
    /// The answer to a sign-in: by now, the browser shows the cookie.
    signed_in: Option<String>,
}

pub(crate) fn routes() -> Router<Shared> {
    Router::new().route("/sign-in", get(show).post(begin))
}

/// Signing out needs a session, as all other pages do.
pub(crate) fn out() -> Router<Shared> {
    Router::new().route("/sign-out", post(end))
}

impl SignInPage {
    fn new(next: String, form: Form) -> Self {
        let uses_master = form.text("how") == "master";
        Self { csrf: String::new(), form, next, kept: None, lacks_cookie: false, uses_master }
    }

    /// With a form that was sent without a session.
    pub(crate) fn again(kept: Kept) -> Self {
        Self { kept: Some(kept), ..Self::new(PATH.to_owned(), Form::default()) }
    }

    /// A browser that has not kept even the cookie of the visit.
    fn without_cookie(form: &Form) -> Self {
        let kept = Kept::in_sign_in(form);
        Self { kept, lacks_cookie: true, ..Self::new(PATH.to_owned(), Form::default()) }
    }

    /// The page, whose form belongs to this visit.
    pub(crate) fn with_visit(
        self,
        console: &Console,
        headers: &HeaderMap,
        show: impl FnOnce(&Self) -> Response,
    ) -> Response {
        if let Some(visit) = Cookie::Visit.find(headers) {
            return show(&Self { csrf: csrf::token(visit), ..self });
        }
        let visit = URL_SAFE_NO_PAD.encode_to_string(random::<16>(&*console.entropy));
        let response = show(&Self { csrf: csrf::token(&visit), ..self });
        with_cookie(response, Cookie::Visit.set(&visit))
    }
}

/// The page itself. Whoever has signed in already goes on.
async fn show(State(console): State<Shared>, Query(asked): Query<Asked>, request: Request<Body>) -> Answer {
    let (parts, _) = request.into_parts();
    let next = asked.next.filter(|next| is_here(next)).unwrap_or_else(|| PATH.to_owned());
    if let Ok(signed) = Signed::find(&console, &parts).await {
        return Ok(redirect(if next == PATH { home(&signed) } else { &next }));
    }
    let lacks_cookie = asked.signed_in.is_some();
    let view = SignInPage { lacks_cookie, ..SignInPage::new(next, Form::default()) };
    Ok(view.with_visit(&console, &parts.headers, |view| page(200, view)))
}

async fn begin(State(console): State<Shared>, request: Request<Body>) -> Answer {
    let (parts, body) = request.into_parts();
    let form = read(&parts, body, MAX_BODY).await?;
    let Some(visit) = Cookie::Visit.find(&parts.headers) else {
        let view = SignInPage::without_cookie(&form);
        return Ok(view.with_visit(&console, &parts.headers, |view| page(403, view)));
    };
    // Somebody else has written this form.
    if !csrf::is_token(form.text("csrf"), visit) {
        return Err(foreign());
    }
    let next = Some(form.text("next")).filter(|next| is_here(next)).unwrap_or(PATH).to_owned();
    match sign_in(&console, &parts, &form).await {
        Ok(token) => signed_in(&token, &next, &form),
        Err(error) if error.code().status() < 500 => Ok(shown_again(&console, &parts, next, form, &error)),
        Err(error) => Err(error.into()),
    }
}

async fn sign_in(console: &Console, parts: &Parts, form: &Form) -> Result<PlainToken, Error> {
    let origin = origin(parts);
    if form.text("how") == "master" {
        return console.console.sign_in_master(form.text("master_key"), &origin).await;
    }
    let user_agent = parts.headers.get(USER_AGENT).and_then(|value| value.to_str().ok());
    let request = SignIn {
        email: form.text("email").to_owned(),
        password: PlainPassword::new(form.raw("password").to_owned())?,
        code: form.given("code").map(str::to_owned),
        tenant: form.number("tenant_id")?.map(TenantId),
        lasts_secs: 0,
        origin,
        user_agent: user_agent.unwrap_or_default().to_owned(),
    };
    console.console.sign_in(request).await
}

/// To where somebody wanted to go, or to the form that waits.
fn signed_in(token: &PlainToken, next: &str, form: &Form) -> Answer {
    let response = if let Some(kept) = Kept::in_sign_in(form) {
        let text = "Your session ended while you filled in a form. Send the form that you had filled in?";
        ok(&KeptPage::new("You are signed in again", text, kept, csrf::token(token.expose())))?
    } else {
        let query = serde_urlencoded::to_string([("signed_in", "1"), ("next", next)]);
        redirect(&format!("{PATH}/sign-in?{}", query.unwrap_or_default()))
    };
    let response = with_cookie(response, Cookie::Session.set(token.expose()));
    Ok(with_cookie(response, Cookie::Visit.clear()))
}

fn shown_again(console: &Console, parts: &Parts, next: String, form: Form, error: &Error) -> Response {
    let view = SignInPage { kept: Kept::in_sign_in(&form), ..SignInPage::new(next, form.refused(error)) };
    view.with_visit(console, &parts.headers, |view| refused(error, view))
}

/// Ends the session everywhere, and forgets it here whatever comes of that.
async fn end(State(console): State<Shared>, posted: Posted) -> Response {
    let ended = console.console.sign_out(&posted.signed.holder, &posted.signed.origin).await;
    let response = match ended {
        Ok(_) => redirect(&format!("{PATH}/sign-in")),
        Err(error) if error.code() == Code::NotFound => redirect(&format!("{PATH}/sign-in")),
        Err(error) => not_everywhere(&error, "You have signed out of this browser."),
    };
    let response = with_cookie(response, Cookie::Session.clear());
    with_cookie(response, Cookie::Proof.clear())
}

/// This browser has signed out, and it is not certain that a copy of its cookie is worthless.
#[derive(Template)]
#[template(path = "signed_out.html")]
struct NotEverywhere<'a> {
    done: &'a str,
    text: &'a str,
}

/// Sessions have ended, and it is not proven that they have on every instance.
pub(crate) fn not_everywhere(error: &Error, done: &str) -> Response {
    refused(error, &NotEverywhere { done, text: error.message() })
}
