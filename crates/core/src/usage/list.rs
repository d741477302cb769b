//! What an answer shows: rows of a database, put together to points.

use super::{Class, Outcome, Tally, Who};
use crate::time::Timestamp;
use std::collections::BTreeMap;
use titan_token::{KeyId, TenantId};

/// What a row stands for, by the grouping.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Label {
    /// Everything: there is no grouping.
    All,
    /// This outcome.
    Code(Outcome),
    /// This key.
    Key(Who<KeyId>),
    /// This route.
    Route(Who<String>),
    /// This tenant.
    Tenant(Who<TenantId>),
}

/// A sum of a database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UsageRow {
    /// The beginning of the time.
    pub at: Timestamp,
    /// Of what.
    pub label: Label,
    /// Which outcome.
    pub outcome: Outcome,
    /// How much.
    pub tally: Tally,
}

/// All outcomes of a time and a label.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Point {
    /// The beginning of the time.
    pub at: Timestamp,
    /// Of what.
    pub label: Label,
    /// All outcomes together.
    pub total: Tally,
    /// Exchanges that were allowed and answered.
    pub allowed: u64,
    /// Those that did not pass, by code.
    pub refused: BTreeMap<String, u64>,
    /// Those that the upstream failed.
    pub upstream_errors: u64,
    /// Those that the client left before an answer.
    pub aborted: u64,
}

impl Point {
    fn new(at: Timestamp, label: Label) -> Self {
        let (total, refused) = (Tally::default(), BTreeMap::new());
        Self { at, label, total, allowed: 0, refused, upstream_errors: 0, aborted: 0 }
    }

    fn add(&mut self, outcome: &Outcome, tally: Tally) {
        self.total += tally;
        match outcome.class() {
            Class::Aborted => self.aborted += tally.requests,
            Class::Allowed => self.allowed += tally.requests,
            Class::Refused => *self.refused.entry(outcome.to_string()).or_default() += tally.requests,
            Class::UpstreamError => self.upstream_errors += tally.requests,
        }
    }

    /// How many did not pass.
    pub fn refusals(&self) -> u64 {
        self.refused.values().sum()
    }
}

/// One point for each time and label, the earliest first. What had no room is with what is not among the first.
pub(super) fn points(rows: Vec<UsageRow>) -> Vec<Point> {
    let mut points = BTreeMap::new();
    for UsageRow { at, label, outcome, tally } in rows {
        let point = points.entry((at, label.clone())).or_insert_with(|| Point::new(at, label));
        point.add(&outcome, tally);
    }
    points.into_values().collect()
}
