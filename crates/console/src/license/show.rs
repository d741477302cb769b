//! What the license says, and which sessions it counts.

use super::facts::{Facts, Standing};
use crate::answer::{Answer, ok, refused};
use crate::form::Form;
use crate::layout::{Layout, Section};
use crate::signed::Signed;
use crate::when::When;
use crate::{Console, Shared};
use askama::Template;
use axum::extract::{RawQuery, State};
use titan_core::license::LiveSession;
use titan_core::{Code, Error};
use titan_token::TenantId;

const PAGE: u32 = 100;

#[derive(Template)]
#[template(path = "license/show.html")]
struct LicensePage {
    layout: Layout,
    form: Form,
    /// `None`: none is installed.
    facts: Option<Facts>,
    sessions: Vec<SessionLine>,
    /// How many there are, and how many there may be, if there is a limit.
    used: Option<(u32, u32)>,
    /// The query of the next page.
    next: Option<String>,
}

struct SessionLine {
    tenant: u32,
    name: String,
    opened: When,
    /// Whether the upstream has said that it is open.
    is_open: bool,
}

pub(crate) async fn show(State(console): State<Shared>, signed: Signed, RawQuery(query): RawQuery) -> Answer {
    let form = Form::parse(query.unwrap_or_default().as_bytes())?;
    match view(&console, &signed, form.clone()).await {
        Ok(view) => ok(&view),
        Err(error) if error.code().status() == 400 => again(&console, &signed, &error).await,
        Err(error) => Err(error.into()),
    }
}

/// The page with what was wrong, from the begin of the list.
pub(super) async fn again(console: &Console, signed: &Signed, error: &Error) -> Answer {
    let view = view(console, signed, Form::default()).await?;
    let form = view.form.clone().refused(error);
    Ok(refused(error, &LicensePage { form, ..view }))
}

async fn view(console: &Console, signed: &Signed, form: Form) -> Result<LicensePage, Error> {
    let facts = facts(console, signed)?;
    let limit = facts.as_ref().and_then(|facts| facts.session_limit);
    let used = match limit {
        Some(limit) => Some((console.license.count(&signed.permit(None)?).await?, limit)),
        None => None,
    };
    let (sessions, next) = sessions(console, signed, &form).await?;
    Ok(LicensePage { layout: Layout::new(signed, Section::License), form, facts, sessions, used, next })
}

fn facts(console: &Console, signed: &Signed) -> Result<Option<Facts>, Error> {
    match console.license.lookup(&signed.permit(None)?) {
        Ok((license, now)) => Ok(Some(Facts::new(&license, now))),
        Err(error) if error.code() == Code::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

async fn sessions(
    console: &Console,
    signed: &Signed,
    form: &Form,
) -> Result<(Vec<SessionLine>, Option<String>), Error> {
    let after = form.given("cursor").map(cursor).transpose()?;
    let rows = console.license.sessions(&signed.permit(None)?, after, PAGE).await?;
    let is_full = u32::try_from(rows.len()) == Ok(PAGE);
    let next = rows.last().filter(|_| is_full).map(next);
    let now = console.clock.now();
    let line = |row: &LiveSession| SessionLine {
        tenant: row.tenant.0,
        name: row.name.clone(),
        opened: When::new(row.opened_at, now),
        is_open: row.is_open,
    };
    Ok((rows.iter().map(line).collect(), next))
}

/// `7.name`: names have dots, numbers have none.
fn cursor(text: &str) -> Result<(TenantId, &str), Error> {
    let parts = text.split_once('.').and_then(|(tenant, name)| Some((TenantId(tenant.parse().ok()?), name)));
    parts.ok_or_else(|| Error::invalid("cursor: is not one of this list"))
}

fn next(last: &LiveSession) -> String {
    let cursor = format!("{}.{}", last.tenant.0, last.name);
    serde_urlencoded::to_string([("cursor", cursor)]).unwrap_or_default()
}
