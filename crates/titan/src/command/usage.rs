//! `titan usage`: how keys are used, drawn over time or by what it is grouped by.

use super::remote::{Remote, moment};
use super::stream::given;
use super::table::Table;
use anyhow::Result;
use clap::{Args, ValueEnum};
use serde::Deserialize;
use std::cmp::Reverse;
use std::collections::BTreeMap;

const PATH: &str = "/admin/usage";
/// How many characters the longest bar has.
const WIDTH: u64 = 30;

#[derive(Args)]
pub(super) struct Usage {
    #[command(flatten)]
    remote: Remote,
    /// Show it by this length of time [default: hour]
    #[arg(long)]
    step: Option<Step>,
    /// From this time on [default: an hour ago by minute, a day by hour, 30 days by day]
    #[arg(long, value_name = "TIME", value_parser = moment)]
    from: Option<String>,
    /// Up to this time, for example 2026-01-31 or 2026-01-31T12:00:00Z [default: now]
    #[arg(long, value_name = "TIME", value_parser = moment)]
    to: Option<String>,
    /// Show the sums of each of these instead of each time
    #[arg(long)]
    group: Option<Group>,
    /// How many of a group are shown by themselves, 1 to 100 [default: 10]
    #[arg(long, value_name = "NUMBER")]
    top: Option<u32>,
    /// Only of this tenant
    #[arg(long, value_name = "NUMBER")]
    tenant: Option<u32>,
    /// Only of the key with this id
    #[arg(long, value_name = "ID")]
    key: Option<String>,
    /// Only of the route with this pattern
    #[arg(long, value_name = "PATTERN")]
    route: Option<String>,
}

#[derive(Clone, Copy, ValueEnum)]
enum Step {
    Minute,
    Hour,
    Day,
}

#[derive(Clone, Copy, ValueEnum)]
enum Group {
    Code,
    Key,
    Route,
    Tenant,
}

/// A point, as Titan answers it.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct PointView {
    at: String,
    label: Option<String>,
    requests: u64,
    refused: u64,
    upstream_errors: u64,
    bytes_in: u64,
    bytes_out: u64,
    seconds: f64,
}

/// What a line shows.
#[derive(Default)]
struct Sum {
    requests: u64,
    refused: u64,
    upstream_errors: u64,
    bytes: u64,
    seconds: f64,
}

impl Usage {
    pub(super) fn run(self) -> Result<()> {
        let answer = self.remote.client()?.get(PATH, &self.query())?;
        let group = self.group.map(Group::name);
        self.remote.print(&answer, |points: Vec<PointView>| draw(&points, group))
    }

    fn query(&self) -> Vec<(&'static str, String)> {
        given([
            ("step", self.step.map(|step| step.name().to_owned())),
            ("from", self.from.clone()),
            ("to", self.to.clone()),
            ("group", self.group.map(|group| group.name().to_owned())),
            ("top", self.top.map(|number| number.to_string())),
            ("tenant", self.tenant.map(|number| number.to_string())),
            ("key", self.key.clone()),
            ("route", self.route.clone()),
        ])
    }
}

impl Step {
    fn name(self) -> &'static str {
        match self {
            Self::Minute => "minute",
            Self::Hour => "hour",
            Self::Day => "day",
        }
    }
}

impl Group {
    fn name(self) -> &'static str {
        match self {
            Self::Code => "code",
            Self::Key => "key",
            Self::Route => "route",
            Self::Tenant => "tenant",
        }
    }
}

impl Sum {
    fn add(&mut self, point: &PointView) {
        self.requests += point.requests;
        self.refused += point.refused;
        self.upstream_errors += point.upstream_errors;
        self.bytes += point.bytes_in + point.bytes_out;
        self.seconds += point.seconds;
    }
}

