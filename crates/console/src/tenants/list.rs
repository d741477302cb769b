//! The list of tenants, and making one.

use super::view::TenantView;
use crate::answer::{Answer, ok, redirect, refused};
use crate::form::Form;
use crate::layout::{Layout, Section};
use crate::posted::Posted;
use crate::signed::Signed;
use crate::{Console, Shared};
use askama::Template;
use axum::extract::{RawQuery, State};
use titan_core::Error;
use titan_core::tenant::Tenant;
use titan_token::TenantId;

const PAGE: u32 = 50;

#[derive(Template)]
#[template(path = "tenants/list.html")]
struct ListPage {
    layout: Layout,
    form: Form,
    tenants: Vec<TenantView>,
    /// Behind which number the next page begins.
    next: Option<u32>,
}

pub(crate) async fn show(State(console): State<Shared>, signed: Signed, RawQuery(query): RawQuery) -> Answer {
    let form = Form::parse(query.unwrap_or_default().as_bytes())?;
    match form.number("cursor") {
        Ok(after) => ok(&view(&console, &signed, form, after.map(TenantId)).await?),
        Err(error) => again(&console, &signed, form, &error).await,
    }
}

async fn view(
    console: &Console,
    signed: &Signed,
    form: Form,
    after: Option<TenantId>,
) -> Result<ListPage, Error> {
    let (tenants, next) = console.tenants.list(&signed.permit(None)?, after, PAGE).await?;
    let tenants = tenants.iter().map(|tenant| TenantView::new(console, tenant)).collect();
    Ok(ListPage { layout: Layout::new(signed, Section::Tenants), form, tenants, next: next.map(|id| id.0) })
}

/// The first page of the list, with what was wrong.
async fn again(console: &Console, signed: &Signed, form: Form, error: &Error) -> Answer {
    let view = view(console, signed, form.refused(error), None).await?;
    Ok(refused(error, &view))
}

pub(crate) async fn create(State(console): State<Shared>, Posted { signed, form }: Posted) -> Answer {
    match try_create(&console, &signed, &form).await {
        Ok(tenant) => Ok(redirect(&TenantView::new(&console, &tenant).path())),
        Err(error) => again(&console, &signed, form, &error).await,
    }
}

async fn try_create(console: &Console, signed: &Signed, form: &Form) -> Result<Tenant, Error> {
    console.tenants.create(&signed.permit(None)?, form.text("name")).await
}
