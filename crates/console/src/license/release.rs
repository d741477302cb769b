//! Counting a session no longer.

use super::show::again;
use crate::answer::{Answer, redirect};
use crate::form::Form;
use crate::posted::Posted;
use crate::signed::Signed;
use crate::{Console, Shared};
use axum::extract::State;
use titan_core::{Code, Error};
use titan_token::TenantId;

pub(crate) async fn release(State(console): State<Shared>, Posted { signed, form }: Posted) -> Answer {
    match try_release(&console, &signed, &form).await {
        Ok(()) => Ok(redirect("/console/license")),
        // Somebody was faster, or it was clicked twice.
        Err(error) if error.code() == Code::NotFound => Ok(redirect("/console/license")),
        Err(error) => again(&console, &signed, &error).await,
    }
}

async fn try_release(console: &Console, signed: &Signed, form: &Form) -> Result<(), Error> {
    let tenant = form.number("tenant_id")?.ok_or_else(|| Error::invalid("tenant_id: is required"))?;
    console.license.release(&signed.permit(None)?, TenantId(tenant), form.text("session")).await
}
