//! Limits: at most so many requests in any 60 seconds, over all instances. `docs/adr/0020-limits.md` has the argument.
//!
//! The budget of a limit is in the database. An instance borrows a part of it for a second and spends that from memory.

mod budget;

use crate::store_error::StoreResult;
use crate::time::Uptime;
use async_trait::async_trait;
use aws_lc_rs::digest::{SHA256, digest};
pub use budget::{Budget, KEPT_TICKS};
use std::time::Duration;
use titan_token::{KeyId, PlainName, SessionName, TenantId};

/// No window of this length has more than the limit.
pub const WINDOW: Duration = Duration::from_mins(1);
/// How long a loan can be spent, counted from before it was asked for. Less than a second, as clocks do not run at the same rate.
pub const LOAN: Duration = Duration::from_millis(950);
/// No limit is higher.
pub const MOST: u32 = 10_000_000;

/// A person who holds client tokens, as a hash: tenants choose the names, and there can be many.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Person([u8; 16]);

impl Person {
    /// From its bytes.
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// The person of this name in a session. Two triples of names never make the same text.
    pub fn new(tenant: TenantId, session: &SessionName, name: &PlainName) -> Self {
        let text = format!("{tenant} {session} {name}");
        let mut bytes = [0; 16];
        bytes.copy_from_slice(digest(&SHA256, text.as_bytes()).as_ref().split_at(16).0);
        Self(bytes)
    }

    /// Its bytes.
    pub const fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }
}

/// What is limited.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Subject {
    /// The requests of one person with client tokens.
    Client(Person),
    /// The requests of all keys.
    Global,
    /// The requests of one key.
    Key(KeyId),
    /// The requests of all keys to routes that send messages.
    Message,
}

/// A second by the clock of the database.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Tick(pub i64);

/// A question for a loan.
#[derive(Clone, Copy, Debug, Default)]
pub struct Ask {
    /// The limit: requests in a window.
    pub limit: u32,
    /// How much would be good to have.
    pub wanted: u32,
    /// How much the request needs that waits for it.
    pub needed: u32,
    /// What is left of an earlier loan, and where that was booked. It is not spent any more.
    pub unspent: Option<(Tick, u32)>,
    /// Whether nobody else can have borrowed anything.
    pub is_alone: bool,
}

/// The answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Loan {
    /// So much may be spent for [`LOAN`].
    Lent {
        /// How much: at least what was needed.
        amount: u32,
        /// Where it is booked.
        tick: Tick,
        /// What others may still borrow.
        rest: u32,
        /// Until the oldest booking leaves the window.
        resets_in: Duration,
    },
    /// There is too little.
    Refused {
        /// When there may be enough: not before.
        retry_in: Duration,
        /// What others may still borrow.
        rest: u32,
    },
}

/// The budgets in the database.
#[async_trait]
pub trait Budgets: Send + Sync {
    /// Asks for a loan, as [`Budget::lend`] decides it. Two loans of one subject exclude each other. `now` is the clock of a
    /// database that has one instance and no clock of its own.
    async fn borrow(&self, subject: Subject, ask: &Ask, now: Uptime) -> StoreResult<Loan>;

    /// Deletes the budgets of subjects that have booked nothing for a window.
    async fn sweep_budgets(&self, now: Uptime) -> StoreResult<()>;
}
