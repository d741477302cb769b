//! Removing one's second factor.

use super::PATH;
use crate::answer::{Answer, ok, redirect, refused};
use crate::form::Form;
use crate::layout::{Layout, Section};
use crate::posted::Posted;
use crate::signed::Signed;
use crate::{Console, Shared};
use askama::Template;
use axum::extract::State;
use titan_core::Error;
use titan_core::user::PlainPassword;

#[derive(Template)]
#[template(path = "account/factor_remove.html")]
struct RemovePage {
    layout: Layout,
    form: Form,
}

pub(crate) async fn show(State(console): State<Shared>, signed: Signed) -> Answer {
    if !console.sessions.has_factor(&signed.permit(None)?).await? {
        return Ok(redirect(PATH));
    }
    ok(&RemovePage { layout: Layout::new(&signed, Section::Account), form: Form::default() })
}

/// The service asks for password and code itself, whatever was proved a moment ago.
pub(crate) async fn remove(State(console): State<Shared>, Posted { signed, form }: Posted) -> Answer {
    match try_remove(&console, &signed, &form).await {
        Ok(()) => Ok(redirect(PATH)),
        Err(error) => {
            let form = form.refused(&error);
            let layout = Layout::new(&signed, Section::Account);
            Ok(refused(&error, &RemovePage { layout, form }))
        }
    }
}

async fn try_remove(console: &Console, signed: &Signed, form: &Form) -> Result<(), Error> {
    let password = PlainPassword::new(form.raw("password").to_owned())?;
    console.sessions.remove_factor(&signed.permit(None)?, password, form.given("code")).await
}
