//! Replacing a key of one's own by a new one.

use super::shown::ShownPage;
use crate::answer::{Answer, ok, refused};
use crate::filters;
use crate::form::Form;
use crate::keys::{KeyView, OVERLAPS, form_name};
use crate::layout::{Layout, Section};
use crate::posted::Posted;
use crate::proof::proven;
use crate::receipt::ReceiptView;
use crate::signed::Signed;
use crate::{Console, Shared};
use askama::Template;
use axum::extract::{Path, State};
use titan_core::Error;
use titan_core::idempotency::RequestName;
use titan_core::key::{Issued, Rotation};
use titan_core::revision::Wait;
use titan_token::KeyId;

#[derive(Template)]
#[template(path = "my_keys/rotate.html")]
struct RotatePage {
    layout: Layout,
    form: Form,
    key: KeyView,
    overlaps: &'static [(u32, &'static str)],
}

pub(crate) async fn show(State(console): State<Shared>, signed: Signed, Path(id): Path<String>) -> Answer {
    let form = Form::of([("request", form_name(&console)), ("overlap_seconds", "86400".to_owned())]);
    ok(&view(&console, &signed, super::id(&id)?, form).await?)
}

async fn view(console: &Console, signed: &Signed, id: KeyId, form: Form) -> Result<RotatePage, Error> {
    let key = console.keys.lookup_own(&signed.permit(None)?, id).await?;
    let key = KeyView::new(console, &key);
    Ok(RotatePage { layout: Layout::new(signed, Section::MyKeys), form, key, overlaps: &OVERLAPS })
}

pub(crate) async fn rotate(State(console): State<Shared>, Path(id): Path<String>, posted: Posted) -> Answer {
    let id = super::id(&id)?;
    match try_rotate(&console, &posted, id).await {
        Ok(issued) => ok(&shown(&console, &posted.signed, &issued).await?),
        Err(error) => {
            let view = view(&console, &posted.signed, id, posted.form.refused(&error)).await?;
            Ok(refused(&error, &view))
        }
    }
}

async fn try_rotate(console: &Console, posted: &Posted, id: KeyId) -> Result<Issued, Error> {
    let Posted { signed, form } = posted;
    let overlap_secs = form.number("overlap_seconds")?.unwrap_or_default();
    proven(console, posted).await?;
    let request = format!("console: rotate my key {id} {overlap_secs}");
    let request = RequestName::new(form.text("request"), &request)?;
    let (permit, rotation) = (signed.permit(None)?, Rotation { overlap_secs });
    console.keys.rotate_own(&permit, id, rotation, Some(request), Wait::No).await
}

async fn shown(console: &Shared, signed: &Signed, issued: &Issued) -> Result<ShownPage, Error> {
    let receipt = ReceiptView::following(console, signed, issued.receipt.as_ref()).await?;
    Ok(ShownPage::created(console, signed, issued).rotated(receipt))
}
