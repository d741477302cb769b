//! Revoking a key: for good, and everywhere.

use super::view::KeyView;
use crate::answer::{Answer, ok, redirect, refused};
use crate::filters;
use crate::form::Form;
use crate::layout::{Layout, Section};
use crate::posted::Posted;
use crate::proof::proven;
use crate::receipt::follow_at;
use crate::signed::Signed;
use crate::{Console, Shared};
use askama::Template;
use axum::extract::{Path, State};
use titan_core::revision::{Receipt, Wait};
use titan_core::{Code, Error};
use titan_token::KeyId;

#[derive(Template)]
#[template(path = "keys/revoke.html")]
struct RevokePage {
    layout: Layout,
    form: Form,
    key: KeyView,
}

pub(crate) async fn show(State(console): State<Shared>, signed: Signed, Path(id): Path<String>) -> Answer {
    ok(&view(&console, &signed, super::id(&id)?, Form::default()).await?)
}

async fn view(console: &Console, signed: &Signed, id: KeyId, form: Form) -> Result<RevokePage, Error> {
    let key = console.keys.lookup(&signed.permit(Some(id))?, id).await?;
    let key = KeyView::new(console, &key);
    Ok(RevokePage { layout: Layout::new(signed, Section::Keys), form, key })
}

pub(crate) async fn revoke(State(console): State<Shared>, Path(id): Path<String>, posted: Posted) -> Answer {
    let id = super::id(&id)?;
    match try_revoke(&console, &posted, id).await {
        Ok(receipt) => Ok(follow_at(&console, &format!("/console/keys/{id}"), &receipt)),
        // Somebody was faster, or it was clicked twice.
        Err(error) if error.code() == Code::NotFound => Ok(redirect(&format!("/console/keys/{id}"))),
        Err(error) => {
            let view = view(&console, &posted.signed, id, posted.form.refused(&error)).await?;
            Ok(refused(&error, &view))
        }
    }
}

async fn try_revoke(console: &Console, posted: &Posted, id: KeyId) -> Result<Receipt, Error> {
    let Posted { signed, form } = posted;
    proven(console, posted).await?;
    let permit = signed.permit(Some(id))?;
    console.keys.delete(&permit, id, form.is_on("descendants"), Wait::No).await
}