/// A line for each time, or for each of the group: the most used first.
fn draw(points: &[PointView], group: Option<&str>) -> String {
    if points.is_empty() {
        return "No requests.".to_owned();
    }
    let mut sums = BTreeMap::<&str, Sum>::new();
    for point in points {
        let name = if group.is_some() { point.label.as_deref().unwrap_or("none") } else { &point.at };
        sums.entry(name).or_default().add(point);
    }
    let mut lines: Vec<_> = sums.into_iter().collect();
    if group.is_some() {
        lines.sort_by_key(|(_, sum)| Reverse(sum.requests));
    }
    table(&lines, group.unwrap_or("time"))
}

fn table(lines: &[(&str, Sum)], name: &str) -> String {
    let most = lines.iter().map(|(_, sum)| sum.requests).max().unwrap_or_default();
    let name = name.to_uppercase();
    let table = Table::headed([&name, "REQUESTS", "REFUSED", "UPSTREAM ERRORS", "BYTES", "MEAN", ""]);
    let table = lines.iter().fold(table, |table, (name, sum)| {
        table.row([
            name,
            &sum.requests.to_string(),
            &sum.refused.to_string(),
            &sum.upstream_errors.to_string(),
            &size(sum.bytes),
            &mean(sum),
            &bar(sum.requests, most),
        ])
    });
    table.to_string()
}

/// As long as its part of the longest. What is there at all can be seen.
fn bar(value: u64, most: u64) -> String {
    let length = u128::from(value) * u128::from(WIDTH) / u128::from(most.max(1));
    let length = usize::try_from(length).unwrap_or_default().max(usize::from(value > 0));
    "█".repeat(length)
}

/// Bytes with a unit, rounded down.
fn size(bytes: u64) -> String {
    let units = [(1 << 40, "TiB"), (1 << 30, "GiB"), (1 << 20, "MiB"), (1 << 10, "KiB")];
    let unit = units.into_iter().find(|(unit, _)| bytes >= *unit);
    unit.map_or_else(|| format!("{bytes} B"), |(unit, name)| format!("{} {name}", bytes / unit))
}

/// How long a request took.
fn mean(sum: &Sum) -> String {
    let count = u32::try_from(sum.requests.max(1)).unwrap_or(u32::MAX);
    format!("{:.1} ms", sum.seconds * 1000.0 / f64::from(count))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn point(at: &str, label: Option<&str>, requests: u64) -> PointView {
        let (at, label) = (at.to_owned(), label.map(str::to_owned));
        let seconds = f64::from(u32::try_from(requests).unwrap()) * 0.002;
        PointView {
            at,
            label,
            requests,
            refused: 1,
            upstream_errors: 0,
            bytes_in: 24,
            bytes_out: 1000,
            seconds,
        }
    }

    #[test]
    fn times_are_drawn_in_their_order_with_bars_by_their_requests() {
        let drawn = draw(&[point("10:00", None, 100), point("11:00", None, 1)], None);
        let lines: Vec<_> = drawn.lines().collect();
        assert!(lines[0].starts_with("TIME   REQUESTS  REFUSED  UPSTREAM ERRORS  BYTES  MEAN"), "{drawn}");
        assert!(
            lines[1].starts_with("10:00  100")
                && lines[1].ends_with(&format!("1 KiB  2.0 ms  {}", "█".repeat(30)))
        );
        assert!(lines[2].ends_with("2.0 ms  █"), "{drawn}");
        assert_eq!(draw(&[], None), "No requests.");
    }

    #[test]
    fn a_group_is_drawn_with_its_sums_the_most_used_first() {
        let points = [
            point("10:00", Some("a"), 1),
            point("10:00", None, 5),
            point("11:00", Some("a"), 9),
            point("11:00", Some("\x1b[2J"), 2),
        ];
        let drawn = draw(&points, Some("key"));
        let names: Vec<_> = drawn.lines().filter_map(|line| line.split_whitespace().next()).collect();
        assert_eq!(names, ["KEY", "a", "none", "\u{fffd}[2J"], "{drawn}");
    }
}
