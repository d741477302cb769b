//! Seeing and setting the rules of a session.

use super::fields;
use super::place::Place;
use crate::answer::{Answer, ok, redirect, refused};
use crate::form::Form;
use crate::layout::{Layout, Section};
use crate::posted::Posted;
use crate::receipt::{ReceiptView, Shown, follow};
use crate::signed::Signed;
use crate::{Console, Shared};
use askama::Template;
use axum::extract::{RawQuery, State};
use std::collections::BTreeSet;
use titan_core::Error;
use titan_core::client_token::RecipientMode;
use titan_core::revision::{Receipt, Wait};
use titan_core::tenant::Tenant;

/// With more tenants, one writes the number.
const TENANTS: u32 = 100;

#[derive(Template)]
#[template(path = "client_rules/edit.html")]
struct EditPage {
    layout: Layout,
    form: Form,
    /// `None`: there are too many to choose from.
    tenants: Option<Vec<Tenant>>,
    chosen: Option<Chosen>,
    /// What the policies let client tokens do.
    actions: BTreeSet<String>,
    modes: [(RecipientMode, &'static str); 3],
    receipt: Option<ReceiptView>,
}

/// The session whose rules are shown.
struct Chosen {
    place: Place,
    has_rules: bool,
}

const MODES: [(RecipientMode, &str); 3] = [
    (RecipientMode::Any, "Anybody"),
    (RecipientMode::Conversation, "Only the chat for which the token was minted"),
    (RecipientMode::Allowlist, "Only those in the list"),
];

pub(super) async fn show(State(console): State<Shared>, signed: Signed, RawQuery(query): RawQuery) -> Answer {
    let asked = Form::parse(query.unwrap_or_default().as_bytes())?;
    let receipt = Shown::of(&asked).look(&console, &signed).await?;
    match find(&console, &signed, &asked).await {
        Ok(Some((form, chosen))) => {
            ok(&EditPage { receipt, ..view(&console, &signed, form, Some(chosen)).await? })
        }
        Ok(None) => ok(&view(&console, &signed, asked, None).await?),
        Err(error) if error.code().status() < 500 => {
            Ok(refused(&error, &view(&console, &signed, asked.refused(&error), None).await?))
        }
        Err(error) => Err(error.into()),
    }
}

/// The rules of the session that is asked for, as a form.
async fn find(console: &Console, signed: &Signed, asked: &Form) -> Result<Option<(Form, Chosen)>, Error> {
    let Some(place) = Place::of(asked)? else { return Ok(None) };
    let rules = place.rules(console, signed).await?;
    let form = fields::form(&place, rules.as_ref());
    Ok(Some((form, Chosen { place, has_rules: rules.is_some() })))
}

async fn view(
    console: &Console,
    signed: &Signed,
    form: Form,
    chosen: Option<Chosen>,
) -> Result<EditPage, Error> {
    let (tenants, next) = console.tenants.list(&signed.permit(None)?, None, TENANTS).await?;
    Ok(EditPage {
        layout: Layout::new(signed, Section::ClientRules),
        form,
        tenants: next.is_none().then_some(tenants),
        chosen,
        actions: actions(console),
        modes: MODES,
        receipt: None,
    })
}

fn actions(console: &Console) -> BTreeSet<String> {
    let upstreams = console.guarded.upstreams();
    let policies = upstreams.iter().flat_map(|(_, set)| set.policies());
    policies.flat_map(|policy| &policy.routes).filter_map(|route| route.action.clone()).collect()
}

pub(super) async fn save(State(console): State<Shared>, Posted { signed, form }: Posted) -> Answer {
    match try_save(&console, &signed, &form).await {
        Ok((place, receipt)) => {
            follow(&console, receipt.revision);
            Ok(redirect(&place.path(Some(receipt.revision))))
        }
        Err(error) => {
            let chosen = find(&console, &signed, &form).await.ok().flatten().map(|(_, chosen)| chosen);
            let view = view(&console, &signed, form.refused(&error), chosen).await?;
            Ok(refused(&error, &view))
        }
    }
}

async fn try_save(console: &Console, signed: &Signed, form: &Form) -> Result<(Place, Receipt), Error> {
    let place = Place::required(form)?;
    let rules = fields::draft(form)?.check()?;
    let (permit, session) = (signed.permit(None)?, place.session.clone());
    let rules = (rules, fields::shown(form));
    let receipt = console.client_tokens.change_rules(&permit, place.tenant, session, rules, Wait::No).await?;
    Ok((place, receipt))
}

impl EditPage {
    /// Whether a tenant is chosen; the first one, if none was.
    fn is_tenant(&self, tenant: &Tenant) -> bool {
        self.form.given("tenant_id").unwrap_or("1") == tenant.id.0.to_string()
    }
}
