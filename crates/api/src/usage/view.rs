//! What an answer shows.

use serde::Serialize;
use std::collections::BTreeMap;
use std::fmt::Display;
use std::time::Duration;
use titan_core::usage::{KeyUsage, Label, LastClient, Point, Usage, Who};
use utoipa::ToSchema;

/// What is shown for what had no room or is not among the first.
const OTHER: &str = "other";

/// Usage by time.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Usage)]
pub(crate) struct View {
    /// The earliest first. Times without any exchange are left out.
    pub(super) data: Vec<PointView>,
    /// `minute`, `hour` or `day`
    step: &'static str,
    /// The beginning of the first step (RFC 3339, UTC).
    from: String,
    /// The end of the last step.
    to: String,
    /// What is older may be deleted.
    kept_from: String,
}

/// The same of a key.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = UsageOfKey)]
pub(crate) struct KeyView {
    #[serde(flatten)]
    pub(super) usage: View,
    /// From where the key was last used; null: that is not known.
    last_client: Option<ClientView>,
}

/// From where a key was last used.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = LastClient)]
pub(crate) struct ClientView {
    /// RFC 3339, UTC
    at: String,
    /// The network of its address: IPv4 /24, IPv6 /48.
    address: String,
    /// The first 64 characters of its `User-Agent`.
    user_agent: String,
}

/// What was counted in a step.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = UsagePoint)]
pub(crate) struct PointView {
    /// The beginning of the step (RFC 3339, UTC).
    pub(super) at: String,
    /// With `group`: the code, key, route or tenant. `other`: what is not among the first, and what had no room. Null: without `group`, and
    /// where no credential was proven, for a user who has signed in, or without a route.
    pub(super) label: Option<String>,
    /// Exchanges that ended.
    pub(super) requests: u64,
    /// Those that passed and were answered.
    pub(super) allowed: u64,
    /// Those that did not pass.
    pub(super) refused: u64,
    /// How many for each code of an error.
    reasons: BTreeMap<String, u64>,
    /// Those that passed, and that the upstream failed: a 5xx, no answer, or one that broke off.
    pub(super) upstream_errors: u64,
    /// Those that the client left before an answer.
    pub(super) aborted: u64,
    /// Bytes of the bodies of requests.
    pub(super) bytes_in: u64,
    /// Bytes of the bodies of answers.
    pub(super) bytes_out: u64,
    /// The sum of the times that they took.
    pub(super) seconds: f64,
}

impl From<Usage> for View {
    fn from(usage: Usage) -> Self {
        Self {
            step: usage.window.step.name(),
            from: usage.window.from.to_string(),
            to: usage.window.to.to_string(),
            kept_from: usage.kept_from.to_string(),
            data: usage.points.into_iter().map(PointView::from).collect(),
        }
    }
}

impl From<KeyUsage> for KeyView {
    fn from(KeyUsage { usage, last_client }: KeyUsage) -> Self {
        Self { usage: usage.into(), last_client: last_client.map(ClientView::from) }
    }
}

impl From<LastClient> for ClientView {
    fn from(LastClient { at, address, user_agent }: LastClient) -> Self {
        Self { at: at.to_string(), address, user_agent }
    }
}

impl From<Point> for PointView {
    fn from(point: Point) -> Self {
        Self {
            at: point.at.to_string(),
            label: label(&point.label),
            requests: point.total.requests,
            allowed: point.allowed,
            refused: point.refusals(),
            reasons: point.refused,
            upstream_errors: point.upstream_errors,
            aborted: point.aborted,
            bytes_in: point.total.bytes_in,
            bytes_out: point.total.bytes_out,
            seconds: Duration::from_micros(point.total.micros).as_secs_f64(),
        }
    }
}

fn label(label: &Label) -> Option<String> {
    match label {
        Label::All => None,
        Label::Code(code) => Some(code.to_string()),
        Label::Key(key) => who(key),
        Label::Route(route) => who(route),
        Label::Tenant(tenant) => who(tenant),
    }
}

fn who(who: &Who<impl Display>) -> Option<String> {
    match who {
        Who::Known(known) => Some(known.to_string()),
        Who::Nobody => None,
        Who::Other => Some(OTHER.to_owned()),
    }
}
