//! Usage: how often keys were used, and with which outcome (`docs/adr/0028-usage.md`).
//!
//! The edge counts, and flushes what it has counted to rollups. This module says what is counted and what can be asked.

mod ask;
mod list;
mod service;

pub use ask::{Ask, Group, MOST_POINTS, MOST_ROWS, MOST_TOP, USUAL_TOP, Window};
pub use list::{Label, Point, UsageRow};
pub use service::{KeyUsage, Retention, Usage, UsageService};

use crate::revision::InstanceId;
use crate::store_error::StoreResult;
use crate::time::Timestamp;
use async_trait::async_trait;
use std::borrow::Cow;
use std::fmt;
use std::ops::AddAssign;
use std::sync::Arc;
use titan_token::{KeyId, TenantId};

/// The length of a rollup.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Step {
    /// 60 seconds.
    Minute,
    /// 60 minutes.
    Hour,
    /// A day of UTC.
    Day,
}

impl Step {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Minute, Self::Hour, Self::Day];

    /// In seconds.
    pub const fn secs(self) -> i64 {
        match self {
            Self::Minute => 60,
            Self::Hour => 3600,
            Self::Day => 86_400,
        }
    }

    /// As it is asked for.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Minute => "minute",
            Self::Hour => "hour",
            Self::Day => "day",
        }
    }

    /// The beginning of the rollup that this time belongs to.
    pub fn floor(self, at: Timestamp) -> Timestamp {
        Timestamp::from_secs(at.secs().div_euclid(self.secs()) * self.secs())
    }
}

/// Whom or what a count is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Who<T> {
    /// This one.
    Known(T),
    /// Nobody: no credential was proven, or no route was found.
    Nobody,
    /// There was no room for it, or it is not among the first of a list.
    Other,
}

/// How an exchange ended: `allowed`, or the code of what went wrong.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Outcome(Cow<'static, str>);

/// What kinds of outcomes there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// The client left before there was an answer.
    Aborted,
    /// It passed, and was answered.
    Allowed,
    /// It did not pass.
    Refused,
    /// It passed, and the upstream failed.
    UpstreamError,
}

impl Outcome {
    /// The client left before there was an answer.
    pub const ABORTED: &'static str = "aborted";
    /// It passed, and was answered.
    pub const ALLOWED: &'static str = "allowed";
    /// The upstream broke off its answer.
    pub const UPSTREAM_BROKEN: &'static str = "upstream_broken";
    /// The upstream answered with a 5xx.
    pub const UPSTREAM_ERROR: &'static str = "upstream_error";

    /// One of the above, or the code of an error.
    pub fn new(text: impl Into<Cow<'static, str>>) -> Self {
        Self(text.into())
    }

    /// As it is stored and shown.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Its kind. All codes that begin with `upstream_` are of the upstream's.
    pub fn class(&self) -> Class {
        match self.as_str() {
            Self::ABORTED => Class::Aborted,
            Self::ALLOWED => Class::Allowed,
            code if code.starts_with("upstream_") => Class::UpstreamError,
            _ => Class::Refused,
        }
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What is counted of a series.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Exchanges.
    pub requests: u64,
    /// Bytes of the bodies of requests.
    pub bytes_in: u64,
    /// Bytes of the bodies of answers.
    pub bytes_out: u64,
    /// Microseconds from the head of a request to the last byte of its answer.
    pub micros: u64,
}

impl AddAssign for Tally {
    fn add_assign(&mut self, more: Self) {
        self.requests = self.requests.saturating_add(more.requests);
        self.bytes_in = self.bytes_in.saturating_add(more.bytes_in);
        self.bytes_out = self.bytes_out.saturating_add(more.bytes_out);
        self.micros = self.micros.saturating_add(more.micros);
    }
}

/// What is counted by itself.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Series {
    /// Whose credential it was.
    pub tenant: Who<TenantId>,
    /// With which key. Users who have signed in have none.
    pub key: Who<KeyId>,
    /// The pattern of the route in the policy.
    pub route: Who<Arc<str>>,
    /// How it ended.
    pub outcome: Outcome,
}

/// From where a key was used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LastClient {
    /// When an exchange with it ended.
    pub at: Timestamp,
    /// The network of the client: IPv4 /24, IPv6 /48.
    pub address: String,
    /// The beginning of its `User-Agent`.
    pub user_agent: String,
}

/// A piece of what an instance has counted. It is added once, however often it is written.
#[derive(Clone, Debug)]
pub struct Flush {
    /// Who has counted.
    pub instance: InstanceId,
    /// Higher than that of each piece before it.
    pub number: u64,
    /// The minute in which it was counted.
    pub minute: Timestamp,
    /// What was counted; each series once.
    pub rows: Vec<(Series, Tally)>,
    /// From where keys were used; each key once.
    pub clients: Vec<(KeyId, LastClient)>,
}

/// Which rollups are asked for. `None` does not restrict.
#[derive(Clone, Debug)]
pub struct UsageQuery {
    /// Their length.
    pub step: Step,
    /// At or after this time.
    pub from: Timestamp,
    /// Before this time.
    pub to: Timestamp,
    /// Only of this tenant.
    pub tenant: Option<TenantId>,
    /// Only of this key.
    pub key: Option<KeyId>,
    /// Only of this route.
    pub route: Option<String>,
    /// What is shown by itself.
    pub group: Option<Group>,
    /// How many of a group are shown by themselves.
    pub top: u32,
}

/// Rollups before these times are deleted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UsageEnd {
    /// Those of minutes.
    pub minute: Timestamp,
    /// Those of hours.
    pub hour: Timestamp,
    /// Those of days.
    pub day: Timestamp,
    /// From where a key was used.
    pub clients: Timestamp,
}

impl UsageEnd {
    /// Of all clients, and of no rollup: nobody counts any more, so nobody would delete them later.
    pub const OF_CLIENTS: Self = {
        let never = Timestamp::from_ms(i64::MIN);
        Self { minute: never, hour: never, day: never, clients: Timestamp::from_ms(i64::MAX) }
    };

    /// Of the rollups of this length.
    pub fn of(&self, step: Step) -> Timestamp {
        match step {
            Step::Minute => self.minute,
            Step::Hour => self.hour,
            Step::Day => self.day,
        }
    }
}

/// Counting in a database.
#[async_trait]
pub trait UsageStore {
    /// Adds a piece to the rollups of all lengths, unless its number was added before. All of it, or nothing.
    async fn add_usage(&self, flush: &Flush) -> StoreResult<()>;

    /// Sums by time, label and outcome, the earliest first.
    async fn usage(&self, query: &UsageQuery) -> StoreResult<Vec<UsageRow>>;

    /// From where a key was last used.
    async fn last_client(&self, key: KeyId) -> StoreResult<Option<LastClient>>;

    /// Deletes what is older, in small transactions.
    async fn sweep_usage(&self, end: &UsageEnd) -> StoreResult<()>;
}
