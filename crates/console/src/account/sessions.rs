//! Ending one's sessions.

use super::{PATH, page};
use crate::answer::{Answer, redirect};
use crate::form::Form;
use crate::posted::Posted;
use crate::receipt::follow_at;
use crate::signed::Signed;
use crate::{Console, Shared};
use axum::extract::{Path, State};
use axum::response::Response;
use titan_core::revision::{Receipt, Wait};
use titan_core::{Code, Error};
use titan_token::SessionId;

pub(crate) async fn end(
    State(console): State<Shared>,
    Path(id): Path<String>,
    Posted { signed, .. }: Posted,
) -> Answer {
    let id = id.parse().map_err(|_| Error::not_found("session"))?;
    match try_end(&console, &signed, id).await {
        Ok(receipt) => Ok(to_account(&console, Some(receipt))),
        Err(error) if error.code() == Code::NotFound => Ok(to_account(&console, None)),
        Err(error) => page::refused(&console, &signed, Form::default(), &error).await,
    }
}

async fn try_end(console: &Console, signed: &Signed, id: SessionId) -> Result<Receipt, Error> {
    console.sessions.end(&signed.permit(None)?, Some(id), Wait::No).await
}

/// All but the one with which one asks.
pub(crate) async fn end_others(State(console): State<Shared>, Posted { signed, .. }: Posted) -> Answer {
    match try_end_others(&console, &signed).await {
        Ok(receipt) => Ok(to_account(&console, receipt)),
        Err(error) => page::refused(&console, &signed, Form::default(), &error).await,
    }
}

/// The receipt of the last one stands for all: what is in force up to a revision has all before it.
async fn try_end_others(console: &Console, signed: &Signed) -> Result<Option<Receipt>, Error> {
    let current = signed.account()?.principal.session();
    let mut last = None;
    for session in console.sessions.list(&signed.permit(None)?).await? {
        if session.id == current {
            continue;
        }
        match try_end(console, signed, session.id).await {
            Ok(receipt) => last = Some(receipt),
            // It has ended meanwhile.
            Err(error) if error.code() == Code::NotFound => {}
            Err(error) => return Err(error),
        }
    }
    Ok(last)
}

/// To the list, where the receipt comes in.
fn to_account(console: &Shared, receipt: Option<Receipt>) -> Response {
    match receipt {
        Some(receipt) => follow_at(console, PATH, &receipt),
        None => redirect(PATH),
    }
}
