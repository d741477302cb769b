//! A new signing key.

use super::to_list;
use crate::answer::{Answer, ok, refused};
use crate::form::Form;
use crate::layout::{Layout, Section};
use crate::posted::Posted;
use crate::proof::proven;
use crate::signed::Signed;
use crate::{Console, Shared};
use askama::Template;
use axum::extract::State;
use titan_core::Error;
use titan_core::revision::{Receipt, Wait};
use titan_core::signing;
use titan_token::Slot;

#[derive(Template)]
#[template(path = "signing_keys/rotate.html")]
struct RotatePage {
    layout: Layout,
    form: Form,
    /// The slot that signs now.
    slot: Option<u8>,
}

pub(crate) async fn show(State(console): State<Shared>, signed: Signed) -> Answer {
    ok(&view(&console, &signed, Form::default()).await?)
}

async fn view(console: &Console, signed: &Signed, form: Form) -> Result<RotatePage, Error> {
    let slot = signer(console, signed).await?;
    Ok(RotatePage { layout: Layout::new(signed, Section::SigningKeys), form, slot })
}

/// The slot that signs now.
async fn signer(console: &Console, signed: &Signed) -> Result<Option<u8>, Error> {
    let keys = console.signing_keys.list(&signed.permit(None)?).await?;
    Ok(signing::signer(&keys).map(|key| key.slot.number()))
}

pub(crate) async fn rotate(State(console): State<Shared>, posted: Posted) -> Answer {
    match try_rotate(&console, &posted).await {
        Ok(receipt) => Ok(to_list(&console, receipt)),
        Err(error) => {
            let view = view(&console, &posted.signed, posted.form.refused(&error)).await?;
            Ok(refused(&error, &view))
        }
    }
}

async fn try_rotate(console: &Console, posted: &Posted) -> Result<Receipt, Error> {
    proven(console, posted).await?;
    let slot =
        Slot::new(posted.form.needed("signer")?).ok_or_else(|| Error::invalid("signer: is no slot"))?;
    // A form that is sent twice makes one key.
    console.signing_keys.rotate_from(&posted.signed.permit(None)?, slot, Wait::No).await
}
