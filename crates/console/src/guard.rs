//! The guard before all pages but that where one signs in: every form passes here, whatever page it is for.
//!
//! The form must come from a page of this host and of this session. What was typed is not lost where it cannot be taken now: the answer is
//! then a page that holds it, but for secrets.

use crate::answer::{Fault, no_such_method, page, redirect, with_cookie};
use crate::cookie::{Cookie, NewCookie};
use crate::form::Form;
use crate::kept::{Kept, KeptPage};
use crate::posted::{authority, foreign, read};
use crate::sign_in::SignInPage;
use crate::signed::{Signed, is_signed_out};
use crate::{Shared, csrf};
use axum::body::Body;
use axum::extract::State;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::request::Parts;
use http::{Method, Request};
use titan_core::Error;
use titan_core::wire::MAX_BODY;

/// Rules for client tokens can have a thousand recipients. Whoever has not signed in can send less.
const LONGEST: usize = 256 * 1024;

const IN: &str = "/console/sign-in";
const OUT: &str = "/console/sign-out";

/// Lets a request pass, or answers in its place.
pub(crate) async fn guard(
    State(console): State<Shared>,
    request: Request<Body>,
    next: Next,
) -> Result<Response, Fault> {
    match *request.method() {
        Method::GET | Method::HEAD => return Ok(next.run(request).await),
        Method::POST => {}
        _ => return Err(no_such_method().await),
    }
    let (mut parts, body) = request.into_parts();
    let found = Signed::find(&console, &parts).await;
    let form = read(&parts, body, if found.is_ok() { LONGEST } else { MAX_BODY }).await?;
    if let Some(instead) = refuse(&console, &parts, &form, found) {
        return Ok(instead);
    }
    let proof = NewCookie::default();
    let path = parts.uri.path().to_owned();
    let cookie = Cookie::Session.find(&parts.headers).unwrap_or_default().to_owned();
    parts.extensions.insert(form.clone());
    parts.extensions.insert(proof.clone());
    let response = next.run(Request::from_parts(parts, Body::empty())).await;
    // A fault of Titan: the same form may do in a moment.
    let response = match response.extensions().get::<Fault>() {
        Some(fault) if response.status().is_server_error() => {
            fault.with_form(Kept::new(&path, &form), &cookie)
        }
        _ => response,
    };
    Ok(match proof.header() {
        Some(cookie) => with_cookie(response, cookie),
        None => response,
    })
}

/// The page in place of what was asked for, if nobody has signed in or the form is of another session.
fn refuse(console: &Shared, parts: &Parts, form: &Form, found: Result<Signed, Error>) -> Option<Response> {
    let kept = Kept::new(parts.uri.path(), form);
    let cookie = Cookie::Session.find(&parts.headers).unwrap_or_default();
    match found {
        // That is what was wanted.
        Err(error) if is_signed_out(&error) && kept.action == OUT => Some(redirect(IN)),
        Err(error) if is_signed_out(&error) => {
            let view = SignInPage::again(kept);
            Some(view.with_visit(console, &parts.headers, |view| page(401, view)))
        }
        // Nothing has looked at the token of the form.
        Err(error) => Some(Fault::from(error).with_form(kept, cookie)),
        Ok(_) if csrf::is_token(form.text("csrf"), cookie) => None,
        // Somebody has signed in again in another tab.
        Ok(_) if csrf::is_surely_from_here(&parts.headers, authority(parts)) => {
            let text = "The form was of an earlier session. Send it again?";
            Some(page(403, &KeptPage::new("You have signed in again", text, kept, csrf::token(cookie))))
        }
        Ok(_) => Some(foreign().into_response()),
    }
}
