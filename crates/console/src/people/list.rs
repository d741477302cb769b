//! The list of people.

use crate::answer::{Answer, ok, refused};
use crate::filters;
use crate::form::Form;
use crate::layout::{Layout, Section};
use crate::roles;
use crate::signed::Signed;
use crate::when::When;
use crate::{Console, Shared};
use askama::Template;
use axum::extract::{RawQuery, State};
use titan_core::Error;
use titan_core::user::{Person, Role, User};
use titan_token::{TenantId, UserId};

const PAGE: u32 = 50;

#[derive(Template)]
#[template(path = "people/list.html")]
struct ListPage {
    layout: Layout,
    form: Form,
    people: Vec<Line>,
    /// The query of the next page.
    next: Option<String>,
    is_filtered: bool,
}

/// Somebody in the list.
struct Line {
    id: UserId,
    email: String,
    is_active: bool,
    created: When,
    /// Its role in the tenant of the filter.
    role: Option<&'static str>,
}

impl Line {
    fn new(console: &Console, user: &User, role: Option<Role>) -> Self {
        Self {
            id: user.id,
            email: user.email.to_string(),
            is_active: user.is_active,
            created: When::new(user.created_at, console.clock.now()),
            role: role.map(roles::title),
        }
    }
}

/// A part of the list, and where the next one begins.
type Part = (Vec<Line>, Option<UserId>);

pub(crate) async fn show(State(console): State<Shared>, signed: Signed, RawQuery(query): RawQuery) -> Answer {
    let form = Form::parse(query.unwrap_or_default().as_bytes())?;
    match find(&console, &signed, &form).await {
        Ok(part) => ok(&view(&signed, form, part)),
        Err(error) if matches!(error.code().status(), 400 | 404) => {
            Ok(refused(&error, &view(&signed, form.refused(&error), (Vec::new(), None))))
        }
        Err(error) => Err(error.into()),
    }
}

fn view(signed: &Signed, form: Form, (people, next): Part) -> ListPage {
    let is_filtered = ["cursor", "email", "tenant_id"].iter().any(|name| form.given(name).is_some());
    let next = next.map(|at| query_of(&form, at));
    ListPage { layout: Layout::new(signed, Section::People), form, people, next, is_filtered }
}

async fn find(console: &Console, signed: &Signed, form: &Form) -> Result<Part, Error> {
    let tenant = form.number("tenant_id")?.map(TenantId);
    if let Some(email) = form.given("email") {
        let person = console.users.find(&signed.permit(None)?, email).await?;
        let line = person.and_then(|person| line(console, &person, tenant));
        return Ok((line.into_iter().collect(), None));
    }
    let after = form.given("cursor").map(str::parse).transpose();
    let after = after.map_err(|_| Error::invalid("cursor: is not one of this list"))?;
    if let Some(tenant) = tenant {
        return members(console, signed, tenant, after).await;
    }
    let (users, next) = console.users.list(&signed.permit(None)?, None, after, PAGE).await?;
    Ok((users.iter().map(|user| Line::new(console, user, None)).collect(), next))
}

/// Somebody with this address, unless it is not of the tenant that was asked for.
fn line(console: &Console, person: &Person, tenant: Option<TenantId>) -> Option<Line> {
    let membership = person.memberships.iter().find(|membership| Some(membership.tenant) == tenant);
    let is_meant = tenant.is_none() || membership.is_some();
    is_meant.then(|| Line::new(console, &person.user, membership.map(|membership| membership.role)))
}

async fn members(
    console: &Console,
    signed: &Signed,
    tenant: TenantId,
    after: Option<UserId>,
) -> Result<Part, Error> {
    let (members, next) = console.users.members(&signed.permit(None)?, tenant, after, PAGE).await?;
    Ok((members.iter().map(|(user, role)| Line::new(console, user, Some(*role))).collect(), next))
}

fn query_of(form: &Form, at: UserId) -> String {
    let cursor = ("cursor", at.to_string());
    let tenant = form.given("tenant_id").map(|tenant| ("tenant_id", tenant.to_owned()));
    let pairs: Vec<_> = tenant.into_iter().chain([cursor]).collect();
    serde_urlencoded::to_string(pairs).unwrap_or_default()
}
