//! The people of a tenant and the open invitations to it. Only its owners see them.

use crate::answer::{self, Answer, ok};
use crate::filters;
use crate::form::Form;
use crate::layout::{Layout, Section};
use crate::receipt::{ReceiptView, Shown};
use crate::roles::{self, RoleChoice, choices};
use crate::signed::{Account, Signed};
use crate::when::When;
use crate::{Console, Shared};
use askama::Template;
use axum::extract::{RawQuery, State};
use titan_core::Error;
use titan_core::invitation::Invitation;
use titan_core::user::{Role, User};
use titan_token::{InvitationId, UserId};

const PAGE: u32 = 50;

#[derive(Template)]
#[template(path = "members/list.html")]
struct MembersPage {
    layout: Layout,
    form: Form,
    tenant: u32,
    receipt: Option<ReceiptView>,
    /// `None`: only owners see them.
    people: Option<People>,
    /// For the invitation.
    roles: [RoleChoice; 3],
}

/// What an owner sees.
struct People {
    members: Vec<MemberLine>,
    /// Where the next page begins.
    next: Option<UserId>,
    invitations: Vec<InvitationLine>,
}

struct MemberLine {
    id: UserId,
    email: String,
    is_active: bool,
    is_self: bool,
    roles: [RoleChoice; 3],
}

struct InvitationLine {
    id: InvitationId,
    email: String,
    role: &'static str,
    invited_by: InvitedBy,
    expires: When,
}

/// Who has invited somebody.
enum InvitedBy {
    /// A member on this page, by its address.
    Known(String),
    Master,
    /// Another member, by its id.
    Other(UserId),
}

pub(crate) async fn show(State(console): State<Shared>, signed: Signed, RawQuery(query): RawQuery) -> Answer {
    let asked = Form::parse(query.unwrap_or_default().as_bytes())?;
    let form = Form::of([("role", Role::Member.name().to_owned())]);
    ok(&view(&console, &signed, form, &asked).await?)
}

/// The page after a change that was refused.
pub(super) async fn refused(console: &Console, signed: &Signed, form: Form, error: &Error) -> Answer {
    let view = view(console, signed, form.refused(error), &Form::default()).await?;
    Ok(answer::refused(error, &view))
}

async fn view(console: &Console, signed: &Signed, form: Form, asked: &Form) -> Result<MembersPage, Error> {
    let account = signed.account()?;
    let people = match account.role {
        Role::Owner => Some(people(console, signed, account, asked.given("cursor")).await?),
        Role::Admin | Role::Member => None,
    };
    Ok(MembersPage {
        layout: Layout::new(signed, Section::Members),
        tenant: account.principal.tenant().0,
        receipt: Shown::of(asked).look(console, signed).await?,
        people,
        roles: choices(form.text("role")),
        form,
    })
}

async fn people(
    console: &Console,
    signed: &Signed,
    account: &Account,
    cursor: Option<&str>,
) -> Result<People, Error> {
    let after = cursor.map(str::parse).transpose();
    let after = after.map_err(|_| Error::invalid("cursor: is not one of this list"))?;
    let tenant = account.principal.tenant();
    let (members, next) = console.users.members(&signed.permit(None)?, tenant, after, PAGE).await?;
    let invitations = console.invitations.list(&signed.permit(None)?, tenant).await?;
    let line = |invitation| InvitationLine::new(console, invitation, &members);
    Ok(People {
        invitations: invitations.iter().map(line).collect(),
        members: members.iter().map(|(user, role)| MemberLine::new(account, user, *role)).collect(),
        next,
    })
}

impl MemberLine {
    fn new(account: &Account, user: &User, role: Role) -> Self {
        Self {
            id: user.id,
            email: user.email.to_string(),
            is_active: user.is_active,
            is_self: user.id == account.user.id,
            roles: choices(role.name()),
        }
    }
}

impl InvitationLine {
    fn new(console: &Console, invitation: &Invitation, members: &[(User, Role)]) -> Self {
        Self {
            id: invitation.id,
            email: invitation.email.to_string(),
            role: roles::title(invitation.role),
            invited_by: InvitedBy::new(invitation.invited_by, members),
            expires: When::new(invitation.expires_at, console.clock.now()),
        }
    }
}

impl InvitedBy {
    fn new(id: Option<UserId>, members: &[(User, Role)]) -> Self {
        let Some(id) = id else { return Self::Master };
        let found = members.iter().find(|(user, _)| user.id == id);
        found.map_or(Self::Other(id), |(user, _)| Self::Known(user.email.to_string()))
    }
}
