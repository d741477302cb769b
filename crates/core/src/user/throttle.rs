//! How many wrong sign-ins are allowed: 10 in any 15 minutes, for each account and for each address.
//!
//! # The rule
//!
//! Each sign-in has two counts, that of the account and that of the address (IPv6: its /64, which one customer has whole).
//! It has a third one if that account signed in from that address before: the count of the *known* pair.
//!
//! Where the pair is known, its count alone decides whether a sign-in may be tried. Otherwise the account's and the
//! address's must both have room. Whatever lets it in, it is counted in each count of it that has room.
//!
//! **It is counted as failed before the password is checked** ([`Counts::begin`]), in the transaction that reads the
//! counts. Otherwise a hundred tries at once would all see room. When it has succeeded, with the second factor if there
//! is one, its own place in each count is taken back ([`Counts::succeed`]), and the pair is known from then on. What did not
//! get so far that its password was found wrong is taken back, too ([`Counts::take_back`]).
//!
//! # Cases
//!
//! - *Guessing*: one account, one address. Ten tries, then 429.
//! - *Spraying*: many accounts, one address. The address's count stops it. A good account of the attacker's own is of no
//!   use: its sign-in takes back its own place and no other.
//! - *Stuffing*: one account, many addresses. The account's count stops it, and goes on stopping it from any address that
//!   the owner did not use before.
//! - *The owner, meanwhile*, gets in from where they were before, by the count of the pair. From elsewhere they wait.
//! - *One address for many*: an office, or a proxy that Titan was not told to trust. An attacker there, or a program with
//!   an old password, fills the count of the address. Those who signed in there before still get in. The price: an
//!   attacker there has ten tries for each account that is known there, instead of ten in all, and can find out which
//!   accounts these are: the others are refused with 429.
//! - *An account that does not exist* is counted like one that does: an answer does not tell which.
//! - *A clock that was set back*: what was counted in what is now the future counts as if it were now. Nobody waits
//!   longer than the 15 minutes.
//!
//! # What is stored
//!
//! For each [`Subject`], the times of at most ten failures: 80 bytes. So the limit is exact, in any 15 minutes and not
//! only in those that begin on the hour. The row of an account or an address says nothing after [`Attempts::ends_at`];
//! the row of a known pair stays, also when it is empty, for [`KNOWN_SECS`] after its last sign-in.

use super::Email;
use crate::time::Timestamp;
use aws_lc_rs::digest::{SHA256, digest};
use std::net::{IpAddr, Ipv6Addr};

/// The most failures of a subject in any [`WINDOW_SECS`].
pub const LIMIT: usize = 10;
/// 15 minutes.
pub const WINDOW_SECS: i64 = 15 * 60;
/// How long an address is known after a sign-in from there: 90 days, longer than a session lives (30).
pub const KNOWN_SECS: i64 = 90 * 24 * 3600;

/// Whose attempts are counted, hashed: the table must not list the e-mail addresses of people who have no account here.
/// The hash hides no IPv4 address from somebody who tries all of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Subject([u8; 32]);

impl Subject {
    /// An account, whether there is one or not.
    pub fn account(email: &Email) -> Self {
        Self::hash("account", "", &email.lookup_form())
    }

    /// An address.
    pub fn address(address: IpAddr) -> Self {
        Self::hash("address", &network(address), "")
    }

    /// An account at an address.
    pub fn known(email: &Email, address: IpAddr) -> Self {
        Self::hash("known", &network(address), &email.lookup_form())
    }

    /// The key of the row.
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// No part contains a line feed.
    fn hash(kind: &str, network: &str, account: &str) -> Self {
        let mut bytes = [0; 32];
        let text = format!("titan/v1/attempt/{kind}\n{network}\n{account}");
        bytes.copy_from_slice(digest(&SHA256, text.as_bytes()).as_ref());
        Self(bytes)
    }
}

/// What one customer has: an IPv4 address, or the /64 of an IPv6 address (RFC 6177), in which every address is theirs.
fn network(address: IpAddr) -> String {
    match address.to_canonical() {
        IpAddr::V4(address) => address.to_string(),
        IpAddr::V6(address) => {
            let prefix = address.to_bits() & (u128::MAX << 64);
            format!("{}/64", Ipv6Addr::from_bits(prefix))
        }
    }
}

/// The last failures of one subject, oldest first: at most [`LIMIT`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Attempts(Vec<Timestamp>);

