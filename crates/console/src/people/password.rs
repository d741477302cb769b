//! Setting the password of somebody who has lost it.

use super::change::to_person;
use super::one::PersonView;
use crate::answer::{Answer, ok, refused};
use crate::form::Form;
use crate::layout::{Layout, Section};
use crate::posted::Posted;
use crate::proof::proven;
use crate::signed::Signed;
use crate::{Console, Shared};
use askama::Template;
use axum::extract::{Path, State};
use titan_core::Error;
use titan_core::revision::{Receipt, Wait};
use titan_core::user::{PlainPassword, UserUpdate};
use titan_token::UserId;

#[derive(Template)]
#[template(path = "people/password.html")]
struct PasswordPage {
    layout: Layout,
    form: Form,
    person: PersonView,
}

pub(crate) async fn show(State(console): State<Shared>, signed: Signed, Path(id): Path<String>) -> Answer {
    ok(&view(&console, &signed, super::id(&id)?, Form::default()).await?)
}

async fn view(console: &Console, signed: &Signed, id: UserId, form: Form) -> Result<PasswordPage, Error> {
    let person = console.users.lookup(&signed.permit(None)?, id).await?;
    let person = PersonView::new(console, &person, &[]);
    Ok(PasswordPage { layout: Layout::new(signed, Section::People), form, person })
}

pub(crate) async fn set(State(console): State<Shared>, Path(id): Path<String>, posted: Posted) -> Answer {
    let id = super::id(&id)?;
    match try_set(&console, &posted, id).await {
        Ok(receipt) => Ok(to_person(&console, id, &receipt)),
        Err(error) => {
            let view = view(&console, &posted.signed, id, posted.form.refused(&error)).await?;
            Ok(refused(&error, &view))
        }
    }
}

async fn try_set(console: &Console, posted: &Posted, id: UserId) -> Result<Receipt, Error> {
    let Posted { signed, form } = posted;
    let update = UserUpdate {
        password: Some(PlainPassword::new(form.raw("password").to_owned())?),
        removes_second_factor: form.is_on("remove_second_factor"),
        ..UserUpdate::default()
    };
    proven(console, posted).await?;
    let (_, receipt) = console.users.update(&signed.permit(None)?, id, update, Wait::No).await?;
    Ok(receipt)
}
