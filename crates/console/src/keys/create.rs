//! Making a key.

use super::shown;
use crate::answer::{Answer, ok, refused};
use crate::form::Form;
use crate::layout::{Layout, Section};
use crate::posted::Posted;
use crate::signed::Signed;
use crate::tenants::to_choose;
use crate::{Console, Shared};
use askama::Template;
use axum::extract::State;
use base64_simd::URL_SAFE_NO_PAD;
use titan_core::Error;
use titan_core::entropy::random;
use titan_core::idempotency::RequestName;
use titan_core::key::{Issued, NewKey};
use titan_core::tenant::Tenant;
use titan_token::TenantId;

#[derive(Template)]
#[template(path = "keys/new.html")]
struct NewPage {
    layout: Layout,
    form: Form,
    /// None: there are too many to choose from.
    tenants: Vec<Tenant>,
    tenant_label: &'static str,
    groups: Vec<ScopeGroup>,
    scope_count: usize,
}

/// The scopes of one resource.
pub(crate) struct ScopeGroup {
    pub(crate) resource: String,
    pub(crate) scopes: Vec<String>,
}

pub(crate) async fn show(State(console): State<Shared>, signed: Signed) -> Answer {
    let form = Form::of([
        ("request", form_name(&console)),
        ("lifetime_days", "90".to_owned()),
        ("tenant_id", "1".to_owned()),
    ]);
    ok(&view(&console, &signed, form).await?)
}

/// A name for the request that this form will be: one that is sent twice is done once.
pub(crate) fn form_name(console: &Console) -> String {
    URL_SAFE_NO_PAD.encode_to_string(random::<16>(&*console.entropy))
}

async fn view(console: &Console, signed: &Signed, form: Form) -> Result<NewPage, Error> {
    Ok(NewPage {
        layout: Layout::new(signed, Section::Keys),
        form,
        tenants: to_choose(console, signed).await?,
        tenant_label: "Tenant",
        groups: groups(console.catalogue.names()),
        scope_count: console.catalogue.names().len(),
    })
}

/// By what stands before the colon, in the order of the catalogue.
pub(crate) fn groups(names: &[String]) -> Vec<ScopeGroup> {
    let mut groups: Vec<ScopeGroup> = Vec::new();
    for name in names {
        let resource = name.split(':').next().unwrap_or_default();
        match groups.iter_mut().find(|group| group.resource == resource) {
            Some(group) => group.scopes.push(name.clone()),
            None => groups.push(ScopeGroup { resource: resource.to_owned(), scopes: vec![name.clone()] }),
        }
    }
    groups
}

pub(crate) async fn create(State(console): State<Shared>, Posted { signed, form }: Posted) -> Answer {
    match try_create(&console, &signed, &form).await {
        Ok(issued) => ok(&shown::ShownPage::created(&console, &signed, &issued)),
        Err(error) => {
            let view = view(&console, &signed, form.refused(&error)).await?;
            Ok(refused(&error, &view))
        }
    }
}

async fn try_create(console: &Console, signed: &Signed, form: &Form) -> Result<Issued, Error> {
    let new = NewKey {
        // An emptied field is not the first tenant.
        tenant: Some(TenantId(form.needed("tenant_id")?)),
        label: form.text("label").to_owned(),
        lifetime_days: form.needed("lifetime_days")?,
        scopes: form.all("scopes").map(str::to_owned).collect(),
        rate_limit: form.number("rate_limit")?,
    };
    let request = named_request(form, "create")?;
    console.keys.create(signed.permit(None)?, new, Some(request)).await
}

/// The request of a form that has a name: sent again with the same content, it has the same answer.
pub(crate) fn named_request(form: &Form, what: &str) -> Result<RequestName, Error> {
    let content: Vec<_> = form.kept().collect();
    let content = serde_json::to_string(&content).map_err(|error| Error::internal(error.to_string()))?;
    RequestName::new(form.text("request"), &format!("console: {what} {content}"))
}