impl Attempts {
    /// Reads what was stored. `None`: these are not bytes of [`Attempts::to_bytes`].
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        let (times, rest) = bytes.as_chunks();
        let times: Vec<_> = times.iter().map(|ms| Timestamp::from_ms(i64::from_be_bytes(*ms))).collect();
        let is_whole = rest.is_empty() && times.len() <= LIMIT && times.is_sorted();
        is_whole.then_some(Self(times))
    }

    /// What is stored: eight bytes a failure, milliseconds since 1970, big-endian.
    pub fn to_bytes(&self) -> Vec<u8> {
        self.0.iter().flat_map(|time| time.ms().to_be_bytes()).collect()
    }

    /// From when on nothing of it counts; `None` if it is empty.
    pub fn ends_at(&self) -> Option<Timestamp> {
        self.0.last().map(|last| last.plus_secs(WINDOW_SECS))
    }

    /// Forgets what no longer counts. A time in the future was written before the clock was set back.
    fn settle(&mut self, now: Timestamp) {
        self.0.iter_mut().for_each(|time| *time = (*time).min(now));
        self.0.retain(|time| time.plus_secs(WINDOW_SECS) > now);
    }

    /// From when on there is room; `None` if there is room. Settled before.
    fn full_until(&self) -> Option<Timestamp> {
        let oldest = self.0.first().filter(|_| self.0.len() >= LIMIT);
        oldest.map(|oldest| oldest.plus_secs(WINDOW_SECS))
    }

    fn add(&mut self, now: Timestamp) -> bool {
        let has_room = self.full_until().is_none();
        if has_room {
            self.0.push(now);
        }
        has_room
    }

    /// Another instance, whose clock is behind, may have written an earlier time in its place.
    fn take_back(&mut self, time: Timestamp) {
        if let Some(place) = self.0.iter().rposition(|other| *other <= time) {
            self.0.remove(place);
        }
    }
}

/// The counts of one sign-in, as they are stored.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Of [`Subject::account`].
    pub account: Attempts,
    /// Of [`Subject::address`].
    pub address: Attempts,
    /// Of [`Subject::known`]; `None` where that account did not sign in from that address.
    pub known: Option<Attempts>,
}

/// A sign-in that was counted and has not succeeded yet.
#[must_use = "what succeeds must be taken back"]
#[derive(Clone, Copy, Debug)]
pub struct Attempt {
    at: Timestamp,
    is_on_account: bool,
    is_on_address: bool,
    is_on_known: bool,
}

/// There were too many failures: 429.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Throttled {
    /// Seconds, for `Retry-After` (RFC 9110, 10.2.3): 1 to [`WINDOW_SECS`].
    pub retry_after: u32,
}

impl Counts {
    /// Counts a sign-in as failed, before anything of it is checked, or refuses it. Either way the counts can be stored;
    /// a refusal adds nothing.
    pub fn begin(&mut self, now: Timestamp) -> Result<Attempt, Throttled> {
        self.settle(now);
        self.check(now)?;
        let is_on_known = self.known.as_mut().is_some_and(|known| known.add(now));
        let (is_on_account, is_on_address) = (self.account.add(now), self.address.add(now));
        Ok(Attempt { at: now, is_on_account, is_on_address, is_on_known })
    }

    /// Takes back a sign-in that succeeded: the pair is known from now on. The counts are read again for it: others may
    /// have begun since.
    pub fn succeed(&mut self, attempt: Attempt) {
        self.take_back(attempt);
        self.known.get_or_insert_default();
    }

    /// Takes back a sign-in whose password was not found to be wrong.
    pub fn take_back(&mut self, attempt: Attempt) {
        let counts = [
            (Some(&mut self.account), attempt.is_on_account),
            (Some(&mut self.address), attempt.is_on_address),
            (self.known.as_mut(), attempt.is_on_known),
        ];
        for (count, is_on) in counts {
            if let Some(count) = count.filter(|_| is_on) {
                count.take_back(attempt.at);
            }
        }
    }

    /// Whether a sign-in would be refused now.
    pub fn look(&self, now: Timestamp) -> Result<(), Throttled> {
        let mut counts = self.clone();
        counts.settle(now);
        counts.check(now)
    }

    fn settle(&mut self, now: Timestamp) {
        let common = [&mut self.account, &mut self.address];
        common.into_iter().chain(&mut self.known).for_each(|attempts| attempts.settle(now));
    }

