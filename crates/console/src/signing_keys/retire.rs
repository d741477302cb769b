//! Retiring a signing key: every key that it signed is revoked.

use super::list::{SlotLine, slots};
use super::to_list;
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
use titan_token::Slot;

#[derive(Template)]
#[template(path = "signing_keys/retire.html")]
struct RetirePage {
    layout: Layout,
    form: Form,
    slot: SlotLine,
}

pub(crate) async fn show(State(console): State<Shared>, signed: Signed, Path(slot): Path<String>) -> Answer {
    ok(&view(&console, &signed, id(&slot)?, Form::default()).await?)
}

/// The number in a path. Another text is no page.
fn id(text: &str) -> Result<Slot, Error> {
    text.parse().ok().and_then(Slot::new).ok_or_else(|| Error::not_found("signing key"))
}

/// A slot that is free or retired has no such page.
async fn view(console: &Console, signed: &Signed, slot: Slot, form: Form) -> Result<RetirePage, Error> {
    let slots = slots(console, signed).await?;
    let slot = slots.into_iter().find(|line| line.number == slot.number() && line.is_in_use());
    let slot = slot.ok_or_else(|| Error::not_found("signing key"))?;
    Ok(RetirePage { layout: Layout::new(signed, Section::SigningKeys), form, slot })
}

pub(crate) async fn retire(
    State(console): State<Shared>,
    Path(slot): Path<String>,
    posted: Posted,
) -> Answer {
    let slot = id(&slot)?;
    match try_retire(&console, &posted, slot).await {
        Ok(receipt) => Ok(to_list(&console, receipt)),
        // Somebody was faster, or it was clicked twice.
        Err(error) if error.code() == Code::NotFound => Ok(redirect("/console/signing-keys")),
        Err(error) => {
            let view = view(&console, &posted.signed, slot, posted.form.refused(&error)).await?;
            Ok(refused(&error, &view))
        }
    }
}

async fn try_retire(console: &Console, posted: &Posted, slot: Slot) -> Result<Receipt, Error> {
    proven(console, posted).await?;
    console.signing_keys.retire(&posted.signed.permit(None)?, slot, Wait::No).await
}
