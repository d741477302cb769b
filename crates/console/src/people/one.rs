//! One person: what is known of it, where it belongs, and what was done with it.

use crate::answer::{self, Answer, ok};
use crate::audited::AuditLine;
use crate::form::Form;
use crate::layout::{Layout, Section};
use crate::receipt::{ReceiptView, Shown};
use crate::roles::{RoleChoice, choices};
use crate::signed::Signed;
use crate::tenants::to_choose;
use crate::when::When;
use crate::{Console, Shared};
use askama::Template;
use axum::extract::{Path, RawQuery, State};
use titan_core::Error;
use titan_core::audit::AuditFilter;
use titan_core::tenant::Tenant;
use titan_core::user::{Membership, Person, Role};
use titan_token::UserId;

const AUDITED: u32 = 20;

#[derive(Template)]
#[template(path = "people/one.html")]
struct PersonPage {
    layout: Layout,
    form: Form,
    person: PersonView,
    receipt: Option<ReceiptView>,
    /// Where it can be added.
    tenants: Vec<Tenant>,
    /// Whether one types the number of a tenant.
    has_many_tenants: bool,
    roles: [RoleChoice; 3],
    audit: Vec<AuditLine>,
}

/// Somebody, as its page shows it.
pub(super) struct PersonView {
    pub(super) id: UserId,
    pub(super) email: String,
    pub(super) is_active: bool,
    pub(super) created: When,
    pub(super) has_second_factor: bool,
    pub(super) memberships: Vec<MembershipLine>,
}

pub(super) struct MembershipLine {
    pub(super) tenant: u32,
    /// Empty: there are too many tenants to know all their names.
    name: String,
    pub(super) since: When,
    pub(super) roles: [RoleChoice; 3],
}

impl PersonView {
    pub(super) fn new(console: &Console, person: &Person, tenants: &[Tenant]) -> Self {
        let line = |membership: &Membership| MembershipLine::new(console, membership, tenants);
        Self {
            id: person.user.id,
            email: person.user.email.to_string(),
            is_active: person.user.is_active,
            created: When::new(person.user.created_at, console.clock.now()),
            has_second_factor: person.has_second_factor,
            memberships: person.memberships.iter().map(line).collect(),
        }
    }

    /// Where its page is.
    pub(super) fn path(&self) -> String {
        super::path(self.id)
    }
}

impl MembershipLine {
    fn new(console: &Console, membership: &Membership, tenants: &[Tenant]) -> Self {
        let tenant = tenants.iter().find(|tenant| tenant.id == membership.tenant);
        Self {
            tenant: membership.tenant.0,
            name: tenant.map(|tenant| tenant.name.clone()).unwrap_or_default(),
            since: When::new(membership.since, console.clock.now()),
            roles: choices(membership.role.name()),
        }
    }

    /// The number of the tenant, and its name.
    pub(super) fn title(&self) -> String {
        if self.name.is_empty() {
            self.tenant.to_string()
        } else {
            format!("{} · {}", self.tenant, self.name)
        }
    }
}

pub(crate) async fn show(
    State(console): State<Shared>,
    signed: Signed,
    Path(id): Path<String>,
    RawQuery(query): RawQuery,
) -> Answer {
    let asked = Form::parse(query.unwrap_or_default().as_bytes())?;
    let receipt = Shown::of(&asked).look(&console, &signed).await?;
    let form = Form::of([("role", Role::Member.name().to_owned())]);
    ok(&view(&console, &signed, super::id(&id)?, form, receipt).await?)
}

/// The page after a change that was refused.
pub(super) async fn refused(
    console: &Shared,
    signed: &Signed,
    id: UserId,
    form: Form,
    error: &Error,
) -> Answer {
    let view = view(console, signed, id, form.refused(error), None).await?;
    Ok(answer::refused(error, &view))
}

async fn view(
    console: &Shared,
    signed: &Signed,
    id: UserId,
    form: Form,
    receipt: Option<ReceiptView>,
) -> Result<PersonPage, Error> {
    let person = console.users.lookup(&signed.permit(None)?, id).await?;
    let tenants = to_choose(console, signed).await?;
    let belongs = |tenant: &Tenant| person.memberships.iter().any(|at| at.tenant == tenant.id);
    Ok(PersonPage {
        layout: Layout::new(signed, Section::People),
        person: PersonView::new(console, &person, &tenants),
        receipt,
        has_many_tenants: tenants.is_empty(),
        tenants: tenants.into_iter().filter(|tenant| !belongs(tenant)).collect(),
        roles: choices(form.text("role")),
        audit: audit(console, signed, id).await?,
        form,
    })
}

async fn audit(console: &Console, signed: &Signed, id: UserId) -> Result<Vec<AuditLine>, Error> {
    let filter = AuditFilter { subject: Some(id.to_string()), limit: AUDITED, ..AuditFilter::default() };
    let (rows, _) = console.audit.list(&signed.permit(None)?, filter).await?;
    Ok(rows.iter().map(|row| AuditLine::new(row, console.clock.now())).collect())
}
