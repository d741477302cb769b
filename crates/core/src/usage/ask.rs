//! What can be asked, and how much of it at once.

use super::{Step, UsageQuery};
use crate::error::Error;
use crate::time::Timestamp;
use titan_token::{KeyId, TenantId};

/// The most points in time of an answer.
pub const MOST_POINTS: i64 = 1500;
/// The most of a group that are shown by themselves.
pub const MOST_TOP: u32 = 100;
/// How many that are if nobody says it.
pub const USUAL_TOP: u32 = 10;
/// The most rows that an answer can have: points times what is shown by itself.
pub const MOST_ROWS: i64 = 20_000;
const LONGEST_ROUTE: usize = 1000;

/// What is shown by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Group {
    /// Each outcome.
    Code,
    /// Each key.
    Key,
    /// Each route.
    Route,
    /// Each tenant.
    Tenant,
}

impl Group {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Code, Self::Key, Self::Route, Self::Tenant];

    /// As it is asked for.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Code => "code",
            Self::Key => "key",
            Self::Route => "route",
            Self::Tenant => "tenant",
        }
    }
}

/// A question about usage. `None`: as usual, or not restricted.
#[derive(Clone, Debug, Default)]
pub struct Ask {
    /// By hour, if nobody says it.
    pub step: Option<Step>,
    /// A time in the first rollup.
    pub from: Option<Timestamp>,
    /// The end; a rollup that has begun before it is shown.
    pub to: Option<Timestamp>,
    /// Only of this tenant.
    pub tenant: Option<TenantId>,
    /// Only of this key.
    pub key: Option<KeyId>,
    /// Only of this route.
    pub route: Option<String>,
    /// What is shown by itself.
    pub group: Option<Group>,
    /// How many of the group.
    pub top: Option<u32>,
}

/// The time of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// The length of a rollup.
    pub step: Step,
    /// The beginning of the first.
    pub from: Timestamp,
    /// The end of the last.
    pub to: Timestamp,
}

impl Window {
    fn of(ask: &Ask, now: Timestamp) -> Result<Self, Error> {
        let step = ask.step.unwrap_or(Step::Hour);
        let to = ask.to.map_or_else(|| next(step, now), |to| ceil(step, to));
        let from = step.floor(ask.from.unwrap_or(to.plus_secs(-usual_secs(step))));
        if from >= to {
            return Err(Error::invalid(format!("from: must be before `to`, which is {to}")));
        }
        let window = Self { step, from, to };
        if window.points() > MOST_POINTS { Err(window.too_long()) } else { Ok(window) }
    }

    /// How many rollups there are in it.
    pub fn points(&self) -> i64 {
        self.to.secs().saturating_sub(self.from.secs()) / self.step.secs()
    }

    fn too_long(&self) -> Error {
        let (points, step) = (self.points(), self.step.name());
        Error::invalid(format!(
            "from: {points} points by {step} up to {}, and at most {MOST_POINTS} are shown: use a longer step or a shorter time",
            self.to
        ))
    }
}

/// What is shown if nobody says from when: an hour of minutes, a day of hours, 30 days.
const fn usual_secs(step: Step) -> i64 {
    match step {
        Step::Minute => 3600,
        Step::Hour => 86_400,
        Step::Day => 30 * 86_400,
    }
}

fn ceil(step: Step, at: Timestamp) -> Timestamp {
    let floor = step.floor(at);
    if floor == at { floor } else { next(step, at) }
}

/// The end of the rollup that this time belongs to.
fn next(step: Step, at: Timestamp) -> Timestamp {
    step.floor(at).plus_secs(step.secs())
}

impl Ask {
    /// The question to the database, and its time. A bad one is refused with what would be right.
    pub(super) fn resolve(self, now: Timestamp) -> Result<(UsageQuery, Window), Error> {
        let window = Window::of(&self, now)?;
        let top = self.check_top(&window)?;
        self.check_route()?;
        let Window { step, from, to } = window;
        let Self { tenant, key, route, group, .. } = self;
        Ok((UsageQuery { step, from, to, tenant, key, route, group, top }, window))
    }

    fn check_top(&self, window: &Window) -> Result<u32, Error> {
        let top = self.top.unwrap_or(USUAL_TOP);
        if !(1..=MOST_TOP).contains(&top) {
            return Err(Error::invalid(format!("top: must be 1 to {MOST_TOP}")));
        }
        let rows = window.points() * (i64::from(top) + 1);
        if self.group.is_some_and(|group| group != Group::Code) && rows > MOST_ROWS {
            let (points, most) = (window.points(), MOST_ROWS / window.points() - 1);
            return Err(Error::invalid(format!("top: must be at most {most} for {points} points")));
        }
        Ok(top)
    }

    fn check_route(&self) -> Result<(), Error> {
        let is_good = |route: &String| (1..=LONGEST_ROUTE).contains(&route.len()) && !route.contains('\0');
        match &self.route {
            Some(route) if !is_good(route) => {
                Err(Error::invalid(format!("route: must be a pattern of 1 to {LONGEST_ROUTE} bytes")))
            }
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_secs(1_800_000_123);

    fn window(ask: Ask) -> Result<(i64, i64, i64), String> {
        let (_, window) = ask.resolve(NOW).map_err(|error| error.to_string())?;
        Ok((window.from.secs(), window.to.secs(), window.points()))
    }

    #[test]
    fn without_a_range_the_last_rollups_are_shown_with_the_one_that_runs() {
        for (step, points) in [(Step::Minute, 60), (Step::Hour, 24), (Step::Day, 30)] {
            let (from, to, shown) = window(Ask { step: Some(step), ..Ask::default() }).unwrap();
            assert!(from % step.secs() == 0 && to % step.secs() == 0 && to > NOW.secs(), "{step:?}");
            assert_eq!(shown, points, "{step:?}");
        }
    }

    #[test]
    fn the_last_moment_of_a_rollup_belongs_to_it() {
        let last = Timestamp::from_ms(1_800_000_060_000 - 1);
        let ask = Ask { step: Some(Step::Minute), ..Ask::default() };
        let (_, window) = ask.resolve(last).unwrap();
        assert_eq!((window.to.secs(), window.points()), (1_800_000_060, 60));
    }

    #[test]
    fn a_range_that_is_too_long_or_empty_is_refused_with_its_reason() {
        let from = |secs| Ask { from: Some(Timestamp::from_secs(secs)), ..Ask::default() };
        assert!(window(from(0)).unwrap_err().contains("at most 1500"));
        assert!(window(from(i64::MIN / 1000)).unwrap_err().contains("at most 1500"));
        assert!(window(from(NOW.secs() + 7200)).unwrap_err().contains("must be before"));
        let (from, to) = (Some(NOW), Some(NOW));
        assert_eq!(window(Ask { from, to, ..Ask::default() }).unwrap().2, 1, "the hour that has both");
    }

    #[test]
    fn a_group_has_a_bound_and_so_has_the_answer() {
        let top = |top| Ask { group: Some(Group::Key), top: Some(top), ..Ask::default() };
        assert!(window(top(100)).is_ok());
        assert!(window(top(0)).unwrap_err().contains("1 to 100"));
        assert!(window(top(101)).unwrap_err().contains("1 to 100"));
        let long = Ask { from: Some(NOW.plus_secs(-1400 * 3600)), ..top(100) };
        assert!(window(long).unwrap_err().contains("must be at most 13 for 1401 points"));
    }
}
