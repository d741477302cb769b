//! Inviting somebody. The link is shown this once.

use super::list;
use crate::answer::{Answer, ok};
use crate::form::Form;
use crate::layout::{Layout, Section};
use crate::posted::Posted;
use crate::signed::Signed;
use crate::when::When;
use crate::{Console, Shared};
use askama::Template;
use axum::extract::State;
use titan_core::Error;
use titan_core::user::{Email, Role};

#[derive(Template)]
#[template(path = "members/invited.html")]
struct InvitedPage {
    layout: Layout,
    email: String,
    role: &'static str,
    tenant: u32,
    expires: When,
    /// What to send: the link, or the secret alone if no page is known that accepts it.
    secret: String,
    is_link: bool,
}

pub(crate) async fn invite(State(console): State<Shared>, Posted { signed, form }: Posted) -> Answer {
    match try_invite(&console, &signed, &form).await {
        Ok(view) => ok(&view),
        Err(error) => list::refused(&console, &signed, form, &error).await,
    }
}

/// A new invitation ends an open one, whose link may be on its way: also if the page with the link is loaded again.
async fn refuse_second(console: &Console, signed: &Signed, form: &Form) -> Result<(), Error> {
    let (tenant, email) = (signed.account()?.principal.tenant(), Email::parse(form.text("email"))?);
    let open = console.invitations.list(&signed.permit(None)?, tenant).await?;
    if form.is_on("replaces")
        || open.iter().all(|invitation| invitation.email.lookup_form() != email.lookup_form())
    {
        return Ok(());
    }
    Err(Error::conflict("email: has an open invitation. Its link stops working if you invite again"))
}

async fn try_invite(console: &Console, signed: &Signed, form: &Form) -> Result<InvitedPage, Error> {
    let (tenant, role) = (signed.account()?.principal.tenant(), Role::parse(form.text("role"))?);
    let (email, permit) = (form.text("email"), signed.permit(None)?);
    refuse_second(console, signed, form).await?;
    let (invitation, token) = console.invitations.invite(&permit, tenant, email, role).await?;
    let link = console.invitations.link(&token);
    Ok(InvitedPage {
        layout: Layout::new(signed, Section::Members),
        email: invitation.email.to_string(),
        role: invitation.role.name(),
        tenant: tenant.0,
        expires: When::new(invitation.expires_at, console.clock.now()),
        is_link: link.is_some(),
        secret: link.unwrap_or_else(|| token.expose().to_owned()),
    })
}
