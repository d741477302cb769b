//! Removing a person from a tenant: its keys there are revoked for good.

use super::change::to_person;
use super::one::{MembershipLine, PersonView};
use super::tenant;
use crate::answer::{Answer, ok, redirect, refused};
use crate::form::Form;
use crate::layout::{Layout, Section};
use crate::posted::Posted;
use crate::proof::proven;
use crate::signed::Signed;
use crate::tenants::to_choose;
use crate::{Console, Shared};
use askama::Template;
use axum::extract::{Path, State};
use titan_core::revision::{Receipt, Wait};
use titan_core::{Code, Error};
use titan_token::{TenantId, UserId};

#[derive(Template)]
#[template(path = "people/remove.html")]
struct RemovePage {
    layout: Layout,
    form: Form,
    person: PersonView,
    membership: MembershipLine,
}

pub(crate) async fn show(
    State(console): State<Shared>,
    signed: Signed,
    Path((id, number)): Path<(String, String)>,
) -> Answer {
    let place = (super::id(&id)?, tenant(&number)?);
    ok(&view(&console, &signed, place, Form::default()).await?)
}

async fn view(
    console: &Shared,
    signed: &Signed,
    (id, tenant): (UserId, TenantId),
    form: Form,
) -> Result<RemovePage, Error> {
    let person = console.users.lookup(&signed.permit(None)?, id).await?;
    let mut person = PersonView::new(console, &person, &to_choose(console, signed).await?);
    let place = person.memberships.iter().position(|membership| membership.tenant == tenant.0);
    let membership = person.memberships.swap_remove(place.ok_or_else(|| Error::not_found("member"))?);
    Ok(RemovePage { layout: Layout::new(signed, Section::People), form, person, membership })
}

pub(crate) async fn remove(
    State(console): State<Shared>,
    Path((id, number)): Path<(String, String)>,
    posted: Posted,
) -> Answer {
    let place = (super::id(&id)?, tenant(&number)?);
    match try_remove(&console, &posted, place).await {
        Ok(receipt) => Ok(to_person(&console, place.0, &receipt)),
        // Somebody was faster, or it was clicked twice.
        Err(error) if error.code() == Code::NotFound => Ok(redirect(&super::path(place.0))),
        Err(error) => {
            let view = view(&console, &posted.signed, place, posted.form.refused(&error)).await?;
            Ok(refused(&error, &view))
        }
    }
}

async fn try_remove(
    console: &Console,
    posted: &Posted,
    (id, tenant): (UserId, TenantId),
) -> Result<Receipt, Error> {
    proven(console, posted).await?;
    let permit = posted.signed.permit(None)?;
    console.users.remove_member(&permit, tenant, id, Wait::No).await
}
