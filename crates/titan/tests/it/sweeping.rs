//! What is revoked does not stay for ever, and no clock brings it back: `docs/adr/0017-sweeping.md`.

use crate::support::database::{SEAL_KEY, new_database};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant};
use tempfile::TempDir;
use titan::system::{SystemClock, SystemEntropy};
use titan_core::access::Denial;
use titan_core::key::{Creator, Key};
use titan_core::port::Store;
use titan_core::revision::{InstanceId, Member, Propagation, Revision};
use titan_core::session::JwtSettings;
use titan_core::signing::{SigningKeyService, SlotKey};
use titan_core::tenant::DEFAULT;
use titan_core::time::{Clock, Timestamp, Uptime};
use titan_core::usage::{Flush, LastClient, Outcome, Retention, Series, Step, Tally, UsageQuery, Who};
use titan_edge::{Follower, Guard};
use titan_store::{Location, SealKey, connect};
use titan_token::{KeyId, PlainKey, Prefix, ScopeBit, SigningKey, Uuid};

const DAY: i64 = 86_400;
const RETENTION: Retention = Retention { minute: 1, hour: 2, day: 3, keeps_clients: true };

/// Both clocks of the system, each of which the test moves by itself.
#[derive(Default)]
struct MovedClock {
    wall: AtomicI64,
    uptime: AtomicI64,
}

impl MovedClock {
    fn pass(&self, seconds: i64) {
        self.set_wall(seconds);
        self.uptime.fetch_add(seconds, Ordering::SeqCst);
    }

    fn set_wall(&self, seconds: i64) {
        self.wall.fetch_add(seconds, Ordering::SeqCst);
    }
}

impl Clock for MovedClock {
    fn now(&self) -> Timestamp {
        SystemClock.now().plus_secs(self.wall.load(Ordering::SeqCst))
    }

    fn uptime(&self) -> Uptime {
        let passed = self.uptime.load(Ordering::SeqCst).unsigned_abs();
        SystemClock.uptime().plus(Duration::from_secs(passed))
    }
}

/// An instance without a wire.
struct Instance {
    store: Arc<dyn Store>,
    guard: Arc<Guard>,
    follower: Arc<Follower>,
    clock: Arc<MovedClock>,
    signer: SlotKey,
    made: AtomicI64,
    _folder: TempDir,
}

impl Instance {
    async fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let location = Location::parse(&new_database(folder.path())).unwrap();
        let (clock, entropy) = (Arc::<MovedClock>::default(), Arc::new(SystemEntropy));
        let seal = SealKey::from_base64(SEAL_KEY).unwrap();
        let (store, catalogue) =
            connect(&location, seal, &[], &*clock, Arc::<SystemEntropy>::clone(&entropy)).await.unwrap();
        SigningKeyService::ensure(&*store, &*clock, &*entropy).await.unwrap();
        let signer = store.signing_keys().await.unwrap().remove(0);
        let guard = Guard::new(
            Arc::new(catalogue),
            JwtSettings::default(),
            Arc::<MovedClock>::clone(&clock),
            Arc::clone(&store),
        );
        let guard = Arc::new(guard);
        let follower = follow(&store, &guard, &clock).await;
        let running = Arc::clone(&follower);
        tokio::spawn(async move { running.run().await });
        Self { store, guard, follower, clock, signer, made: AtomicI64::new(0), _folder: folder }
    }

    /// A key that lives for so many days, in the database and as text.
    fn key(&self, days: i64) -> (Key, PlainKey) {
        let now = self.clock.now();
        let number = self.made.fetch_add(1, Ordering::SeqCst).unsigned_abs();
        let mut random = [7; 10];
        random[..8].copy_from_slice(&number.to_be_bytes());
        let key = Key {
            id: KeyId::new(Uuid::v7(now.ms().unsigned_abs(), random)),
            tenant: DEFAULT,
            prefix: Prefix::Standard,
            slot: self.signer.slot,
            label: "x".to_owned(),
            scopes: vec![ScopeBit::ALL],
            created_at: now.whole_seconds(),
            expires_at: now.whole_seconds().plus_secs(days * DAY),
            is_active: true,
            revoked_at: None,
            rotated_at: None,
            retires_at: None,
            created_by: Creator::Master,
            is_suspended: false,
            rate_limit: None,
            limited_as: None,
            rotated_from: None,
            last_used_at: None,
        };
        let text = key.claims().sign(key.prefix, &SigningKey::for_api_keys(&self.signer.secret));
        (key, text)
    }

    /// Makes keys and revokes them.
    async fn revoke(&self, keys: Vec<Key>) {
        let mut tx = self.store.begin().await.unwrap();
        let mut last = Revision::default();
        for key in keys {
            let key = Key { revoked_at: Some(self.clock.now()), ..key };
            tx.add_key(&key).await.unwrap();
            last = tx.record_change(&key.change()).await.unwrap();
        }
        tx.commit().await.unwrap();
        self.follower.wait_until_in_force(last).await.unwrap();
    }

    /// A round of sweeping that is in force.
    async fn sweep(&self) {
        self.follower.sweep_once().await.unwrap();
        let head = self.store.changes_after(Revision::default(), 1).await.unwrap().head;
        self.follower.wait_until_in_force(head).await.unwrap();
    }

    async fn denial(&self, key: &PlainKey) -> Option<Denial> {
        self.guard.decide(key.expose(), self.clock.moment()).await.1.err()
    }

    async fn log_length(&self) -> usize {
        self.store.changes_after(Revision::default(), 1_000_000).await.unwrap().list.decode().unwrap().len()
    }
}

