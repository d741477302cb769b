//! Replacing a key by a new one.

use super::create::form_name;
use super::shown::ShownPage;
use super::view::KeyView;
use crate::answer::{Answer, ok, refused};
use crate::filters;
use crate::form::Form;
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

/// For how long the old key can live on.
pub(crate) const OVERLAPS: [(u32, &str); 4] =
    [(0, "No overlap: it ends at once"), (3600, "1 hour"), (86_400, "1 day"), (604_800, "7 days")];

#[derive(Template)]
#[template(path = "keys/rotate.html")]
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
    let key = console.keys.lookup(&signed.permit(Some(id))?, id).await?;
    let key = KeyView::new(console, &key);
    Ok(RotatePage { layout: Layout::new(signed, Section::Keys), form, key, overlaps: &OVERLAPS })
}

pub(crate) async fn rotate(State(console): State<Shared>, Path(id): Path<String>, posted: Posted) -> Answer {
    let id = super::id(&id)?;
    match try_rotate(&console, &posted, id).await {
        Ok(issued) => {
            let signed = &posted.signed;
            let receipt = ReceiptView::following(&console, signed, issued.receipt.as_ref()).await?;
            let view = ShownPage::created(&console, signed, &issued).replacing(id.to_string(), receipt);
            ok(&view)
        }
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
    let request = RequestName::new(form.text("request"), &format!("console: rotate {id} {overlap_secs}"))?;
    let rotation = Rotation { overlap_secs };
    let permit = signed.permit(Some(id))?;
    console.keys.rotate(permit, id, rotation, Some(request), Wait::No).await
}
