//! Taking an invitation back.

use super::{PATH, list};
use crate::answer::{Answer, redirect};
use crate::form::Form;
use crate::posted::Posted;
use crate::signed::Signed;
use crate::{Console, Shared};
use axum::extract::{Path, State};
use titan_core::{Code, Error};

pub(crate) async fn withdraw(
    State(console): State<Shared>,
    Path(id): Path<String>,
    Posted { signed, .. }: Posted,
) -> Answer {
    match try_withdraw(&console, &signed, &id).await {
        Ok(()) => Ok(redirect(PATH)),
        // It was clicked twice, or somebody has accepted it.
        Err(error) if error.code() == Code::NotFound => Ok(redirect(PATH)),
        Err(error) => list::refused(&console, &signed, Form::default(), &error).await,
    }
}

async fn try_withdraw(console: &Console, signed: &Signed, id: &str) -> Result<(), Error> {
    let id = id.parse().map_err(|_| Error::not_found("invitation"))?;
    let tenant = signed.account()?.principal.tenant();
    console.invitations.withdraw(&signed.permit(None)?, tenant, id).await
}
