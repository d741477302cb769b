//! The list of one's keys. Admins and owners see those of another member, too, and can revoke them.

use crate::answer::{Answer, ok};
use crate::form::Form;
use crate::keys::{KeyView, cursor, next};
use crate::layout::{Layout, Section};
use crate::receipt::{ReceiptView, Shown};
use crate::signed::Signed;
use crate::{Console, Shared};
use askama::Template;
use axum::extract::{RawQuery, State};
use titan_core::Error;
use titan_core::key::Key;
use titan_token::{Prefix, UserId};

const PAGE: u32 = 50;

#[derive(Template)]
#[template(path = "my_keys/list.html")]
struct ListPage {
    layout: Layout,
    receipt: Option<ReceiptView>,
    keys: Vec<OwnKey>,
    /// Another member, whose keys these are.
    owner: Option<UserId>,
    /// The query of the next page.
    next: Option<String>,
    /// Whether this is not the first page.
    is_later: bool,
}

/// A key of a user.
struct OwnKey {
    key: KeyView,
    environment: &'static str,
    can_rotate: bool,
}

impl OwnKey {
    fn new(console: &Console, key: &Key) -> Self {
        Self {
            environment: if key.prefix == Prefix::Test { "test" } else { "live" },
            // One that retires has been rotated.
            can_rotate: key.retires_at.is_none() && key.expires_at > console.clock.now(),
            key: KeyView::new(console, key),
        }
    }
}

pub(crate) async fn show(State(console): State<Shared>, signed: Signed, RawQuery(query): RawQuery) -> Answer {
    let form = Form::parse(query.unwrap_or_default().as_bytes())?;
    let owner = form.given("owner_id").map(owner).transpose()?;
    let after = form.given("cursor").map(cursor).transpose()?;
    let page = console.keys.list_own(&signed.permit(None)?, owner, after, PAGE).await?;
    let receipt = Shown::of(&form).look(&console, &signed).await?;
    let own = signed.account()?.user.id;
    ok(&ListPage {
        layout: Layout::new(&signed, Section::MyKeys),
        receipt,
        keys: page.keys.iter().map(|key| OwnKey::new(&console, key)).collect(),
        owner: owner.filter(|owner| *owner != own),
        next: page.next.map(|at| next(&form, at)),
        is_later: after.is_some(),
    })
}

fn owner(text: &str) -> Result<UserId, Error> {
    text.parse().map_err(|_| Error::not_found("member"))
}
