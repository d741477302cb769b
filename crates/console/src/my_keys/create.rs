//! Making a key of one's own.

use super::shown::ShownPage;
use crate::answer::{Answer, ok, refused};
use crate::form::Form;
use crate::keys::{ScopeGroup, form_name, groups, named_request};
use crate::layout::{Layout, Section};
use crate::posted::Posted;
use crate::signed::Signed;
use crate::{Console, Shared};
use askama::Template;
use axum::extract::State;
use titan_core::Error;
use titan_core::key::{Environment, Issued, NewOwnKey};
use titan_token::ScopeBit;

#[derive(Template)]
#[template(path = "my_keys/new.html")]
struct NewPage {
    layout: Layout,
    form: Form,
    groups: Vec<ScopeGroup>,
    scope_count: usize,
    /// Whether the role has all scopes.
    has_all: bool,
}

pub(crate) async fn show(State(console): State<Shared>, signed: Signed) -> Answer {
    let form = Form::of([
        ("request", form_name(&console)),
        ("expires_in_days", "90".to_owned()),
        ("environment", "live".to_owned()),
    ]);
    ok(&view(&console, &signed, form)?)
}

/// Only scopes that the role holds can be chosen.
fn view(console: &Console, signed: &Signed, form: Form) -> Result<NewPage, Error> {
    let held = signed.account()?.principal.scopes();
    let catalogue = &console.catalogue;
    let is_held = |name: &&String| catalogue.bit(name).is_some_and(|bit| catalogue.covers(held, bit));
    let names: Vec<_> = catalogue.names().iter().filter(is_held).cloned().collect();
    Ok(NewPage {
        layout: Layout::new(signed, Section::MyKeys),
        form,
        groups: groups(&names),
        scope_count: names.len(),
        has_all: catalogue.covers(held, ScopeBit::ALL),
    })
}

pub(crate) async fn create(State(console): State<Shared>, Posted { signed, form }: Posted) -> Answer {
    match try_create(&console, &signed, &form).await {
        Ok(issued) => ok(&ShownPage::created(&console, &signed, &issued)),
        Err(error) => {
            let view = view(&console, &signed, form.refused(&error))?;
            Ok(refused(&error, &view))
        }
    }
}

async fn try_create(console: &Console, signed: &Signed, form: &Form) -> Result<Issued, Error> {
    let new = NewOwnKey {
        name: form.text("name").to_owned(),
        scopes: form.all("scopes").map(str::to_owned).collect(),
        lifetime_days: form.number("expires_in_days")?,
        environment: environment(form.text("environment"))?,
    };
    // Somebody can be a member of several tenants.
    let tenant = signed.account()?.principal.tenant();
    let request = named_request(form, &format!("create my key in {}", tenant.0))?;
    console.keys.create_own(&signed.permit(None)?, new, Some(request)).await
}

fn environment(name: &str) -> Result<Environment, Error> {
    match name {
        "live" => Ok(Environment::Live),
        "test" => Ok(Environment::Test),
        _ => Err(Error::invalid("environment: must be live or test")),
    }
}
