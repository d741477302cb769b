//! The rule of a loan.

use super::{Ask, Loan, Tick, WINDOW};
use std::time::Duration;

/// A loan that is granted in the tick T can be spent in T and in T + 1. It is booked at T + 1.
const AHEAD: i64 = 1;
/// The rule looks back this far.
const BACK: i64 = 60;
/// A budget whose last booking is older than so many ticks says nothing any more.
pub const KEPT_TICKS: i64 = BACK + AHEAD + 1;
/// A loan that was not spent has been given back after so long.
const COMES_BACK: Duration = Duration::from_millis(1500);
/// No loan is smaller than this part of the limit, if there is so much left: otherwise the last parts are too small, and each
/// of them is a question to the database.
const SMALLEST_PART: u32 = 64;

/// What is booked of one limit, by tick, the oldest first.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Budget(Vec<(Tick, u32)>);

impl Budget {
    /// As [`Self::to_bytes`] wrote it. `None`: it is not one.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (entries, rest) = bytes.as_chunks::<12>();
        let read = |entry: &[u8; 12]| {
            let (tick, amount) = entry.split_first_chunk::<8>()?;
            Some((Tick(i64::from_be_bytes(*tick)), u32::from_be_bytes(amount.try_into().ok()?)))
        };
        rest.is_empty().then(|| entries.iter().map(read).collect::<Option<_>>().map(Self)).flatten()
    }

    /// 12 bytes for each tick: its number and the amount, big-endian.
    pub fn to_bytes(&self) -> Vec<u8> {
        let entry = |(tick, amount): &(Tick, u32)| {
            [tick.0.to_be_bytes().as_slice(), amount.to_be_bytes().as_slice()].concat()
        };
        self.0.iter().flat_map(entry).collect()
    }

    /// The last tick at which something is booked.
    pub fn last(&self) -> Option<Tick> {
        self.0.last().map(|(tick, _)| *tick)
    }

    /// Decides about a loan, and books it. `now` is the time by the clock of the database, since any moment.
    ///
    /// A window of 60 seconds touches 61 ticks, and what is spent in it is booked at one of 62. All of them are looked at in
    /// the last grant before its end, so they have at most the limit.
    pub fn lend(&mut self, now: Duration, ask: &Ask) -> Loan {
        let tick = Tick(i64::try_from(now.as_secs()).unwrap_or(i64::MAX - AHEAD));
        let at = Tick(tick.0 + AHEAD);
        self.give_back(ask.unspent);
        self.forget(tick, at);
        let rest = ask.limit.saturating_sub(self.booked());
        if rest < ask.needed || ask.wanted.max(ask.needed) == 0 {
            return Loan::Refused { retry_in: self.room_in(now, tick, ask), rest };
        }
        let part = (rest / 2).max(ask.limit.div_ceil(SMALLEST_PART));
        let amount = ask.wanted.min(part).max(ask.needed).min(rest);
        self.book(at, amount);
        Loan::Lent { amount, tick: at, rest: rest - amount, resets_in: self.leaves_in(now, 0) }
    }

    /// The clock begins anew: what is booked in its future counts from now.
    pub fn begin_at(&mut self, now: Duration) {
        let tick = Tick(i64::try_from(now.as_secs()).unwrap_or(i64::MAX - AHEAD));
        self.forget(tick, Tick(tick.0 + AHEAD));
    }

    fn give_back(&mut self, unspent: Option<(Tick, u32)>) {
        let Some((tick, amount)) = unspent else { return };
        if let Some((_, booked)) = self.0.iter_mut().find(|(booked, _)| *booked == tick) {
            *booked = booked.saturating_sub(amount);
        }
    }

    /// What is older counts no more. What is in the future was booked by a clock that has gone back since: it counts from now.
    fn forget(&mut self, tick: Tick, at: Tick) {
        let early = self.0.iter().filter(|(booked, _)| *booked > at).map(|(_, amount)| *amount);
        let early = early.fold(0_u32, u32::saturating_add);
        self.0.retain(|(booked, amount)| booked.0 >= tick.0 - BACK && *booked <= at && *amount > 0);
        self.book(at, early);
    }

    fn book(&mut self, at: Tick, amount: u32) {
        match self.0.last_mut() {
            _ if amount == 0 => {}
            Some((last, booked)) if *last == at => *booked = booked.saturating_add(amount),
            _ => self.0.push((at, amount)),
        }
    }

    fn booked(&self) -> u32 {
        self.0.iter().map(|(_, amount)| *amount).fold(0, u32::saturating_add)
    }

    /// When so much has left the window that the request fits. What was lent a moment ago may come back before.
    fn room_in(&self, now: Duration, tick: Tick, ask: &Ask) -> Duration {
        let missing = (self.booked().saturating_add(ask.needed)).saturating_sub(ask.limit);
        let lent = self.0.iter().filter(|(booked, _)| booked.0 >= tick.0 - AHEAD).map(|(_, amount)| *amount);
        let leaves_in = self.leaves_in(now, missing);
        if !ask.is_alone && lent.fold(0, u32::saturating_add) >= missing {
            leaves_in.min(COMES_BACK)
        } else {
            leaves_in
        }
    }

    /// When at least so much of what is booked has left the window; for nothing, when the oldest booking has.
    fn leaves_in(&self, now: Duration, amount: u32) -> Duration {
        let mut sum = 0_u32;
        let mut gone = self.0.iter().skip_while(|(_, booked)| {
            sum = sum.saturating_add(*booked);
            sum < amount
        });
        // A request for more than the limit never fits.
        let Some((tick, _)) = gone.next() else { return WINDOW };
        let end = u64::try_from(tick.0 + BACK + 1).unwrap_or(0);
        Duration::from_secs(end).saturating_sub(now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(secs: u64) -> Duration {
        Duration::from_secs(secs)
    }

    fn ask(limit: u32, wanted: u32) -> Ask {
        Ask { limit, wanted, needed: 1, ..Ask::default() }
    }

    fn lent(loan: Loan) -> u32 {
        match loan {
            Loan::Lent { amount, .. } => amount,
            Loan::Refused { .. } => 0,
        }
    }

    #[test]
    fn parts_get_smaller_as_the_budget_runs_out() {
        let mut budget = Budget::default();
        let parts: Vec<_> = (0..9).map(|_| lent(budget.lend(at(1000), &ask(100, 100)))).collect();
        assert_eq!(parts, [50, 25, 12, 6, 3, 2, 2, 0, 0]);
        assert_eq!(budget.last(), Some(Tick(1001)));
    }

    #[test]
    fn a_refusal_says_when_there_is_room() {
        let mut budget = Budget::default();
        lent(budget.lend(at(1000), &Ask { needed: 3, ..ask(5, 3) }));
        lent(budget.lend(at(1010), &Ask { needed: 2, ..ask(5, 2) }));
        let now = Duration::from_millis(1_020_250);
        let refused = |budget: &mut Budget, needed| match budget.lend(now, &Ask { needed, ..ask(5, needed) })
        {
            Loan::Refused { retry_in, rest: 0 } => retry_in,
            other => panic!("{other:?}"),
        };
        let retry = Duration::from_millis;
        // What is booked at 1001 counts in the ticks up to 1061, and is gone at 1062.
        assert_eq!(refused(&mut budget, 1), retry(41_750));
        assert_eq!(refused(&mut budget, 4), retry(51_750), "the second booking must go, too");
        assert_eq!(refused(&mut budget, 6), retry(60_000), "it never fits");
        assert_eq!(lent(budget.lend(Duration::from_millis(1_061_999), &ask(5, 1))), 0);
        assert_eq!(lent(budget.lend(at(1062), &Ask { needed: 3, ..ask(5, 3) })), 3);
    }

    #[test]
    fn what_was_lent_a_moment_ago_may_come_back_soon() {
        let mut budget = Budget::default();
        lent(budget.lend(at(1000), &Ask { needed: 5, ..ask(5, 5) }));
        let refused = |budget: &mut Budget, secs| match budget.lend(at(secs), &ask(5, 1)) {
            Loan::Refused { retry_in, .. } => retry_in,
            other @ Loan::Lent { .. } => panic!("{other:?}"),
        };
        assert_eq!(refused(&mut budget, 1001), COMES_BACK);
        assert_eq!(refused(&mut budget, 1003), at(59));
        let alone = Ask { is_alone: true, ..ask(5, 1) };
        let Loan::Refused { retry_in, .. } = budget.lend(at(1001), &alone) else { panic!("nothing is left") };
        assert_eq!(retry_in, at(61), "there is nobody from whom it could come back");
    }

    #[test]
    fn what_is_given_back_is_there_once() {
        let mut budget = Budget::default();
        let Loan::Lent { amount: 50, tick, .. } = budget.lend(at(1000), &ask(100, 50)) else {
            panic!("the first loan")
        };
        let back = Ask { unspent: Some((tick, 40)), limit: 100, ..Ask::default() };
        assert!(matches!(budget.lend(at(1002), &back), Loan::Refused { .. }), "it only gives back");
        assert_eq!(budget.booked(), 10);
        budget.lend(at(1100), &back);
        assert_eq!(budget.booked(), 0, "what has left the window cannot be given back");
    }

    #[test]
    fn a_clock_that_goes_back_costs_a_window_and_gives_nothing_twice() {
        let mut budget = Budget::default();
        assert_eq!(lent(budget.lend(at(9000), &Ask { needed: 5, ..ask(5, 5) })), 5);
        for secs in [1000, 1030, 1061] {
            assert_eq!(lent(budget.lend(at(secs), &ask(5, 1))), 0, "at {secs}");
        }
        assert_eq!(lent(budget.lend(at(1062), &ask(5, 1))), 1);
    }

    #[test]
    fn its_bytes_are_read_again() {
        let mut budget = Budget::default();
        budget.lend(at(1000), &ask(100, 7));
        budget.lend(at(1020), &ask(100, u32::MAX));
        assert_eq!(Budget::from_bytes(&budget.to_bytes()), Some(budget));
        assert_eq!(Budget::from_bytes(&[]), Some(Budget::default()));
        assert_eq!(Budget::from_bytes(&[1; 13]), None);
    }
}
