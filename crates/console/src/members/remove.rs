//! Removing a member: its keys are revoked for good.

use super::change::to_members;
use crate::answer::{Answer, ok, redirect, refused};
use crate::form::Form;
use crate::layout::{Layout, Section};
use crate::posted::Posted;
use crate::proof::proven;
use crate::signed::Signed;
use crate::{Console, Shared};
use askama::Template;
use axum::extract::{Path, State};
use titan_core::revision::{Receipt, Wait};
use titan_core::{Code, Error};
use titan_token::UserId;

#[derive(Template)]
#[template(path = "members/remove.html")]
struct RemovePage {
    layout: Layout,
    form: Form,
    id: UserId,
    email: String,
    is_self: bool,
}

pub(crate) async fn show(State(console): State<Shared>, signed: Signed, Path(user): Path<String>) -> Answer {
    ok(&view(&console, &signed, super::id(&user)?, Form::default()).await?)
}

async fn view(console: &Console, signed: &Signed, id: UserId, form: Form) -> Result<RemovePage, Error> {
    let account = signed.account()?;
    let tenant = account.principal.tenant();
    let user = console.users.member(&signed.permit(None)?, tenant, id).await?;
    Ok(RemovePage {
        layout: Layout::new(signed, Section::Members),
        form,
        id,
        email: user.email.to_string(),
        is_self: id == account.user.id,
    })
}

pub(crate) async fn remove(
    State(console): State<Shared>,
    Path(user): Path<String>,
    posted: Posted,
) -> Answer {
    let id = super::id(&user)?;
    match try_remove(&console, &posted, id).await {
        Ok(receipt) => Ok(to_members(&console, &receipt)),
        // Somebody was faster, or it was clicked twice.
        Err(error) if error.code() == Code::NotFound => Ok(redirect(super::PATH)),
        Err(error) => {
            let view = view(&console, &posted.signed, id, posted.form.refused(&error)).await?;
            Ok(refused(&error, &view))
        }
    }
}

async fn try_remove(console: &Console, posted: &Posted, id: UserId) -> Result<Receipt, Error> {
    let tenant = posted.signed.account()?.principal.tenant();
    proven(console, posted).await?;
    let permit = posted.signed.permit(None)?;
    console.users.remove_member(&permit, tenant, id, Wait::No).await
}
