//! The slots.

use crate::answer::{Answer, ok};
use crate::form::Form;
use crate::layout::{Layout, Section};
use crate::receipt::{ReceiptView, Shown};
use crate::signed::Signed;
use crate::when::When;
use crate::{Console, Shared};
use askama::Template;
use axum::extract::{RawQuery, State};
use titan_core::Error;
use titan_core::signing::{SlotKey, signer};
use titan_core::time::Timestamp;

/// The number of the last slot.
const LAST: u8 = 15;

#[derive(Template)]
#[template(path = "signing_keys/list.html")]
struct ListPage {
    layout: Layout,
    receipt: Option<ReceiptView>,
    slots: Vec<SlotLine>,
}

/// A slot, as pages show it: never its secret.
pub(super) struct SlotLine {
    pub(super) number: u8,
    pub(super) standing: Standing,
    pub(super) created: Option<When>,
    pub(super) retired: Option<When>,
}

/// What a slot does at the moment.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Standing {
    Free,
    Retired,
    Signing,
    Verifying,
}

impl Standing {
    const fn name(self) -> &'static str {
        match self {
            Self::Free => "Free",
            Self::Retired => "Retired",
            Self::Signing => "Signing",
            Self::Verifying => "Verifying",
        }
    }

    /// The class of its badge.
    const fn class(self) -> &'static str {
        match self {
            Self::Free => "badge plain",
            Self::Retired => "badge",
            Self::Signing => "badge ok",
            Self::Verifying => "badge info",
        }
    }
}

impl SlotLine {
    fn new(number: u8, keys: &[SlotKey], now: Timestamp) -> Self {
        let key = keys.iter().find(|key| key.slot.number() == number);
        let is_signer = signer(keys).is_some_and(|signer| signer.slot.number() == number);
        let standing = match key {
            None => Standing::Free,
            Some(key) if key.retired_at.is_some() => Standing::Retired,
            Some(_) if is_signer => Standing::Signing,
            Some(_) => Standing::Verifying,
        };
        let created = key.map(|key| When::new(key.created_at, now));
        Self { number, standing, created, retired: When::of(key.and_then(|key| key.retired_at), now) }
    }

    /// Whether what it signed is accepted.
    pub(super) fn is_in_use(&self) -> bool {
        matches!(self.standing, Standing::Signing | Standing::Verifying)
    }

    /// Whether it can be retired: the one that signs must be rotated first.
    pub(super) fn can_end(&self) -> bool {
        self.standing == Standing::Verifying
    }
}

/// All slots, those that nobody has used, too.
pub(super) async fn slots(console: &Console, signed: &Signed) -> Result<Vec<SlotLine>, Error> {
    let keys = console.signing_keys.list(&signed.permit(None)?).await?;
    let now = console.clock.now();
    Ok((0..=LAST).map(|number| SlotLine::new(number, &keys, now)).collect())
}

pub(crate) async fn show(State(console): State<Shared>, signed: Signed, RawQuery(query): RawQuery) -> Answer {
    let asked = Form::parse(query.unwrap_or_default().as_bytes())?;
    let slots = slots(&console, &signed).await?;
    let receipt = Shown::of(&asked).look(&console, &signed).await?;
    ok(&ListPage { layout: Layout::new(&signed, Section::SigningKeys), receipt, slots })
}
