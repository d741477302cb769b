//! A key as pages show it.

use crate::Console;
use crate::when::When;
use titan_core::key::{Creator, Key};
use titan_core::time::Timestamp;

/// How a key is at the moment.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum State {
    Disabled,
    Expired,
    On,
    Retiring,
    Revoked,
    Suspended,
}

impl State {
    pub(crate) fn of(key: &Key, now: Timestamp) -> Self {
        match key {
            _ if key.is_gone(now) => Self::Revoked,
            _ if key.expires_at <= now => Self::Expired,
            Key { is_active: false, .. } => Self::Disabled,
            Key { is_suspended: true, .. } => Self::Suspended,
            Key { retires_at: Some(_), .. } => Self::Retiring,
            _ => Self::On,
        }
    }

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Disabled => "Disabled",
            Self::Expired => "Expired",
            Self::On => "On",
            Self::Retiring => "Retiring",
            Self::Revoked => "Revoked",
            Self::Suspended => "Suspended",
        }
    }

    /// The class of its badge.
    pub(crate) const fn class(self) -> &'static str {
        match self {
            Self::On => "badge ok",
            Self::Retiring | Self::Suspended => "badge warn",
            Self::Revoked | Self::Expired => "badge bad",
            Self::Disabled => "badge",
        }
    }
}

/// A key.
pub(crate) struct KeyView {
    pub(crate) id: String,
    pub(crate) label: String,
    pub(crate) tenant: u32,
    pub(crate) scopes: Vec<String>,
    pub(crate) state: State,
    pub(crate) created: When,
    pub(crate) expires: When,
    pub(crate) last_used: Option<When>,
    /// When it was rotated, and when it dies.
    pub(crate) retires: Option<(When, When)>,
    pub(crate) rate_limit: Option<u32>,
    /// The key that it replaced.
    pub(crate) rotated_from: Option<String>,
    pub(crate) made_by: MadeBy,
    pub(crate) slot: u8,
}

/// Who made a key.
pub(crate) enum MadeBy {
    Key(String),
    Master,
    User(String),
}

impl KeyView {
    pub(crate) fn new(console: &Console, key: &Key) -> Self {
        let now = console.clock.now();
        let retires = key.rotated_at.zip(key.retires_at);
        Self {
            id: key.id.to_string(),
            label: key.label.clone(),
            tenant: key.tenant.0,
            scopes: console.keys.names(key),
            state: State::of(key, now),
            created: When::new(key.created_at, now),
            expires: When::new(key.expires_at, now),
            last_used: When::of(key.last_used_at, now),
            retires: retires.map(|(since, until)| (When::new(since, now), When::new(until, now))),
            rate_limit: key.rate_limit,
            rotated_from: key.rotated_from.map(|id| id.to_string()),
            made_by: match key.created_by {
                Creator::Key(id) => MadeBy::Key(id.to_string()),
                Creator::Master => MadeBy::Master,
                Creator::User(id) => MadeBy::User(id.to_string()),
            },
            slot: key.slot.number(),
        }
    }

    /// Where its page is.
    pub(crate) fn path(&self) -> String {
        format!("/console/keys/{}", self.id)
    }

    /// Its first scopes, and how many more there are.
    pub(crate) fn some_scopes(&self) -> (&[String], usize) {
        const SHOWN: usize = 2;
        let shown = self.scopes.len().min(SHOWN);
        (&self.scopes[..shown], self.scopes.len() - shown)
    }

    /// Whether its switch is off.
    pub(crate) fn is_off(&self) -> bool {
        self.state == State::Disabled
    }
}
