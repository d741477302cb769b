//! Switching a tenant off and on.

use crate::answer::{Answer, Fault};
use crate::posted::Posted;
use crate::receipt::follow_at;
use crate::signed::Signed;
use crate::{Console, Shared};
use axum::extract::{Path, State};
use axum::response::Response;
use titan_core::Error;
use titan_core::revision::{Receipt, Wait};
use titan_core::tenant::TenantUpdate;
use titan_token::TenantId;

pub(crate) async fn disable(State(console): State<Shared>, Path(id): Path<String>, posted: Posted) -> Answer {
    switch(&console, &id, &posted, false).await
}

pub(crate) async fn enable(State(console): State<Shared>, Path(id): Path<String>, posted: Posted) -> Answer {
    switch(&console, &id, &posted, true).await
}

async fn switch(console: &Shared, id: &str, posted: &Posted, is_active: bool) -> Answer {
    let id = super::id(id)?;
    let change = TenantUpdate { is_active: Some(is_active), ..TenantUpdate::default() };
    let receipt = update(console, &posted.signed, id, change).await;
    receipt.map(|receipt| to_tenant(console, id, receipt)).map_err(Fault::from)
}

/// Changes a tenant. Nobody waits here: the page of the tenant shows the receipt.
pub(super) async fn update(
    console: &Console,
    signed: &Signed,
    id: TenantId,
    change: TenantUpdate,
) -> Result<Receipt, Error> {
    let changed = console.tenants.update(&signed.permit(None)?, id, change, Wait::No).await;
    changed.map(|(_, receipt)| receipt)
}

/// To the page of the tenant, where the receipt comes in.
pub(super) fn to_tenant(console: &Shared, id: TenantId, receipt: Receipt) -> Response {
    follow_at(console, &format!("/console/tenants/{}", id.0), &receipt)
}
