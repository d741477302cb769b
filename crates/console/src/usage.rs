//! What was counted, as a chart.

use crate::chart::{Bar, Chart};
use std::collections::BTreeMap;
use titan_core::time::Timestamp;
use titan_core::usage::{Step, Usage};

const SERIES: [&str; 3] = ["Allowed", "Refused", "Upstream errors"];

/// The step of a query; by hour, if it names none.
pub(crate) fn step(name: &str) -> Step {
    Step::ALL.into_iter().find(|step| step.name() == name).unwrap_or(Step::Hour)
}

/// All points of an answer, and zeros between them.
pub(crate) fn chart(usage: &Usage, title: &str) -> Chart {
    let mut sums: BTreeMap<Timestamp, [u64; 3]> = BTreeMap::new();
    for point in &usage.points {
        let sum = sums.entry(point.at).or_default();
        for (sum, value) in sum.iter_mut().zip([point.allowed, point.refusals(), point.upstream_errors]) {
            *sum += value;
        }
    }
    let step = usage.window.step;
    let times = (0..usage.window.points()).map(|place| usage.window.from.plus_secs(place * step.secs()));
    let bars = times.map(|at| {
        let values = sums.get(&at).copied().unwrap_or_default().to_vec();
        Bar { time: label(at, step), values }
    });
    Chart::new("usage", format!("{title} by {} (UTC)", step.name()), &SERIES, bars.collect())
}

/// The day of a day, and the time of what is shorter.
fn label(at: Timestamp, step: Step) -> String {
    let text = at.to_string();
    let range = if step == Step::Day { 5..10 } else { 11..16 };
    text.get(range).unwrap_or_default().to_owned()
}
