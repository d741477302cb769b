//! One tenant: what it is, its name, and what takes rights from it.

use super::switch::{to_tenant, update};
use super::view::TenantView;
use crate::answer::{Answer, ok, refused};
use crate::form::Form;
use crate::layout::{Layout, Section};
use crate::posted::Posted;
use crate::receipt::{ReceiptView, Shown};
use crate::signed::Signed;
use crate::{Console, Shared};
use askama::Template;
use axum::extract::{Path, RawQuery, State};
use titan_core::Error;
use titan_core::tenant::{Tenant, TenantUpdate};
use titan_token::TenantId;

#[derive(Template)]
#[template(path = "tenants/one.html")]
struct TenantPage {
    layout: Layout,
    form: Form,
    tenant: TenantView,
    receipt: Option<ReceiptView>,
}

pub(crate) async fn show(
    State(console): State<Shared>,
    signed: Signed,
    Path(id): Path<String>,
    RawQuery(query): RawQuery,
) -> Answer {
    let asked = Form::parse(query.unwrap_or_default().as_bytes())?;
    let tenant = find(&console, &signed, super::id(&id)?).await?;
    let receipt = Shown::of(&asked).look(&console, &signed).await?;
    let form = Form::of([("name", tenant.name.clone())]);
    ok(&TenantPage { receipt, ..view(&console, &signed, &tenant, form) })
}

/// The tenant, for who may see it.
pub(super) async fn find(console: &Console, signed: &Signed, id: TenantId) -> Result<Tenant, Error> {
    console.tenants.lookup(&signed.permit(None)?, id).await
}

fn view(console: &Console, signed: &Signed, tenant: &Tenant, form: Form) -> TenantPage {
    let (layout, tenant) = (Layout::new(signed, Section::Tenants), TenantView::new(console, tenant));
    TenantPage { layout, form, tenant, receipt: None }
}

pub(crate) async fn rename(
    State(console): State<Shared>,
    Path(id): Path<String>,
    Posted { signed, form }: Posted,
) -> Answer {
    let id = super::id(&id)?;
    let change = TenantUpdate { name: Some(form.text("name").to_owned()), ..TenantUpdate::default() };
    match update(&console, &signed, id, change).await {
        Ok(receipt) => Ok(to_tenant(&console, id, receipt)),
        Err(error) => {
            let (tenant, form) = (find(&console, &signed, id).await?, form.refused(&error));
            Ok(refused(&error, &view(&console, &signed, &tenant, form)))
        }
    }
}