    fn check(&self, now: Timestamp) -> Result<(), Throttled> {
        let full_until = match &self.known {
            Some(known) => known.full_until(),
            // `None`, which means room, comes before every time.
            None => self.account.full_until().max(self.address.full_until()),
        };
        let Some(until) = full_until else { return Ok(()) };
        let seconds = (until.ms() - now.ms() + 999) / 1000;
        Err(Throttled { retry_after: u32::try_from(seconds).unwrap_or(u32::MAX) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::HashMap;

    /// A store, and a service that checks passwords.
    #[derive(Default)]
    struct World {
        rows: HashMap<Subject, Attempts>,
        now_ms: i64,
    }

    fn account(number: u32) -> Email {
        Email::parse(&format!("user{number}@example.org")).unwrap()
    }

    fn address(number: u32) -> IpAddr {
        IpAddr::V4((0x0a00_0000 + number).into())
    }

    impl World {
        fn counts(&self, who: &Email, from: IpAddr) -> Counts {
            let row = |subject| self.rows.get(&subject).cloned();
            Counts {
                account: row(Subject::account(who)).unwrap_or_default(),
                address: row(Subject::address(from)).unwrap_or_default(),
                known: row(Subject::known(who, from)),
            }
        }

        fn store(&mut self, who: &Email, from: IpAddr, counts: Counts) {
            self.rows.insert(Subject::account(who), counts.account);
            self.rows.insert(Subject::address(from), counts.address);
            self.rows.extend(counts.known.map(|known| (Subject::known(who, from), known)));
        }

        fn now(&self) -> Timestamp {
            Timestamp::from_ms(self.now_ms)
        }

        fn begin(&mut self, who: u32, from: u32) -> Result<Attempt, Throttled> {
            let (who, from) = (account(who), address(from));
            let mut counts = self.counts(&who, from);
            let attempt = counts.begin(self.now());
            self.store(&who, from, counts);
            attempt
        }

        fn succeed(&mut self, who: u32, from: u32, attempt: Attempt) {
            let (who, from) = (account(who), address(from));
            let mut counts = self.counts(&who, from);
            counts.succeed(attempt);
            self.store(&who, from, counts);
        }

        /// Whether it may be tried, and it is right.
        fn sign_in(&mut self, who: u32, from: u32) -> bool {
            self.begin(who, from).map(|attempt| self.succeed(who, from, attempt)).is_ok()
        }

        /// Whether it may be tried, and it is wrong.
        fn fail(&mut self, who: u32, from: u32) -> bool {
            self.begin(who, from).is_ok()
        }

        fn wait(&mut self, seconds: i64) {
            self.now_ms += seconds * 1000;
        }
    }

    /// How many of these are allowed.
    fn allowed(tries: impl Iterator<Item = bool>) -> usize {
        tries.filter(|is_allowed| *is_allowed).count()
    }

    #[test]
    fn guessing_ends_after_ten() {
        let mut world = World::default();
        assert_eq!(allowed((0..100).map(|_| world.fail(1, 1))), 10);
        assert!(!world.sign_in(1, 1), "the right password too");
        world.wait(WINDOW_SECS);
        assert!(world.sign_in(1, 1));
    }

    /// Each begins before any other has ended.
    #[test]
    fn a_hundred_guesses_at_once_are_ten() {
        let mut world = World::default();
        let begun: Vec<_> = (0..100).map(|_| world.begin(1, 1)).collect();
        assert_eq!(allowed(begun.iter().map(Result::is_ok)), 10);
    }

    #[test]
    fn a_spray_over_many_accounts_ends_after_ten() {
        let mut world = World::default();
        assert_eq!(allowed((0..1000).map(|who| world.fail(who, 1))), 10);
        assert!(world.sign_in(1, 2), "others are not touched");
    }

    #[test]
    fn a_good_account_gives_a_sprayer_nothing() {
        let mut world = World::default();
        assert!(world.sign_in(0, 1));
        let mut sprayed = 0;
        for who in 1..1000 {
            sprayed += usize::from(world.fail(who, 1));
            assert!(world.sign_in(0, 1), "their own account goes on working");
        }
        assert_eq!(sprayed, 10);
    }

    #[test]
    fn stuffing_from_many_addresses_ends_after_ten() {
        let mut world = World::default();
        assert_eq!(allowed((0..1000).map(|from| world.fail(1, from))), 10);
        assert!(world.sign_in(2, 1), "others are not touched");
    }

    /// Their sign-in does not open the account to the attacker.
    #[test]
    fn the_owner_gets_in_during_an_attack_from_where_they_were() {
        let mut world = World::default();
        assert!(world.sign_in(1, 1));
        let mut guesses = 0;
        for minute in 0..15 {
            guesses += allowed((0..100).map(|from| world.fail(1, 1000 + 100 * minute + from)));
            assert!(world.sign_in(1, 1), "{minute}");
            assert!(!world.sign_in(1, 2), "a new address waits");
            world.wait(59);
        }
        assert_eq!(guesses, 10);
    }

    #[test]
    fn an_address_that_is_known_has_ten_of_its_own() {
        let mut world = World::default();
        assert!(world.sign_in(1, 1));
        assert_eq!(allowed((0..100).map(|from| world.fail(1, 1000 + from))), 10);
        assert_eq!(allowed((0..100).map(|_| world.fail(1, 1))), 10);
        assert!(!world.sign_in(1, 1), "the pair is full as well");
    }

    /// Failures that only the pair counted, because the other counts were full, count when those have room again.
    #[test]
    fn a_known_pair_that_is_full_waits_also_where_the_other_counts_have_room() {
        let mut world = World::default();
        assert!(world.sign_in(1, 1));
        assert_eq!(allowed((0..10).map(|_| world.fail(2, 1))), 10);
        assert_eq!(allowed((0..10).map(|from| world.fail(1, 1000 + from))), 10);
        world.wait(WINDOW_SECS - 1);
        assert_eq!(allowed((0..100).map(|_| world.fail(1, 1))), 10);
        world.wait(1);
        assert!(!world.fail(1, 1));
        assert!(world.fail(1, 3) && world.fail(3, 1), "the other two have room");
    }

    #[test]
    fn who_was_there_before_gets_in_from_an_address_that_is_full() {
        let mut world = World::default();
        assert!(world.sign_in(1, 1));
        assert_eq!(allowed((0..100).map(|_| world.fail(2, 1))), 10, "a program with an old password");
        assert!(world.sign_in(1, 1));
        assert!(!world.sign_in(3, 1), "who was not there before waits");
    }

    /// A success that was let in by the pair alone has no place in the full counts, and takes none out.
    #[test]
    fn what_was_not_counted_is_not_taken_back() {
        let mut world = World::default();
        assert!(world.sign_in(1, 1));
        assert_eq!(allowed((0..10).map(|_| world.fail(2, 1))), 10);
        assert!(world.sign_in(1, 1), "in the same millisecond");
        assert!(!world.fail(2, 1));
    }

    #[test]
    fn a_sign_in_that_works_costs_nothing() {
        let mut world = World::default();
        assert_eq!(allowed((0..100).map(|_| world.sign_in(1, 1))), 100);
        assert_eq!(allowed((0..9).map(|_| world.fail(1, 1))), 9);
        assert!(world.sign_in(1, 1), "the tenth is right");
        assert_eq!(allowed((0..100).map(|_| world.fail(1, 1))), 1, "and gives no new guesses");
    }

    #[test]
    fn the_answer_says_when_to_come_back() {
        let mut world = World::default();
        assert!(world.fail(1, 1));
        world.now_ms += 5_500;
        assert_eq!(allowed((0..9).map(|_| world.fail(1, 1))), 9);
        world.wait(60);
        assert_eq!(world.begin(1, 1).unwrap_err(), Throttled { retry_after: 835 });
        world.wait(834);
        assert_eq!(world.begin(1, 1).unwrap_err(), Throttled { retry_after: 1 });
        world.wait(1);
        assert!(world.fail(1, 1), "one place is free");
        assert!(!world.fail(1, 1), "and no more");
    }

    #[test]
    fn a_clock_that_was_set_back_makes_nobody_wait_longer() {
        let mut world = World::default();
        world.wait(365 * 24 * 3600);
        assert_eq!(allowed((0..10).map(|_| world.fail(1, 1))), 10);
        world.wait(-364 * 24 * 3600);
        assert_eq!(world.begin(1, 1).unwrap_err(), Throttled { retry_after: 900 });
        world.wait(WINDOW_SECS);
        assert!(world.sign_in(1, 1));
    }

    #[test]
    fn subjects_are_accounts_addresses_and_pairs() {
        let ip = |text: &str| text.parse::<IpAddr>().unwrap();
        let same = |a: &str, b: &str| Subject::address(ip(a)) == Subject::address(ip(b));
        assert!(same("2001:db8:1:2::1", "2001:db8:1:2:ffff:ffff:ffff:ffff"));
        assert!(!same("2001:db8:1:2::1", "2001:db8:1:3::1"));
        assert!(same("192.0.2.1", "::ffff:192.0.2.1") && !same("192.0.2.1", "192.0.2.2"));
        let (lower, upper) = (account(1), Email::parse("USER1@EXAMPLE.ORG").unwrap());
        assert_eq!(Subject::account(&lower), Subject::account(&upper));
        assert_eq!(Subject::known(&lower, address(1)), Subject::known(&upper, address(1)));
        let all = [
            Subject::account(&lower),
            Subject::account(&account(2)),
            Subject::address(address(1)),
            Subject::known(&lower, address(1)),
            Subject::known(&lower, address(2)),
            Subject::known(&account(2), address(1)),
        ];
        assert_eq!(all.iter().collect::<std::collections::HashSet<_>>().len(), all.len());
    }

    #[test]
    fn what_is_stored_is_read_again_and_nothing_else_is() {
        let mut world = World::default();
        assert_eq!(
            allowed((0..100).map(|_| {
                world.wait(1);
                world.fail(1, 1)
            })),
            10
        );
        let full = &world.rows[&Subject::account(&account(1))];
        assert_eq!(Attempts::from_bytes(&full.to_bytes()).as_ref(), Some(full));
        assert_eq!(full.to_bytes().len(), 80);
        assert_eq!(full.ends_at(), Some(Timestamp::from_secs(10 + WINDOW_SECS)));
        assert_eq!(Attempts::from_bytes(&[]), Some(Attempts::default()));
        assert_eq!(Attempts::default().ends_at(), None);
        for bad in [&[0; 7][..], &[0; 88], &[&[1; 8][..], &[0; 8]].concat()] {
            assert_eq!(Attempts::from_bytes(bad), None, "{bad:?}");
        }
    }

    /// A sign-in of random people from random places after a random time, wrong or right.
    fn arrivals() -> impl Strategy<Value = Vec<(u32, u32, i64, bool)>> {
        let pause = prop_oneof![0_i64..3, 0_i64..90_000, Just(899_999), Just(900_000)];
        proptest::collection::vec((0_u32..3, 0_u32..3, pause, proptest::bool::weighted(0.1)), 0..100)
    }

    /// Fewer than eleven lie in any window: the eleventh comes 15 minutes after the first, or later.
    fn is_within_limit(times: &[i64]) -> bool {
        times.windows(LIMIT + 1).all(|window| window[LIMIT] - window[0] >= WINDOW_SECS * 1000)
    }

    proptest! {
        #[test]
        fn no_subject_has_more_than_ten_failures_in_any_fifteen_minutes(arrivals in arrivals()) {
            let mut world = World::default();
            let mut strangers: HashMap<Subject, Vec<i64>> = HashMap::new();
            let mut pairs: HashMap<Subject, Vec<i64>> = HashMap::new();
            for (who, from, pause, is_right) in arrivals {
                world.now_ms += pause;
                let pair = Subject::known(&account(who), address(from));
                let is_known = world.rows.contains_key(&pair);
                let Ok(attempt) = world.begin(who, from) else { continue };
                if is_right {
                    world.succeed(who, from, attempt);
                    pairs.remove(&pair);
                } else if is_known {
                    pairs.entry(pair).or_default().push(world.now_ms);
                } else {
                    for subject in [Subject::account(&account(who)), Subject::address(address(from))] {
                        strangers.entry(subject).or_default().push(world.now_ms);
                    }
                }
            }
            prop_assert!(strangers.values().chain(pairs.values()).all(|times| is_within_limit(times)));
            prop_assert!(world.rows.values().all(|row| row.0.len() <= LIMIT && row.0.is_sorted()));
        }

        /// And none is refused without ten failures behind it, nor longer than needed.
        #[test]
        fn who_is_refused_gets_in_when_the_answer_says(pauses in proptest::collection::vec(0_i64..200_000, 0..60)) {
            let mut world = World::default();
            let mut failures = Vec::new();
            for pause in pauses {
                world.now_ms += pause;
                let recent = failures.iter().filter(|at| *at + WINDOW_SECS * 1000 > world.now_ms).count();
                match world.begin(1, 1) {
                    Ok(_) => failures.push(world.now_ms),
                    Err(Throttled { retry_after }) => {
                        prop_assert_eq!(recent, LIMIT);
                        prop_assert!((1..=900).contains(&retry_after));
                        let mut later = world.counts(&account(1), address(1));
                        let end = world.now().plus_secs(retry_after.into());
                        prop_assert!(later.clone().begin(end.plus_secs(-1)).is_err());
                        prop_assert!(later.begin(end).is_ok());
                    }
                }
            }
        }
    }
}
