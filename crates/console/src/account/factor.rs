//! A second factor: beginning it, and confirming it with a code of the app.

use super::PATH;
use crate::answer::{Answer, ok, redirect, refused};
use crate::form::Form;
use crate::layout::{Layout, Section};
use crate::posted::Posted;
use crate::signed::Signed;
use crate::{Console, Shared};
use askama::Template;
use axum::extract::State;
use titan_core::session::Enrolment;
use titan_core::user::PlainPassword;
use titan_core::{Code, Error};

#[derive(Template)]
#[template(path = "account/factor_begin.html")]
struct BeginPage {
    layout: Layout,
    form: Form,
}

#[derive(Template)]
#[template(path = "account/factor_confirm.html")]
struct ConfirmPage {
    layout: Layout,
    form: Form,
    /// Shown once: not again after a wrong code.
    enrolment: Option<Enrolment>,
}

#[derive(Template)]
#[template(path = "account/factor_codes.html")]
struct CodesPage {
    layout: Layout,
    codes: Vec<String>,
}

pub(crate) async fn show(State(console): State<Shared>, signed: Signed) -> Answer {
    if console.sessions.has_factor(&signed.permit(None)?).await? {
        return Ok(redirect(PATH));
    }
    ok(&BeginPage { layout: Layout::new(&signed, Section::Account), form: Form::default() })
}

pub(crate) async fn begin(State(console): State<Shared>, Posted { signed, form }: Posted) -> Answer {
    let layout = Layout::new(&signed, Section::Account);
    match try_begin(&console, &signed, &form).await {
        Ok(enrolment) => ok(&ConfirmPage { layout, form: Form::default(), enrolment: Some(enrolment) }),
        Err(error) => {
            let form = form.refused(&error);
            Ok(refused(&error, &BeginPage { layout, form }))
        }
    }
}

async fn try_begin(console: &Console, signed: &Signed, form: &Form) -> Result<Enrolment, Error> {
    let password = PlainPassword::new(form.raw("password").to_owned())?;
    console.sessions.begin_factor(&signed.permit(None)?, password).await
}

/// For who comes back with the app: without the secret.
pub(crate) async fn show_confirm(signed: Signed) -> Answer {
    signed.account()?;
    let layout = Layout::new(&signed, Section::Account);
    ok(&ConfirmPage { layout, form: Form::default(), enrolment: None })
}

pub(crate) async fn confirm(State(console): State<Shared>, Posted { signed, form }: Posted) -> Answer {
    let layout = Layout::new(&signed, Section::Account);
    match try_confirm(&console, &signed, &form).await {
        Ok(codes) => ok(&CodesPage { layout, codes }),
        Err(error) => {
            let error = if error.code() == Code::Conflict {
                already_on(&console, &signed, error).await?
            } else {
                error
            };
            let form = form.refused(&error);
            Ok(refused(&error, &ConfirmPage { layout, form, enrolment: None }))
        }
    }
}

/// It was sent twice: the answer to the first, with the recovery codes, was lost.
async fn already_on(console: &Console, signed: &Signed, error: Error) -> Result<Error, Error> {
    if !console.sessions.has_factor(&signed.permit(None)?).await? {
        return Ok(error);
    }
    let text =
        "the second factor is on by now. If you have not seen the recovery codes, remove it and add it again";
    Ok(Error::conflict(text))
}

async fn try_confirm(console: &Console, signed: &Signed, form: &Form) -> Result<Vec<String>, Error> {
    let codes = console.sessions.confirm_factor(&signed.permit(None)?, form.text("code")).await?;
    Ok(codes.iter().map(|code| code.expose().to_string()).collect())
}
