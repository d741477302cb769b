//! The first page of a holder of the master key: what happens, and what needs attention.

use crate::answer::{Answer, ok, redirect};
use crate::audited::AuditLine;
use crate::chart::Chart;
use crate::keys::KeyView;
use crate::layout::{Layout, Section, home};
use crate::signed::Signed;
use crate::usage::chart;
use crate::when::{When, grouped, percent, span};
use crate::{Console, Shared};
use askama::Template;
use axum::Router;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use std::collections::BTreeMap;
use titan_core::audit::AuditFilter;
use titan_core::key::{KeyFilter, Page, Position, Sort};
use titan_core::revision::InstanceView;
use titan_core::time::Timestamp;
use titan_core::usage::{Ask, Group, Point, Usage};
use titan_core::{Code, Error};
use titan_token::{KeyId, Uuid};

/// Keys that expire within so many days are shown, and at most so many of them.
const SOON_DAYS: i64 = 14;
const SHOWN: u32 = 6;

#[derive(Template)]
#[template(path = "overview.html")]
struct OverviewPage {
    layout: Layout,
    /// `None`: usage is not counted.
    traffic: Option<Traffic>,
    expiring: Vec<KeyView>,
    /// Whether there can be more: a page looks at a bounded number of keys.
    has_more_expiring: bool,
    instances: Vec<InstanceLine>,
    changes: Vec<AuditLine>,
    has_keys: bool,
}

/// What was counted in the last 24 hours.
struct Traffic {
    requests: String,
    refused: String,
    refused_part: String,
    upstream_errors: String,
    chart: Chart,
    /// Codes, how often, and how many per cent of all refusals.
    reasons: Vec<(String, String, u64)>,
}

/// An instance, as pages show it.
pub(crate) struct InstanceLine {
    pub(crate) id: String,
    pub(crate) address: String,
    pub(crate) version: String,
    pub(crate) started: When,
    pub(crate) applied: u64,
    pub(crate) is_self: bool,
    pub(crate) is_lapsed: bool,
    /// How long ago its lease was seen to move.
    pub(crate) quiet: Option<String>,
}

pub(crate) fn routes() -> Router<Shared> {
    Router::new().route("/", get(show))
}

/// `/console/` is `/console`.
pub(crate) async fn slash() -> Response {
    redirect(crate::PATH)
}

async fn show(State(console): State<Shared>, signed: Signed) -> Answer {
    if !signed.is_master() {
        return Ok(redirect(home(&signed)).into_response());
    }
    let keys = KeyFilter { limit: 1, ..KeyFilter::default() };
    let (expiring, has_more_expiring) = expiring(&console, &signed).await?;
    ok(&OverviewPage {
        layout: Layout::new(&signed, Section::Overview),
        traffic: traffic(&console, &signed).await?,
        expiring,
        has_more_expiring,
        instances: instances(&console, &signed).await?,
        changes: changes(&console, &signed).await?,
        has_keys: has_some(&console.keys.list(&signed.permit(None)?, keys).await?),
    })
}

/// A page can be empty, and yet there are more.
fn has_some(page: &Page) -> bool {
    !page.keys.is_empty() || page.next.is_some()
}

async fn traffic(console: &Console, signed: &Signed) -> Result<Option<Traffic>, Error> {
    let ask = Ask { group: Some(Group::Code), ..Ask::default() };
    match console.usage.list(&signed.permit(None)?, ask).await {
        Ok(usage) => Ok(Some(Traffic::of(&usage))),
        Err(error) if error.code() == Code::Conflict => Ok(None),
        Err(error) => Err(error),
    }
}

impl Traffic {
    fn of(usage: &Usage) -> Self {
        let sum = |count: fn(&Point) -> u64| usage.points.iter().map(count).sum::<u64>();
        let (requests, refused) = (sum(|point| point.total.requests), sum(Point::refusals));
        Self {
            requests: grouped(requests),
            refused: grouped(refused),
            refused_part: percent(refused, requests),
            upstream_errors: grouped(sum(|point| point.upstream_errors)),
            chart: chart(usage, "Requests"),
            reasons: reasons(&usage.points),
        }
    }
}

/// The most frequent first.
fn reasons(points: &[Point]) -> Vec<(String, String, u64)> {
    let mut counts: BTreeMap<&str, u64> = BTreeMap::new();
    for (code, count) in points.iter().flat_map(|point| &point.refused) {
        *counts.entry(code).or_default() += count;
    }
    let all: u64 = counts.values().sum();
    let mut counts: Vec<_> = counts.into_iter().collect();
    counts.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    let part = |count: u64| (count * 100).div_ceil(all.max(1));
    counts.into_iter().map(|(code, count)| (code.to_owned(), grouped(count), part(count))).collect()
}

async fn expiring(console: &Console, signed: &Signed) -> Result<(Vec<KeyView>, bool), Error> {
    let now = console.clock.now();
    let filter = KeyFilter {
        expires_before: Some(now.plus_secs(SOON_DAYS * 86_400)),
        sort: Sort::Expires,
        order: Sort::Expires.usual_order(),
        // Behind those that have expired: they stay in lists.
        after: Some(Position { value: now.ms(), id: KeyId::new(Uuid::from_bits(u128::MAX)) }),
        limit: SHOWN,
        ..KeyFilter::default()
    };
    let page = console.keys.list(&signed.permit(None)?, filter).await?;
    Ok((page.keys.iter().map(|key| KeyView::new(console, key)).collect(), page.next.is_some()))
}

async fn changes(console: &Console, signed: &Signed) -> Result<Vec<AuditLine>, Error> {
    let filter = AuditFilter { limit: SHOWN + 2, ..AuditFilter::default() };
    let (rows, _) = console.audit.list(&signed.permit(None)?, filter).await?;
    Ok(rows.iter().map(|row| AuditLine::new(row, console.clock.now())).collect())
}

/// All instances.
pub(crate) async fn instances(console: &Console, signed: &Signed) -> Result<Vec<InstanceLine>, Error> {
    let (instances, _) = console.fleet.list(&signed.permit(None)?).await?;
    Ok(instances.into_iter().map(|view| InstanceLine::new(view, console.clock.now())).collect())
}

impl InstanceLine {
    pub(crate) fn new(view: InstanceView, now: Timestamp) -> Self {
        let member = view.instance.member;
        Self {
            id: member.id.to_string(),
            address: member.address,
            version: member.version,
            started: When::new(member.started_at, now),
            applied: view.instance.applied.0,
            is_self: view.is_self,
            is_lapsed: view.is_lapsed,
            quiet: view.quiet_for.map(|quiet| match quiet.as_secs() {
                0 => format!("{} ms ago", quiet.as_millis()),
                seconds => format!("{} ago", span(i64::try_from(seconds).unwrap_or(i64::MAX))),
            }),
        }
    }
}
