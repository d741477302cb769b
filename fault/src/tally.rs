//! Numbers for the summary.

use crate::key::Due;
use crate::lock;
use crate::outcome::Outcome;
use std::collections::BTreeMap;
use std::sync::Mutex;

#[derive(Default)]
pub(crate) struct Tally(Mutex<BTreeMap<(&'static str, String), u64>>);

impl Tally {
    fn count(&self, group: &'static str, name: &str) {
        *lock(&self.0).entry((group, name.to_owned())).or_default() += 1;
    }

    /// A receipt; `lapsed` instances had not applied the change.
    pub(crate) fn receipt(&self, kind: &str, lapsed: u64) {
        self.count("revocations", kind);
        if lapsed > 0 {
            self.count("receipts", "of these with lapsed > 0");
        }
    }

    /// An attempt at a change that gave no receipt.
    pub(crate) fn attempt(&self, how: &str) {
        self.count("changes without a receipt, tried again", how);
    }

    pub(crate) fn fault(&self, name: &str) {
        self.count("faults", name);
    }

    pub(crate) fn outcome(&self, outcome: &Outcome, due: Due) {
        let name = match (outcome, due) {
            (Outcome::Accepted, Due::Either) => "accepted before the receipt",
            (Outcome::Accepted, _) => "accepted",
            (Outcome::Refused(_), Due::Either) => "refused before the receipt",
            (Outcome::Refused(_), _) => "refused",
            (Outcome::Unknown, _) => "503",
            (Outcome::Lost, _) => "without an answer",
            (Outcome::Odd(what), _) => what,
        };
        self.count("requests", name);
    }

    pub(crate) fn violation(&self) {
        self.count("violations", "violations");
    }

    pub(crate) fn violations(&self) -> u64 {
        self.sum("violations")
    }

    pub(crate) fn revocations(&self) -> u64 {
        self.sum("revocations")
    }

    pub(crate) fn sum(&self, group: &str) -> u64 {
        lock(&self.0).iter().filter(|((own, _), _)| *own == group).map(|(_, count)| count).sum()
    }

    /// A line for each group.
    pub(crate) fn lines(&self) -> Vec<String> {
        let mut groups = BTreeMap::<_, Vec<_>>::new();
        for ((group, name), count) in lock(&self.0).iter() {
            groups.entry(*group).or_default().push(format!("{name} {count}"));
        }
        let line = |(group, parts): (&str, Vec<String>)| {
            format!("{group} ({}): {}", self.sum(group), parts.join(", "))
        };
        groups.into_iter().map(line).collect()
    }
}
