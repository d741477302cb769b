//! Deleting the rules of a session.

use super::place::Place;
use crate::answer::{Answer, ok, redirect, refused};
use crate::form::Form;
use crate::layout::{Layout, Section};
use crate::posted::Posted;
use crate::proof::proven;
use crate::receipt::follow;
use crate::signed::Signed;
use crate::{Console, Shared};
use askama::Template;
use axum::extract::{RawQuery, State};
use titan_core::revision::{Receipt, Wait};
use titan_core::{Code, Error};

#[derive(Template)]
#[template(path = "client_rules/delete.html")]
struct DeletePage {
    layout: Layout,
    form: Form,
    place: Place,
}

pub(super) async fn show(State(console): State<Shared>, signed: Signed, RawQuery(query): RawQuery) -> Answer {
    let place = Place::required(&Form::parse(query.unwrap_or_default().as_bytes())?)?;
    if place.rules(&console, &signed).await?.is_none() {
        return Err(Error::not_found("client rules of this session").into());
    }
    ok(&view(&signed, Form::default(), place))
}

fn view(signed: &Signed, form: Form, place: Place) -> DeletePage {
    DeletePage { layout: Layout::new(signed, Section::ClientRules), form, place }
}

pub(super) async fn delete(State(console): State<Shared>, posted: Posted) -> Answer {
    let place = Place::required(&posted.form)?;
    match try_delete(&console, &posted, &place).await {
        Ok(receipt) => {
            follow(&console, receipt.revision);
            Ok(redirect(&place.path(Some(receipt.revision))))
        }
        // Somebody was faster, or it was clicked twice.
        Err(error) if error.code() == Code::NotFound => Ok(redirect(&place.path(None))),
        Err(error) => {
            let Posted { signed, form } = posted;
            Ok(refused(&error, &view(&signed, form.refused(&error), place)))
        }
    }
}

async fn try_delete(console: &Console, posted: &Posted, place: &Place) -> Result<Receipt, Error> {
    proven(console, posted).await?;
    let (permit, tenant) = (posted.signed.permit(None)?, Some(place.tenant));
    console.client_tokens.delete_rules(&permit, tenant, place.session.clone(), Wait::No).await
}
