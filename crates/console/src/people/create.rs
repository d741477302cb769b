//! Making a user.

use crate::answer::{Answer, ok, redirect, refused};
use crate::form::Form;
use crate::layout::{Layout, Section};
use crate::posted::Posted;
use crate::roles::{RoleChoice, choices};
use crate::signed::Signed;
use crate::tenants::to_choose;
use crate::{Console, Shared};
use askama::Template;
use axum::extract::State;
use titan_core::Error;
use titan_core::tenant::Tenant;
use titan_core::user::{NewUser, Person, PlainPassword, Role};
use titan_token::TenantId;

#[derive(Template)]
#[template(path = "people/new.html")]
struct NewPage {
    layout: Layout,
    form: Form,
    tenants: Vec<Tenant>,
    roles: [RoleChoice; 3],
}

pub(crate) async fn show(State(console): State<Shared>, signed: Signed) -> Answer {
    let form = Form::of([("tenant_id", "1".to_owned()), ("role", "member".to_owned())]);
    ok(&view(&console, &signed, form).await?)
}

async fn view(console: &Shared, signed: &Signed, form: Form) -> Result<NewPage, Error> {
    let (tenants, roles) = (to_choose(console, signed).await?, choices(form.text("role")));
    Ok(NewPage { layout: Layout::new(signed, Section::People), form, tenants, roles })
}

pub(crate) async fn create(State(console): State<Shared>, Posted { signed, form }: Posted) -> Answer {
    match try_create(&console, &signed, &form).await {
        Ok(person) => Ok(redirect(&super::path(person.user.id))),
        Err(error) => {
            let view = view(&console, &signed, form.refused(&error)).await?;
            Ok(refused(&error, &view))
        }
    }
}

async fn try_create(console: &Console, signed: &Signed, form: &Form) -> Result<Person, Error> {
    let new = NewUser {
        email: form.text("email").to_owned(),
        password: PlainPassword::new(form.raw("password").to_owned())?,
        role: Role::parse(form.text("role"))?,
        tenant: Some(TenantId(form.needed("tenant_id")?)),
    };
    console.users.create(&signed.permit(None)?, new).await
}
