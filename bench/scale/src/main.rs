//! Many instances on one real PostgreSQL: the load on the database, and how long a change takes to be in force everywhere.
//!
//! Each instance is the program's own store and follower, with connections of its own: it renews its lease, follows the
//! log, watches the others, and listens. Only the HTTP ports and the requests are left out, which do not use the database.
//!
//! `titan-fleet URL INSTANCES REVOCATIONS_A_SECOND SECONDS` prints one line of JSON.

use anyhow::{Context, Result, bail, ensure};
use std::sync::Arc;
use std::time::{Duration, Instant};
use titan::system::{SystemClock, SystemEntropy};
use titan_core::entropy::{Entropy, random};
use titan_core::port::Store;
use titan_core::revision::{Change, InstanceId, KeyStatus, Member, Propagation};
use titan_core::session::JwtSettings;
use titan_core::signing::SigningKeyService;
use titan_core::time::Clock;
use titan_edge::{Follower, Guard, Readiness};
use titan_store::{Location, SealKey, connect};
use titan_token::{KeyId, Uuid};
use tokio::task::JoinSet;
use tokio::time::{MissedTickBehavior, interval, sleep, timeout};

const SEAL_KEY: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
/// The first seconds are not measured: connections are opened and statements prepared.
const WARM_UP: Duration = Duration::from_secs(4);
/// A change that is not in force by then counts as lost.
const PATIENCE: Duration = Duration::from_secs(15);
/// This much time at most, whatever is asked for.
const MOST_SECONDS: u64 = 100;

struct Instance {
    store: Arc<dyn Store>,
    follower: Arc<Follower>,
}

struct Load {
    instances: u32,
    revocations_a_second: f64,
    time: Duration,
}

/// What became of one change: how long its commit took, how long it then was until it was in force, and where.
struct Done {
    commit: Duration,
    in_force: Duration,
    lapsed: u32,
}

async fn start(url: &str, entropy: &Arc<dyn Entropy>) -> Result<Instance> {
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let seal = SealKey::from_base64(SEAL_KEY)?;
    let location = Location::parse(url)?;
    let (store, catalogue) = connect(&location, seal, &[], &*clock, Arc::clone(entropy)).await?;
    SigningKeyService::ensure(&*store, &*clock, &**entropy).await?;
    let member = Member {
        id: InstanceId(u64::from_be_bytes(random(&**entropy))),
        version: "fleet".to_owned(),
        address: "127.0.0.1:0".to_owned(),
        started_at: clock.now(),
    };
    let guard = Arc::new(Guard::new(Arc::new(catalogue), JwtSettings::default(), Arc::clone(&clock), Arc::clone(&store)));
    let follower = Arc::new(Follower::new(Arc::clone(&store), guard, clock, member));
    follower.start().await?;
    let running = Arc::clone(&follower);
    tokio::spawn(async move { running.run().await });
    Ok(Instance { store, follower })
}

/// Revokes a key that nobody has: the transaction of a revision, without the row of the key and the audit.
async fn revoke(instance: Arc<Instance>, key: KeyId) -> Result<Done> {
    let began = Instant::now();
    let revoked = KeyStatus { is_revoked: true, ..KeyStatus::default() };
    let mut tx = instance.store.begin().await?;
    let revision = tx.record_change(&Change::Key(key, revoked)).await?;
    tx.commit().await?;
    let commit = began.elapsed();
    let receipt = instance.follower.wait_until_in_force(revision).await?;
    let lapsed = receipt.proof.context("without a proof")?.0.lapsed;
    Ok(Done { commit, in_force: began.elapsed().saturating_sub(commit), lapsed })
}

fn random_key(entropy: &dyn Entropy) -> KeyId {
    KeyId::new(Uuid::from_bits(u128::from_be_bytes(random(entropy))))
}

/// Changes at a fixed rate, through the instances in turn. A late one does not hold up the next.
async fn load(fleet: &[Arc<Instance>], load: &Load, entropy: &Arc<dyn Entropy>) -> Result<Vec<Done>> {
    let mut ticks = interval(Duration::from_secs_f64(1.0 / load.revocations_a_second));
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let (began, mut changes) = (Instant::now(), JoinSet::new());
    let mut turns = fleet.iter().cycle();
    while began.elapsed() < load.time {
        ticks.tick().await;
        let instance = turns.next().context("no instances")?;
        changes.spawn(timeout(PATIENCE, revoke(Arc::clone(instance), random_key(&**entropy))));
    }
    let mut done = Vec::new();
    while let Some(change) = changes.join_next().await {
        done.push(change???);
    }
    Ok(done)
}

fn sorted(done: &[Done], time: impl Fn(&Done) -> Duration) -> Vec<Duration> {
    let mut times: Vec<_> = done.iter().map(time).collect();
    times.sort_unstable();
    times
}

fn percentile(sorted: &[Duration], percent: usize) -> f64 {
    let last = sorted.len().saturating_sub(1);
    sorted.get(last * percent / 100).map_or(0.0, |time| time.as_secs_f64() * 1000.0)
}

fn report(load: &Load, done: &[Done], lapsed_now: usize) -> String {
    let (commit, in_force) = (sorted(done, |one| one.commit), sorted(done, |one| one.in_force));
    format!(
        "{{\"instances\":{},\"changes\":{},\"commit_p50_ms\":{:.1},\"commit_p99_ms\":{:.1},\"in_force_p50_ms\":{:.1},\
         \"in_force_p99_ms\":{:.1},\"in_force_max_ms\":{:.1},\"changes_with_a_lapsed_instance\":{},\
         \"instances_lapsed_at_the_end\":{lapsed_now}}}",
        load.instances,
        done.len(),
        percentile(&commit, 50),
        percentile(&commit, 99),
        percentile(&in_force, 50),
        percentile(&in_force, 99),
        percentile(&in_force, 100),
        done.iter().filter(|one| one.lapsed > 0).count(),
    )
}

async fn run(url: &str, wanted: &Load) -> Result<()> {
    let entropy: Arc<dyn Entropy> = Arc::new(SystemEntropy);
    let mut fleet = Vec::new();
    for _ in 0..wanted.instances {
        fleet.push(Arc::new(start(url, &entropy).await?));
    }
    sleep(WARM_UP).await;
    // The reader of this line takes the times of the processes now and at the line of the result.
    println!("ready");
    let done = if wanted.revocations_a_second > 0.0 {
        load(&fleet, wanted, &entropy).await?
    } else {
        sleep(wanted.time).await;
        Vec::new()
    };
    let lapsed = fleet.iter().filter(|one| one.follower.readiness() != Readiness::Ready).count();
    println!("{}", report(wanted, &done, lapsed));
    // The reader looks at the database before the connections close.
    std::io::stdin().read_line(&mut String::new())?;
    Ok(())
}

#[tokio::main]
async fn main() -> Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [url, instances, rate, seconds] = arguments.as_slice() else {
        bail!("titan-fleet URL INSTANCES REVOCATIONS_A_SECOND SECONDS");
    };
    ensure!(url.contains("@127.0.0.1:"), "only a database on this machine");
    let time = Duration::from_secs(seconds.parse::<u64>()?.min(MOST_SECONDS));
    let load = Load { instances: instances.parse()?, revocations_a_second: rate.parse()?, time };
    run(url, &load).await
}
