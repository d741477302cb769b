//! Several instances over one set of budgets, with a clock that the tests move.

use super::quota::Kind;
use super::*;
use async_trait::async_trait;
use proptest::prelude::*;
use std::collections::VecDeque;
use std::sync::atomic::AtomicBool;
use std::time::Duration;
use titan_core::error::Code;
use titan_core::limit::{Ask, Budget, Loan};
use titan_core::port::{StoreError, StoreResult};
use titan_core::time::Timestamp;
use titan_token::{KeyId, Uuid};
use tokio::runtime::{Builder, Runtime};

#[derive(Default)]
struct VirtualClock(AtomicU64);

impl VirtualClock {
    fn advance(&self, ms: u64) {
        self.0.fetch_add(ms, Ordering::SeqCst);
    }

    fn ms(&self) -> u64 {
        self.0.load(Ordering::SeqCst)
    }
}

impl Clock for VirtualClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_ms(0)
    }

    fn uptime(&self) -> Uptime {
        Uptime::new(Duration::from_millis(self.ms()))
    }
}

/// The budgets of a database whose clock began somewhere else.
struct Memory {
    clock: Arc<VirtualClock>,
    budgets: Mutex<HashMap<Subject, Budget>>,
    asked: AtomicU64,
    is_down: AtomicBool,
    /// How long a question takes until it is decided, and then until the answer is there.
    latency: AtomicU64,
}

#[async_trait]
impl Budgets for Memory {
    async fn borrow(&self, subject: Subject, ask: &Ask, _: Uptime) -> StoreResult<Loan> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        if self.is_down.load(Ordering::SeqCst) {
            return Err(StoreError::Unavailable("down".into()));
        }
        let latency = self.latency.load(Ordering::SeqCst);
        self.clock.advance(latency);
        let now = Duration::from_millis(self.clock.ms() + 1_700_000_000_321);
        let loan = self.budgets.lock().unwrap().entry(subject).or_default().lend(now, ask);
        self.clock.advance(latency);
        Ok(loan)
    }

    async fn sweep_budgets(&self, _: Uptime) -> StoreResult<()> {
        Ok(())
    }
}

struct World {
    clock: Arc<VirtualClock>,
    database: Arc<Memory>,
    instances: Vec<Limiter>,
    runtime: Runtime,
    limit: u32,
    /// When requests were let through.
    passed: Vec<u64>,
}

impl World {
    fn new(instances: usize, limit: u32) -> Self {
        let clock = Arc::new(VirtualClock::default());
        clock.advance(10_000);
        let database = Arc::new(Memory {
            clock: Arc::clone(&clock),
            budgets: Mutex::default(),
            asked: AtomicU64::new(0),
            is_down: AtomicBool::new(false),
            latency: AtomicU64::new(0),
        });
        let runtime = Builder::new_current_thread().enable_time().build().unwrap();
        let mut world = Self { clock, database, instances: Vec::new(), runtime, limit, passed: Vec::new() };
        world.instances = (0..instances).map(|_| world.instance()).collect();
        world
    }

    fn instance(&self) -> Limiter {
        let (budgets, clock) = (Arc::clone(&self.database), Arc::clone(&self.clock));
        let limiter = Limiter::new(Some(budgets), clock);
        limiter.set(&Settings { rate_limit: self.limit, msg_rate_limit: self.limit, ..Settings::default() });
        limiter
    }

    fn count(&mut self, instance: usize, cost: Cost) -> Result<Option<Quota>, Refusal> {
        let result = self.runtime.block_on(self.instances[instance].count(cost));
        if result.is_ok() {
            // It passes now, after all that it has waited for.
            let ms = self.clock.ms();
            self.passed.extend((0..cost.amount).map(|_| ms));
        }
        result
    }

    fn ask(&mut self, instance: usize) -> bool {
        self.count(instance, ONE).is_ok()
    }

    fn tidy(&self) {
        for instance in &self.instances {
            self.runtime.block_on(instance.tidy());
        }
    }

    fn asked(&self) -> u64 {
        self.database.asked.load(Ordering::SeqCst)
    }

    /// The most that any 60 seconds have.
    fn most_in_a_window(&self) -> usize {
        let (mut window, mut most) = (VecDeque::new(), 0);
        for at in &self.passed {
            window.push_back(*at);
            while window.front().is_some_and(|first| first + 60_000 <= *at) {
                window.pop_front();
            }
            most = most.max(window.len());
        }
        most
    }
}

