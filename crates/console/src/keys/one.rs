//! One key: what it is, how it is used, what was done with it, and what it has made.

use super::view::{KeyView, MadeBy};
use crate::answer::{Answer, ok};
use crate::audited::AuditLine;
use crate::chart::Chart;
use crate::filters;
use crate::form::Form;
use crate::layout::{Layout, Section};
use crate::receipt::{ReceiptView, Shown};
use crate::signed::Signed;
use crate::usage::{chart, step};
use crate::{Console, Shared};
use askama::Template;
use axum::extract::{Path, RawQuery, State};
use titan_core::audit::AuditFilter;
use titan_core::key::{Creator, Key, KeyFilter};
use titan_core::usage::{Ask, KeyUsage, LastClient, Step};
use titan_core::{Code, Error};
use titan_token::KeyId;

/// How many keys that a key has made are shown: of one key, and of all levels together. Each asks the database once.
const CHILDREN: u32 = 10;
const FAMILY: usize = 40;
const AUDITED: u32 = 20;

#[derive(Template)]
#[template(path = "keys/one.html")]
struct KeyPage {
    layout: Layout,
    /// `None`: it is gone, and only what was done with it is known.
    key: Option<KeyView>,
    id: String,
    receipt: Option<ReceiptView>,
    step: Step,
    /// `None`: usage is not counted.
    chart: Option<Chart>,
    last_client: Option<LastClient>,
    children: Vec<Child>,
    audit: Vec<AuditLine>,
}

/// A key that another one has made, with those that it has made.
struct Child {
    key: KeyView,
    parent: KeyId,
    children: Vec<Child>,
    /// Whether there are more beside it than are shown.
    has_more: bool,
}

#[derive(Template)]
#[template(path = "keys/children.html")]
struct Children<'a> {
    list: &'a [Child],
}

impl Child {
    fn below(&self) -> Children<'_> {
        Children { list: &self.children }
    }
}

impl KeyPage {
    fn tree(&self) -> Children<'_> {
        Children { list: &self.children }
    }
}

pub(crate) async fn show(
    State(console): State<Shared>,
    signed: Signed,
    Path(id): Path<String>,
    RawQuery(query): RawQuery,
) -> Answer {
    let asked = Form::parse(query.unwrap_or_default().as_bytes())?;
    let (id, step) = (super::id(&id)?, step(asked.text("step")));
    let receipt = Shown::of(&asked).look(&console, &signed).await?;
    let key = find(&console, &signed, id).await?;
    let audit = audit(&console, &signed, id).await?;
    // Somebody has revoked it, perhaps on this page: what was done is still known.
    if key.is_none() && audit.is_empty() {
        return Err(Error::not_found("key").into());
    }
    let usage = usage(&console, &signed, id, step).await?;
    let children = children(&console, &signed, id, &mut FAMILY.clone()).await?;
    let title = "Requests with this key";
    ok(&KeyPage {
        layout: Layout::new(&signed, Section::Keys),
        key: key.map(|key| KeyView::new(&console, &key)),
        id: id.to_string(),
        receipt,
        step,
        chart: usage.as_ref().map(|usage| chart(&usage.usage, title)),
        last_client: usage.and_then(|usage| usage.last_client),
        children,
        audit,
    })
}

async fn find(console: &Console, signed: &Signed, id: KeyId) -> Result<Option<Key>, Error> {
    known(console.keys.lookup(&signed.permit(Some(id))?, id).await)
}

fn known<T>(found: Result<T, Error>) -> Result<Option<T>, Error> {
    match found {
        Ok(found) => Ok(Some(found)),
        Err(error) if matches!(error.code(), Code::NotFound | Code::Conflict) => Ok(None),
        Err(error) => Err(error),
    }
}

async fn usage(console: &Console, signed: &Signed, id: KeyId, step: Step) -> Result<Option<KeyUsage>, Error> {
    let ask = Ask { step: Some(step), ..Ask::default() };
    known(console.usage.of_key(&signed.permit(None)?, id, ask).await)
}

async fn audit(console: &Console, signed: &Signed, id: KeyId) -> Result<Vec<AuditLine>, Error> {
    let filter = AuditFilter { subject: Some(id.to_string()), limit: AUDITED, ..AuditFilter::default() };
    let (rows, _) = console.audit.list(&signed.permit(None)?, filter).await?;
    Ok(rows.iter().map(|row| AuditLine::new(row, console.clock.now())).collect())
}

/// The keys that a key has made, and those that they have made, as long as there is room.
async fn children(
    console: &Console,
    signed: &Signed,
    id: KeyId,
    room: &mut usize,
) -> Result<Vec<Child>, Error> {
    let (created_by, limit) = (Some(Creator::Key(id)), CHILDREN);
    let filter = KeyFilter { created_by, limit, ..KeyFilter::default() };
    let page = console.keys.list(&signed.permit(None)?, filter).await?;
    let child = |key: &Key| Child {
        key: KeyView::new(console, key),
        parent: id,
        children: Vec::new(),
        has_more: false,
    };
    let mut list: Vec<Child> = page.keys.iter().take(*room).map(child).collect();
    *room -= list.len();
    for (child, key) in list.iter_mut().zip(&page.keys) {
        if *room > 0 {
            child.children = Box::pin(children(console, signed, key.id, room)).await?;
        }
    }
    let has_more = page.next.is_some() || list.len() < page.keys.len();
    if let Some(last) = list.last_mut() {
        last.has_more = has_more;
    }
    Ok(list)
}
