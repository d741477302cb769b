//! Deleting a key of one's own, or as an admin or an owner that of another member: for good, and everywhere.

use super::PATH;
use crate::answer::{Answer, ok, redirect, refused};
use crate::filters;
use crate::form::Form;
use crate::keys::KeyView;
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
#[template(path = "my_keys/delete.html")]
struct DeletePage {
    layout: Layout,
    form: Form,
    key: KeyView,
    is_own: bool,
}

pub(crate) async fn show(State(console): State<Shared>, signed: Signed, Path(id): Path<String>) -> Answer {
    ok(&view(&console, &signed, super::id(&id)?, Form::default()).await?)
}

async fn view(console: &Console, signed: &Signed, id: KeyId, form: Form) -> Result<DeletePage, Error> {
    let key = console.keys.lookup_own(&signed.permit(None)?, id).await?;
    let is_own = key.owner() == Some(signed.account()?.user.id);
    let key = KeyView::new(console, &key);
    Ok(DeletePage { layout: Layout::new(signed, Section::MyKeys), form, key, is_own })
}

pub(crate) async fn delete(State(console): State<Shared>, Path(id): Path<String>, posted: Posted) -> Answer {
    let id = super::id(&id)?;
    match try_delete(&console, &posted, id).await {
        Ok(receipt) => Ok(follow_at(&console, PATH, &receipt)),
        // Somebody was faster, or it was clicked twice.
        Err(error) if error.code() == Code::NotFound => Ok(redirect(PATH)),
        Err(error) => {
            let view = view(&console, &posted.signed, id, posted.form.refused(&error)).await?;
            Ok(refused(&error, &view))
        }
    }
}

async fn try_delete(console: &Console, posted: &Posted, id: KeyId) -> Result<Receipt, Error> {
    proven(console, posted).await?;
    let permit = posted.signed.permit(None)?;
    console.keys.delete_own(&permit, id, Wait::No).await
}