const ONE: Cost = Cost { amount: 1, own: None, is_message: false };

fn key(n: u32) -> Subject {
    Subject::Key(KeyId::new(Uuid::v7(u64::from(n), [u8::try_from(n % 251).unwrap(); 10])))
}

#[derive(Clone, Debug)]
enum Step {
    /// So many requests to one of them.
    Burst(usize, u16),
    /// One of them dies with what it holds, and starts anew.
    Death(usize),
    /// From now on, a question takes so long.
    Latency(u64),
    Tidy,
    Wait(u64),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        4 => (0_usize..4, 1_u16..80).prop_map(|(instance, count)| Step::Burst(instance, count)),
        4 => prop_oneof![0_u64..40, 300_u64..1_300, 5_000_u64..70_000].prop_map(Step::Wait),
        1 => (0_usize..4).prop_map(Step::Death),
        1 => prop_oneof![Just(0_u64), 1_u64..600].prop_map(Step::Latency),
        1 => Just(Step::Tidy),
    ];
    prop::collection::vec(step, 1..120)
}

proptest! {
    #[test]
    fn no_window_has_more_than_the_limit(limit in 1_u32..150, count in 1_usize..5, steps in steps()) {
        let mut world = World::new(count, limit);
        for step in steps {
            match step {
                Step::Burst(instance, requests) => {
                    for n in 0..requests {
                        // Some count toward three limits: each of them may have to be asked for.
                        let own = (n % 3 == 0).then(|| (key(u32::from(n % 2)), limit));
                        world.count(instance % count, Cost { amount: 1, own, is_message: n % 2 == 0 }).ok();
                    }
                }
                Step::Latency(ms) => world.database.latency.store(ms, Ordering::SeqCst),
                Step::Death(instance) => world.instances[instance % count] = world.instance(),
                Step::Tidy => world.tidy(),
                Step::Wait(ms) => world.clock.advance(ms),
            }
        }
        prop_assert!(world.most_in_a_window() <= usize::try_from(limit).unwrap());
    }
}

/// What one has borrowed and does not use is soon there for the others.
#[test]
fn an_instance_that_goes_quiet_takes_little_from_the_others() {
    let mut world = World::new(2, 100);
    for _ in 0..2 {
        assert!(world.ask(0));
        world.clock.advance(2);
    }
    for _ in 0..400 {
        world.ask(1);
        world.clock.advance(10);
        world.tidy();
    }
    assert!((95..=100).contains(&world.passed.len()), "{} of 100", world.passed.len());
}

#[test]
fn what_a_large_request_cannot_have_is_left_for_others() {
    let mut world = World::new(1, 10);
    let cost = |amount| Cost { amount, ..ONE };
    assert!(world.count(0, cost(7)).is_ok());
    let refusal = world.count(0, cost(4)).unwrap_err();
    assert_eq!(refusal.quota.unwrap().remaining, 3);
    let asked = world.asked();
    for amount in [4, 9, 11] {
        assert!(world.count(0, cost(amount)).is_err());
    }
    assert_eq!(world.asked(), asked, "it is known");
    assert_eq!((0..5).filter(|_| world.ask(0)).count(), 3);
}

#[test]
fn a_key_asks_nobody_while_the_global_limit_is_used_up() {
    let mut world = World::new(1, 3);
    while world.ask(0) {}
    let asked = world.asked();
    for n in 0..50 {
        let refusal = world.count(0, Cost { own: Some((key(n), 5)), ..ONE }).unwrap_err();
        assert_eq!(refusal.quota.unwrap().kind, Kind::Global);
    }
    assert_eq!(world.asked(), asked);
    assert_eq!(world.instances[0].key_count(), 50);
    world.tidy();
    assert_eq!(world.instances[0].key_count(), 0, "and takes no memory");
}

/// Three instances share a large limit as unevenly as one likes: little of it is lost, and the database has little to do.
#[test]
fn little_is_lost_to_the_split_and_the_database_is_seldom_asked() {
    let mut world = World::new(3, 6000);
    let seconds = 250;
    for tick in 0..seconds * 50 {
        // 400 a second, and who gets them changes every ten seconds.
        let favourite = usize::try_from(tick / 500 % 3).unwrap();
        for n in 0..8 {
            world.ask(if n < 6 { favourite } else { (favourite + n) % 3 });
        }
        if tick % 25 == 0 {
            world.tidy();
        }
        world.clock.advance(20);
    }
    let asked = world.asked() / u64::try_from(seconds).unwrap();
    assert!(world.most_in_a_window() <= 6000);
    let began = world.passed[0];
    let late = world.passed.iter().filter(|at| **at >= began + 62_000 && **at < began + 248_000).count();
    assert!(late * 100 >= 95 * 3 * 6000, "{late} of 3 x 6000 in three windows of 62 seconds");
    assert!(asked <= 3 * 5, "{asked} questions a second from three instances");
}

