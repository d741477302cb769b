//! Switching a key off and on, and renaming it.

use super::view::KeyView;
use crate::answer::{Answer, Fault, ok, redirect, refused};
use crate::form::Form;
use crate::layout::{Layout, Section};
use crate::posted::Posted;
use crate::receipt::follow_at;
use crate::signed::Signed;
use crate::{Console, Shared};
use askama::Template;
use axum::extract::{Path, State};
use titan_core::Error;
use titan_core::key::{Changed, KeyUpdate};
use titan_core::revision::Wait;
use titan_token::KeyId;

#[derive(Template)]
#[template(path = "keys/edit.html")]
struct EditPage {
    layout: Layout,
    form: Form,
    key: KeyView,
}

pub(crate) async fn disable(State(console): State<Shared>, Path(id): Path<String>, posted: Posted) -> Answer {
    switch(&console, &id, &posted, false).await
}

pub(crate) async fn enable(State(console): State<Shared>, Path(id): Path<String>, posted: Posted) -> Answer {
    switch(&console, &id, &posted, true).await
}

async fn switch(console: &Shared, id: &str, posted: &Posted, is_active: bool) -> Answer {
    let update = KeyUpdate { is_active: Some(is_active), ..KeyUpdate::default() };
    let id = super::id(id)?;
    let changed = update_key(console, &posted.signed, id, update).await;
    changed.map(|changed| to_key(console, id, &changed)).map_err(Fault::from)
}

async fn update_key(
    console: &Console,
    signed: &Signed,
    id: KeyId,
    update: KeyUpdate,
) -> Result<Changed, Error> {
    console.keys.update(&signed.permit(Some(id))?, id, update, Wait::No).await
}

/// To the page of the key, where the receipt comes in.
fn to_key(console: &Shared, id: KeyId, changed: &Changed) -> axum::response::Response {
    follow_at(console, &format!("/console/keys/{id}"), &changed.receipt)
}

pub(crate) async fn show(State(console): State<Shared>, signed: Signed, Path(id): Path<String>) -> Answer {
    let id = super::id(&id)?;
    let key = console.keys.lookup(&signed.permit(Some(id))?, id).await?;
    let limit = key.rate_limit.unwrap_or_default().to_string();
    let (label, shown) = (key.label.clone(), limit.clone());
    let form = Form::of([
        ("label", key.label),
        ("rate_limit", limit),
        ("shown_label", label),
        ("shown_rate_limit", shown),
    ]);
    ok(&view(&console, &signed, id, form).await?)
}

async fn view(console: &Console, signed: &Signed, id: KeyId, form: Form) -> Result<EditPage, Error> {
    let key = console.keys.lookup(&signed.permit(Some(id))?, id).await?;
    let key = KeyView::new(console, &key);
    Ok(EditPage { layout: Layout::new(signed, Section::Keys), form, key })
}

pub(crate) async fn edit(
    State(console): State<Shared>,
    Path(id): Path<String>,
    Posted { signed, form }: Posted,
) -> Answer {
    let id = super::id(&id)?;
    match try_edit(&console, &signed, id, &form).await {
        Ok(Some(changed)) => Ok(to_key(&console, id, &changed)),
        Ok(None) => Ok(redirect(&format!("/console/keys/{id}"))),
        Err(error) => {
            let view = view(&console, &signed, id, form.refused(&error)).await?;
            Ok(refused(&error, &view))
        }
    }
}

/// What is as it was shown is not sent: somebody else may have changed it meanwhile. `None`: nothing was changed.
async fn try_edit(
    console: &Console,
    signed: &Signed,
    id: KeyId,
    form: &Form,
) -> Result<Option<Changed>, Error> {
    let is_new = |name: &str, shown: &str| form.text(name) != form.text(shown);
    let label = is_new("label", "shown_label").then(|| form.text("label").to_owned());
    let limits = is_new("rate_limit", "shown_rate_limit");
    let rate_limit = if limits { Some(form.needed("rate_limit")?) } else { None };
    if label.is_none() && rate_limit.is_none() {
        return Ok(None);
    }
    let update = KeyUpdate { label, rate_limit, ..KeyUpdate::default() };
    update_key(console, signed, id, update).await.map(Some)
}
