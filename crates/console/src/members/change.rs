//! Another role for a member.

use super::{PATH, list};
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
use titan_core::user::Role;
use titan_token::UserId;

pub(crate) async fn set_role(
    State(console): State<Shared>,
    Path(user): Path<String>,
    Posted { signed, form }: Posted,
) -> Answer {
    match try_set_role(&console, &signed, super::id(&user)?, &form).await {
        Ok(receipt) => Ok(to_members(&console, &receipt)),
        // What was typed was a role, and the list shows the one that it is.
        Err(error) => list::refused(&console, &signed, Form::default(), &error).await,
    }
}

async fn try_set_role(console: &Console, signed: &Signed, id: UserId, form: &Form) -> Result<Receipt, Error> {
    let (tenant, role) = (signed.account()?.principal.tenant(), Role::parse(form.text("role"))?);
    let (_, receipt) = console.users.put_member(&signed.permit(None)?, tenant, id, role, Wait::No).await?;
    Ok(receipt)
}

/// To the list, where the receipt comes in.
pub(super) fn to_members(console: &Shared, receipt: &Receipt) -> Response {
    follow_at(console, PATH, receipt)
}