async fn follow(store: &Arc<dyn Store>, guard: &Arc<Guard>, clock: &Arc<MovedClock>) -> Arc<Follower> {
    let follower = follower(store, guard, clock).with_usage_retention(Some(RETENTION));
    follower.start().await.unwrap();
    Arc::new(follower)
}

fn follower(store: &Arc<dyn Store>, guard: &Arc<Guard>, clock: &Arc<MovedClock>) -> Follower {
    let (version, address) = (String::new(), String::new());
    let member = Member { id: InstanceId(1), version, address, started_at: clock.now() };
    Follower::new(Arc::clone(store), Arc::clone(guard), Arc::<MovedClock>::clone(clock), member)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_clock_that_leaps_ten_years_ahead_kills_no_key_and_revives_none() {
    let instance = Instance::start().await;
    let (good, good_text) = instance.key(90);
    let (bad, bad_text) = instance.key(90);
    let mut tx = instance.store.begin().await.unwrap();
    tx.add_key(&good).await.unwrap();
    tx.commit().await.unwrap();
    instance.revoke(vec![bad]).await;
    instance.clock.set_wall(3650 * DAY);
    for _ in 0..5 {
        instance.sweep().await;
    }
    instance.clock.set_wall(-3650 * DAY);
    assert_eq!(instance.denial(&good_text).await, None);
    assert_eq!(instance.denial(&bad_text).await, Some(Denial::Revoked));
    assert_eq!(instance.log_length().await, 1, "the row stays");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_swept_stays_refused_when_the_clock_is_set_back() {
    let instance = Instance::start().await;
    let (bad, text) = instance.key(30);
    instance.revoke(vec![bad]).await;
    for _ in 0..33 {
        instance.clock.pass(DAY);
        instance.sweep().await;
    }
    assert_eq!((instance.log_length().await, instance.guard.restricted_count()), (0, 0), "it is forgotten");
    for years in [0, 1, 10] {
        instance.clock.set_wall(-years * 365 * DAY);
        assert_eq!(instance.denial(&text).await, Some(Denial::Expired));
        instance.clock.set_wall(years * 365 * DAY);
    }
    // Also for an instance that has never heard of it.
    let guard = Guard::new(
        Arc::new(titan_core::access::Catalogue::new([]).unwrap()),
        JwtSettings::default(),
        Arc::<MovedClock>::clone(&instance.clock),
        Arc::clone(&instance.store),
    );
    instance.clock.set_wall(-20 * DAY);
    let guard = Arc::new(guard);
    let _follower = follow(&instance.store, &guard, &instance.clock).await;
    assert_eq!(guard.decide(text.expose(), instance.clock.moment()).await.1.err(), Some(Denial::Expired));
}

/// A year with keys of 90 days. Memory, the log and the time of a start follow the keys that have not expired.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_year_of_revocations_is_flat() {
    const A_DAY: usize = 30;
    let instance = Instance::start().await;
    let mut most = 0;
    for day in 0..365 {
        let keys: Vec<_> = (0..A_DAY).map(|_| instance.key(90).0).collect();
        instance.revoke(keys).await;
        instance.clock.pass(DAY);
        instance.sweep().await;
        most = most.max(instance.guard.restricted_count());
        if day == 180 {
            assert!(most >= 90 * A_DAY, "none is forgotten too early: {most}");
        }
    }
    // Two days more than a key lives: the hour of grace, and the round after which it is deleted.
    assert!(most <= 93 * A_DAY, "{most} in memory");
    let log = instance.log_length().await;
    assert!(log <= 93 * A_DAY, "{log} in the log");
    let began = Instant::now();
    let guard = Guard::new(
        Arc::new(titan_core::access::Catalogue::new([]).unwrap()),
        JwtSettings::default(),
        Arc::<MovedClock>::clone(&instance.clock),
        Arc::clone(&instance.store),
    );
    let guard = Arc::new(guard);
    let _follower = follow(&instance.store, &guard, &instance.clock).await;
    assert!(guard.restricted_count() <= 93 * A_DAY);
    println!("{most} keys in memory, {log} rows in the log, started in {:?}", began.elapsed());
}

/// How many requests the rollups of each length have, those of minutes first.
async fn usage(store: &dyn Store) -> [u64; 3] {
    let mut sums = [0; 3];
    for (sum, step) in sums.iter_mut().zip(Step::ALL) {
        let (from, to) = (Timestamp::from_secs(0), Timestamp::from_secs(100_000 * DAY));
        let query = UsageQuery { step, from, to, tenant: None, key: None, route: None, group: None, top: 1 };
        *sum = store.usage(&query).await.unwrap().iter().map(|row| row.tally.requests).sum();
    }
    sums
}

#[tokio::test]
async fn usage_that_is_old_is_deleted_and_a_leap_of_the_clock_deletes_none() {
    let instance = Instance::start().await;
    let now = instance.clock.now();
    for (number, days) in (1..).zip([0, 1, 2, 3, 4]) {
        let series = Series {
            tenant: Who::Nobody,
            key: Who::Nobody,
            route: Who::Nobody,
            outcome: Outcome::new("allowed"),
        };
        let minute = now.plus_secs(-days * DAY - 7200);
        let rows = vec![(series, Tally { requests: 1, ..Tally::default() })];
        let flush = Flush { instance: InstanceId(1), number, minute, rows, clients: Vec::new() };
        instance.store.add_usage(&flush).await.unwrap();
    }
    instance.clock.set_wall(3650 * DAY);
    instance.sweep().await;
    // A day is deleted when all of it is old, so the third may still be there, by the time of day.
    let [minutes, hours, days] = usage(&*instance.store).await;
    assert_eq!((minutes, hours), (1, 2));
    assert!(days == 3 || days == 4, "{days}");
}

/// What nobody keeps up to date would stay for ever.
#[tokio::test]
async fn clients_are_deleted_when_usage_or_they_are_switched_off() {
    let instance = Instance::start().await;
    let off = Retention { keeps_clients: false, ..RETENTION };
    for (number, retention) in [(1, None), (2, Some(off))] {
        let (key, now) = (instance.key(1).0.id, instance.clock.now());
        let client = LastClient { at: now, address: "::/48".to_owned(), user_agent: "x".to_owned() };
        let (tenant, route) = (Who::Known(DEFAULT), Who::Nobody);
        let series = Series { tenant, key: Who::Known(key), route, outcome: Outcome::new("allowed") };
        let rows = vec![(series, Tally { requests: 1, ..Tally::default() })];
        let clients = vec![(key, client.clone())];
        let flush = Flush { instance: InstanceId(1), number, minute: now, rows, clients };
        instance.store.add_usage(&flush).await.unwrap();
        instance.sweep().await;
        assert_eq!(instance.store.last_client(key).await.unwrap(), Some(client), "it is new");
        let follower = follower(&instance.store, &instance.guard, &instance.clock);
        follower.with_usage_retention(retention).sweep_once().await.unwrap();
        assert_eq!(instance.store.last_client(key).await.unwrap(), None);
        assert_eq!(usage(&*instance.store).await, [number; 3], "rollups stay");
    }
}
