//! Revoking all keys that a tenant has now: for good, and everywhere.

use super::one::find;
use super::switch::{to_tenant, update};
use super::view::TenantView;
use crate::answer::{Answer, ok, refused};
use crate::form::Form;
use crate::layout::{Layout, Section};
use crate::posted::Posted;
use crate::proof::proven;
use crate::signed::Signed;
use crate::{Console, Shared};
use askama::Template;
use axum::extract::{Path, State};
use titan_core::Error;
use titan_core::revision::Receipt;
use titan_core::tenant::TenantUpdate;
use titan_token::TenantId;

#[derive(Template)]
#[template(path = "tenants/revoke.html")]
struct RevokePage {
    layout: Layout,
    form: Form,
    tenant: TenantView,
}

pub(crate) async fn show(State(console): State<Shared>, signed: Signed, Path(id): Path<String>) -> Answer {
    ok(&view(&console, &signed, super::id(&id)?, Form::default()).await?)
}

async fn view(console: &Console, signed: &Signed, id: TenantId, form: Form) -> Result<RevokePage, Error> {
    let tenant = TenantView::new(console, &find(console, signed, id).await?);
    Ok(RevokePage { layout: Layout::new(signed, Section::Tenants), form, tenant })
}

pub(crate) async fn revoke(State(console): State<Shared>, Path(id): Path<String>, posted: Posted) -> Answer {
    let id = super::id(&id)?;
    match try_revoke(&console, &posted, id).await {
        Ok(receipt) => Ok(to_tenant(&console, id, receipt)),
        Err(error) => {
            let view = view(&console, &posted.signed, id, posted.form.refused(&error)).await?;
            Ok(refused(&error, &view))
        }
    }
}

async fn try_revoke(console: &Console, posted: &Posted, id: TenantId) -> Result<Receipt, Error> {
    proven(console, posted).await?;
    let change = TenantUpdate { revoke_keys: true, ..TenantUpdate::default() };
    update(console, &posted.signed, id, change).await
}
