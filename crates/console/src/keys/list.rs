//! The list of keys.

use super::view::KeyView;
use crate::answer::{Answer, ok, refused};
use crate::filters;
use crate::form::Form;
use crate::layout::{Layout, Section};
use crate::signed::Signed;
use crate::{Console, Shared};
use askama::Template;
use axum::extract::{RawQuery, State};
use titan_core::Error;
use titan_core::key::{Creator, KeyFilter, Page, Position, Sort};
use titan_token::TenantId;

const PAGE: u32 = 50;

#[derive(Template)]
#[template(path = "keys/list.html")]
struct ListPage {
    layout: Layout,
    form: Form,
    scopes: Vec<String>,
    keys: Vec<KeyView>,
    /// The query of the next page.
    next: Option<String>,
    is_filtered: bool,
}

pub(crate) async fn show(State(console): State<Shared>, signed: Signed, RawQuery(query): RawQuery) -> Answer {
    let form = Form::parse(query.unwrap_or_default().as_bytes())?;
    let permit = signed.permit(None)?;
    let page = match filter(&console, &form) {
        Ok(filter) => console.keys.list(&permit, filter).await,
        Err(error) => Err(error),
    };
    match page {
        Ok(page) => ok(&view(&console, &signed, form, Some(&page))),
        Err(error) if error.code().status() == 400 => {
            Ok(refused(&error, &view(&console, &signed, form.refused(&error), None)))
        }
        Err(error) => Err(error.into()),
    }
}

fn view(console: &Console, signed: &Signed, form: Form, page: Option<&Page>) -> ListPage {
    let keys = page.iter().flat_map(|page| &page.keys).map(|key| KeyView::new(console, key)).collect();
    ListPage {
        layout: Layout::new(signed, Section::Keys),
        scopes: console.catalogue.names().to_vec(),
        keys,
        next: page.and_then(|page| page.next).map(|at| next(&form, at)),
        is_filtered: form.problem().is_some() || FILTERS.iter().any(|name| form.given(name).is_some()),
        form,
    }
}

const FILTERS: [&str; 6] = ["active", "created_by", "cursor", "label", "scope", "tenant_id"];

fn filter(console: &Console, form: &Form) -> Result<KeyFilter, Error> {
    let sort = match form.text("sort") {
        "" | "created" => Sort::Created,
        "expires" => Sort::Expires,
        "lastUsed" => Sort::LastUsed,
        _ => return Err(Error::invalid("sort: must be created, expires or lastUsed")),
    };
    let active = form.given("active").map(str::parse).transpose();
    Ok(KeyFilter {
        tenant: form.number("tenant_id")?.map(TenantId),
        is_active: active.map_err(|_| Error::invalid("active: must be true or false"))?,
        label: form.given("label").map(str::to_owned),
        created_by: form.given("created_by").map(creator).transpose()?,
        scope: form.given("scope").map(|name| console.keys.scope(name)).transpose()?,
        sort,
        order: sort.usual_order(),
        after: form.given("cursor").map(cursor).transpose()?,
        limit: PAGE,
        ..KeyFilter::default()
    })
}

fn creator(text: &str) -> Result<Creator, Error> {
    if text == "master" {
        return Ok(Creator::Master);
    }
    let maker = text.parse().map(Creator::Key).or_else(|_| text.parse().map(Creator::User));
    maker.map_err(|_| Error::invalid("createdBy: must be master, key_… or usr_…"))
}

/// A place in the list: what it is sorted by, and the id.
pub(crate) fn cursor(text: &str) -> Result<Position, Error> {
    let parsed = text
        .split_once('.')
        .and_then(|(value, id)| Some(Position { value: value.parse().ok()?, id: id.parse().ok()? }));
    parsed.ok_or_else(|| Error::invalid("cursor: is not one of this list"))
}

/// The query of the part of a list that begins there.
pub(crate) fn next(form: &Form, at: Position) -> String {
    let cursor = ("cursor", format!("{}.{}", at.value, at.id));
    let others = form
        .kept()
        .filter(|(name, _)| !matches!(*name, "cursor" | "revision"))
        .map(|(name, value)| (name, value.to_owned()));
    let pairs: Vec<_> = others.chain([cursor]).collect();
    serde_urlencoded::to_string(pairs).unwrap_or_default()
}