#[test]
fn what_is_refused_asks_nobody() {
    let mut world = World::new(2, 5);
    assert_eq!((0..10).filter(|_| world.ask(0)).count(), 5);
    let asked = world.asked();
    assert_eq!(world.count(0, ONE).unwrap_err().error.retry_after(), Some(2));
    for _ in 0..1000 {
        let refusal = world.count(0, ONE).unwrap_err();
        assert_eq!(refusal.error.code(), Code::RateLimitExceeded);
        assert_eq!(refusal.quota.unwrap().remaining, 0);
        world.clock.advance(1);
    }
    assert_eq!(world.asked(), asked);
    assert!(!world.ask(1), "another instance has nothing either");
}

#[test]
fn the_tightest_limit_is_told_and_a_refusal_costs_the_others_nothing() {
    let mut world = World::new(1, 100);
    world.instances[0].set(&Settings { rate_limit: 100, msg_rate_limit: 10, ..Settings::default() });
    let message = Cost { is_message: true, ..ONE };
    let limited = Cost { own: Some((key(1), 3)), ..message };
    assert_eq!(world.count(0, limited).unwrap().unwrap().kind, Kind::Key);
    assert_eq!(
        world.count(0, message).unwrap().unwrap(),
        Quota { kind: Kind::Message, limit: 10, remaining: 8, resets_in_secs: 62 }
    );
    assert_eq!(world.count(0, ONE).unwrap().unwrap().remaining, 97);
    assert!(world.count(0, limited).is_ok() && world.count(0, limited).is_ok());
    for _ in 0..50 {
        let refusal = world.count(0, limited).unwrap_err();
        assert_eq!(refusal.quota.unwrap().kind, Kind::Key);
    }
    assert_eq!(world.count(0, ONE).unwrap().unwrap().remaining, 94);
    assert_eq!((0..20).filter(|_| world.count(0, message).is_ok()).count(), 6, "four messages were sent");
}

#[test]
fn a_lower_limit_counts_for_what_was_let_through_before() {
    let mut world = World::new(1, 1000);
    assert_eq!((0..30).filter(|_| world.ask(0)).count(), 30);
    world.limit = 20;
    world.instances[0].set(&Settings { rate_limit: 20, ..Settings::default() });
    assert!(!world.ask(0));
    world.clock.advance(62_000);
    assert_eq!((0..30).filter(|_| world.ask(0)).count(), 20);
    world.instances[0].set(&Settings::default());
    assert!(world.ask(0), "nothing is limited any more");
}

#[test]
fn without_the_database_nothing_is_let_through_that_is_not_borrowed() {
    let mut world = World::new(1, 100);
    assert!(world.ask(0));
    world.clock.advance(2000);
    world.database.is_down.store(true, Ordering::SeqCst);
    let asked = world.asked();
    for _ in 0..1000 {
        assert_eq!(world.count(0, ONE).unwrap_err().error.code(), Code::NotReady);
    }
    assert_eq!(world.asked(), asked + 1, "it is not asked again at once");
    world.database.is_down.store(false, Ordering::SeqCst);
    world.clock.advance(1000);
    assert!(world.ask(0));
}

#[test]
fn keys_that_are_not_used_take_no_memory() {
    let mut world = World::new(1, 0);
    for n in 0..2000 {
        world.count(0, Cost { own: Some((key(n), 1)), ..ONE }).unwrap();
        world.count(0, Cost { own: Some((key(n), 1)), ..ONE }).unwrap_err();
    }
    assert!(world.instances[0].key_count() > 200);
    world.clock.advance(62_000);
    world.tidy();
    assert_eq!(world.instances[0].key_count(), 0);
}

#[test]
fn a_request_may_count_for_several() {
    let mut world = World::new(2, 10);
    let cost = |amount| Cost { amount, ..ONE };
    assert!(world.count(0, cost(11)).is_err(), "it never fits");
    assert!(world.count(0, cost(7)).is_ok());
    assert!(world.count(1, cost(4)).is_err());
    assert!(world.count(1, cost(3)).is_ok());
    assert_eq!(world.most_in_a_window(), 10);
}
