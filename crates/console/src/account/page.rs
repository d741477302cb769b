//! Who one is here, and one's sessions.

use crate::answer::{self, Answer, ok};
use crate::form::Form;
use crate::layout::{Layout, Section};
use crate::receipt::{ReceiptView, Shown};
use crate::roles;
use crate::signed::Signed;
use crate::when::When;
use crate::{Console, Shared};
use askama::Template;
use axum::extract::{RawQuery, State};
use titan_core::Error;
use titan_core::session::Session;
use titan_core::user::Factors;
use titan_token::{SessionId, UserId};

#[derive(Template)]
#[template(path = "account/page.html")]
struct AccountPage {
    layout: Layout,
    form: Form,
    receipt: Option<ReceiptView>,
    id: UserId,
    email: String,
    tenant: u32,
    role: &'static str,
    scopes: Vec<String>,
    has_factor: bool,
    shortest_password: usize,
    sessions: Vec<SessionLine>,
}

struct SessionLine {
    id: SessionId,
    began: When,
    /// When its last token was issued, which is at most a quarter of an hour ago while it is used.
    refreshed: When,
    expires: When,
    address: String,
    browser: String,
    tenant: u32,
    is_current: bool,
}

pub(crate) async fn show(State(console): State<Shared>, signed: Signed, RawQuery(query): RawQuery) -> Answer {
    let asked = Form::parse(query.unwrap_or_default().as_bytes())?;
    let receipt = Shown::of(&asked).look(&console, &signed).await?;
    ok(&view(&console, &signed, Form::default(), receipt).await?)
}

/// The page after a change that was refused.
pub(super) async fn refused(console: &Console, signed: &Signed, form: Form, error: &Error) -> Answer {
    let view = view(console, signed, form.refused(error), None).await?;
    Ok(answer::refused(error, &view))
}

async fn view(
    console: &Console,
    signed: &Signed,
    form: Form,
    receipt: Option<ReceiptView>,
) -> Result<AccountPage, Error> {
    let account = signed.account()?;
    let has_factor = console.sessions.has_factor(&signed.permit(None)?).await?;
    let factors = if has_factor { Factors::PasswordAndSecond } else { Factors::Password };
    Ok(AccountPage {
        layout: Layout::new(signed, Section::Account),
        form,
        receipt,
        id: account.user.id,
        email: account.user.email.to_string(),
        tenant: account.principal.tenant().0,
        role: roles::title(account.role),
        scopes: console.sessions.scope_names(account.role),
        has_factor,
        shortest_password: factors.shortest_password(),
        sessions: sessions(console, signed).await?,
    })
}

async fn sessions(console: &Console, signed: &Signed) -> Result<Vec<SessionLine>, Error> {
    let current = signed.account()?.principal.session();
    let sessions = console.sessions.list(&signed.permit(None)?).await?;
    // The newest first.
    Ok(sessions.iter().rev().map(|session| SessionLine::new(console, session, current)).collect())
}

impl SessionLine {
    fn new(console: &Console, session: &Session, current: SessionId) -> Self {
        let now = console.clock.now();
        Self {
            id: session.id,
            began: When::new(session.created_at, now),
            refreshed: When::new(session.refreshed_at, now),
            expires: When::new(session.expires_at, now),
            address: session.ip.clone(),
            browser: session.user_agent.clone(),
            tenant: session.tenant.0,
            is_current: session.id == current,
        }
    }
}
