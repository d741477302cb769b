//! Switching a person off and on, and its role in a tenant.

use super::{one, tenant};
use crate::answer::Answer;
use crate::form::Form;
use crate::posted::Posted;
use crate::receipt::follow_at;
use crate::signed::Signed;
use crate::{Console, Shared};
use axum::extract::{Path, State};
use axum::response::Response;
use titan_core::Error;
use titan_core::revision::{Receipt, Wait};
use titan_core::user::{Role, UserUpdate};
use titan_token::{TenantId, UserId};

pub(crate) async fn disable(State(console): State<Shared>, Path(id): Path<String>, posted: Posted) -> Answer {
    switch(&console, &id, posted, false).await
}

pub(crate) async fn enable(State(console): State<Shared>, Path(id): Path<String>, posted: Posted) -> Answer {
    switch(&console, &id, posted, true).await
}

async fn switch(console: &Shared, id: &str, Posted { signed, form }: Posted, is_active: bool) -> Answer {
    let id = super::id(id)?;
    let update = UserUpdate { is_active: Some(is_active), ..UserUpdate::default() };
    let changed = console.users.update(&signed.permit(None)?, id, update, Wait::No).await;
    match changed {
        Ok((_, receipt)) => Ok(to_person(console, id, &receipt)),
        Err(error) => one::refused(console, &signed, id, form, &error).await,
    }
}

/// To the page of the person, where the receipt comes in.
pub(super) fn to_person(console: &Shared, id: UserId, receipt: &Receipt) -> Response {
    follow_at(console, &super::path(id), receipt)
}

/// Adds it to a tenant.
pub(crate) async fn add(
    State(console): State<Shared>,
    Path(id): Path<String>,
    Posted { signed, form }: Posted,
) -> Answer {
    let id = super::id(&id)?;
    match try_add(&console, &signed, id, &form).await {
        Ok(receipt) => Ok(to_person(&console, id, &receipt)),
        Err(error) => one::refused(&console, &signed, id, form, &error).await,
    }
}

async fn try_add(console: &Console, signed: &Signed, id: UserId, form: &Form) -> Result<Receipt, Error> {
    let tenant = form.number("tenant_id")?.ok_or_else(|| Error::invalid("tenantId: is required"))?;
    put(console, signed, id, TenantId(tenant), form).await
}

/// Gives it another role in a tenant.
pub(crate) async fn set_role(
    State(console): State<Shared>,
    Path((id, number)): Path<(String, String)>,
    Posted { signed, form }: Posted,
) -> Answer {
    let (id, tenant) = (super::id(&id)?, tenant(&number)?);
    match put(&console, &signed, id, tenant, &form).await {
        Ok(receipt) => Ok(to_person(&console, id, &receipt)),
        Err(error) => one::refused(&console, &signed, id, Form::default(), &error).await,
    }
}

async fn put(
    console: &Console,
    signed: &Signed,
    id: UserId,
    tenant: TenantId,
    form: &Form,
) -> Result<Receipt, Error> {
    let role = Role::parse(form.text("role"))?;
    let (_, receipt) = console.users.put_member(&signed.permit(None)?, tenant, id, role, Wait::No).await?;
    Ok(receipt)
}
