//! A database, three instances, and faults.

use crate::change::Changer;
use crate::chaos::{Chaos, keep_alive};
use crate::http::{Client, request};
use crate::instance::{Instance, Site};
use crate::key::{Due, Key};
use crate::ledger::Ledger;
use crate::load::{Caller, Way};
use crate::outcome::Outcome;
use crate::postgres::Postgres;
use crate::random::Random;
use crate::tally::Tally;
use crate::{Options, upstream};
use anyhow::{Result, bail};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

const INSTANCES: usize = 3;
/// How long everything may take to be well again after the last fault.
const RECOVERY: Duration = Duration::from_mins(1);
const PROGRESS: Duration = Duration::from_secs(20);
const GOOD_KEYS: usize = 10;

/// Three instances and who calls them.
pub(crate) struct Fleet {
    pub(crate) client: Client,
    pub(crate) ledger: Arc<Ledger>,
    pub(crate) callers: Vec<Caller>,
}

impl Fleet {
    pub(crate) async fn start(
        options: &Options,
        postgres: &Postgres,
        tally: &Arc<Tally>,
        database: String,
        breaks: &str,
    ) -> Result<Self> {
        postgres.new_database(&database)?;
        let (client, ledger) = (Client::new(), Arc::new(Ledger::new(Arc::clone(tally))));
        let site = Site {
            program: options.titan.clone(),
            folder: postgres.folder().to_owned(),
            database,
            server: postgres.address,
            upstream: upstream::serve(&ledger).await?,
            breaks: breaks.to_owned(),
        };
        let mut callers = Vec::new();
        for number in 0..INSTANCES {
            let instance = Arc::new(Instance::start(number, &site).await?);
            callers.push(Caller::new(client.clone(), Arc::clone(&ledger), instance));
        }
        let fleet = Self { client, ledger, callers };
        if !fleet.is_ready_within(RECOVERY).await? {
            bail!("the instances do not start");
        }
        Ok(fleet)
    }

    pub(crate) fn changer(&self, random: Random) -> Changer {
        Changer {
            client: self.client.clone(),
            ledger: Arc::clone(&self.ledger),
            callers: self.callers.clone(),
            random,
        }
    }

    pub(crate) async fn is_ready_within(&self, patience: Duration) -> Result<bool> {
        let began = Instant::now();
        for caller in &self.callers {
            while !self.is_ready(caller).await? {
                if began.elapsed() > patience {
                    return Ok(false);
                }
                sleep(Duration::from_millis(50)).await;
            }
        }
        Ok(true)
    }

    async fn is_ready(&self, caller: &Caller) -> Result<bool> {
        let ask = request("GET", &caller.instance.url("/health/ready"), "", None)?;
        Ok(self.client.send(ask, Duration::from_secs(2)).await.is_some_and(|answer| answer.status == 200))
    }
}

pub(crate) struct Round<'a> {
    options: &'a Options,
    postgres: &'a Arc<Postgres>,
    tally: &'a Arc<Tally>,
    number: u64,
    random: Random,
    end: watch::Sender<bool>,
}

impl<'a> Round<'a> {
    pub(crate) fn new(
        options: &'a Options,
        postgres: &'a Arc<Postgres>,
        tally: &'a Arc<Tally>,
        number: u64,
        random: Random,
    ) -> Self {
        Self { options, postgres, tally, number, random, end: watch::Sender::new(false) }
    }

    /// The violations that were found.
    pub(crate) async fn run(mut self) -> Result<Vec<String>> {
        let database = format!("round{}", self.number);
        let fleet = Fleet::start(self.options, self.postgres, self.tally, database, "").await?;
        let mut changer = fleet.changer(self.random.fork());
        for _ in 0..GOOD_KEYS {
            changer.new_key(1).await?;
        }
        let mut helpers = self.start_helpers(&fleet);
        let chaos = self.start_chaos(&fleet);
        let result = self.make_changes(&fleet).await;
        self.end.send_replace(true);
        finish(chaos).await?;
        result?;
        if !fleet.ledger.is_broken() {
            check_recovery(&fleet).await?;
        }
        self.report(&fleet);
        helpers.abort_all();
        Ok(fleet.ledger.violations())
    }

    fn start_helpers(&mut self, fleet: &Fleet) -> JoinSet<()> {
        let mut helpers = JoinSet::new();
        for caller in &fleet.callers {
            helpers.spawn(caller.clone().load(self.options.rate, self.random.fork()));
            let alive = keep_alive(Arc::clone(&caller.instance));
            helpers.spawn(async { alive.await.unwrap_or_else(|error| eprintln!("fault: {error:#}")) });
        }
        helpers.spawn(tell(self.number, Arc::clone(self.tally)));
        helpers
    }

    fn start_chaos(&mut self, fleet: &Fleet) -> JoinSet<Result<()>> {
        let mut tasks = JoinSet::new();
        let deck = Arc::default();
        let mut chaos = || Chaos {
            faults: self.options.faults.clone(),
            tally: Arc::clone(self.tally),
            deck: Arc::clone(&deck),
            end: self.end.subscribe(),
            random: self.random.fork(),
        };
        for caller in &fleet.callers {
            tasks.spawn(chaos().torment(Arc::clone(&caller.instance)));
        }
        tasks.spawn(chaos().torment_database(Arc::clone(self.postgres)));
        tasks
    }

    /// Revokes keys until there were enough of them, and long enough.
    async fn make_changes(&mut self, fleet: &Fleet) -> Result<()> {
        let (began, left) = (Instant::now(), Arc::new(AtomicU64::new(self.options.round)));
        let least = Duration::from_secs(self.options.seconds);
        let mut tasks = JoinSet::new();
        for _ in 0..self.options.changers {
            let (mut changer, left) = (fleet.changer(self.random.fork()), Arc::clone(&left));
            tasks.spawn(async move {
                while (take(&left) || began.elapsed() < least) && !changer.ledger.is_broken() {
                    changer.revoke().await?;
                }
                anyhow::Ok(())
            });
        }
        let retiring =
            retire_now_and_then(fleet.changer(self.random.fork()), self.random.fork(), Arc::clone(&left));
        tasks.spawn(retiring);
        while let Some(ended) = tasks.join_next().await {
            ended??;
        }
        Ok(())
    }

    fn report(&self, fleet: &Fleet) {
        let (good, bad) = fleet.ledger.counts();
        println!(
            "round {}: {:.0} s, {} revocations so far, {} requests, {} faults, {} receipts with lapsed > 0; \
             {good} keys are good on all instances and {bad} are refused",
            self.number,
            fleet.ledger.began.elapsed().as_secs_f64(),
            self.tally.revocations(),
            self.tally.sum("requests"),
            self.tally.sum("faults"),
            self.tally.sum("receipts"),
        );
    }
}

/// Progress, for who waits.
async fn tell(round: u64, tally: Arc<Tally>) {
    loop {
        sleep(PROGRESS).await;
        let (revocations, faults) = (tally.revocations(), tally.sum("faults"));
        println!(
            "round {round}: {revocations} revocations, {faults} faults, {} violations",
            tally.violations()
        );
    }
}

fn take(left: &AtomicU64) -> bool {
    left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1)).is_ok()
}

/// There are 16 signing keys in the life of a database, so these are few.
async fn retire_now_and_then(mut changer: Changer, mut random: Random, left: Arc<AtomicU64>) -> Result<()> {
    while left.load(Ordering::Relaxed) > 0 && !changer.ledger.is_broken() {
        let pause = random.time(Duration::from_millis(500), Duration::from_secs(8));
        sleep(pause).await;
        if !changer.retire_signing_key().await? {
            return Ok(());
        }
    }
    Ok(())
}

async fn finish(mut tasks: JoinSet<Result<()>>) -> Result<()> {
    while let Some(ended) = tasks.join_next().await {
        ended??;
    }
    Ok(())
}

/// After the last fault, all is well again by itself, on all instances.
async fn check_recovery(fleet: &Fleet) -> Result<()> {
    if !fleet.is_ready_within(RECOVERY).await? {
        fleet.ledger.accuse("an instance is not ready a minute after the last fault".to_owned());
        return Ok(());
    }
    let mut checks = JoinSet::new();
    for caller in fleet.callers.clone() {
        checks.spawn(async move { check_all(&caller).await });
    }
    while let Some(ended) = checks.join_next().await {
        ended?;
    }
    Ok(())
}

async fn check_all(caller: &Caller) {
    for key in caller.ledger.keys() {
        let way = if key.number % 2 == 0 { Way::Verify } else { Way::Gateway };
        let is_right = timeout(RECOVERY, is_as_due(caller, &key, way)).await.unwrap_or(false);
        if !is_right {
            let (number, due) = (caller.instance.number, key.due());
            caller
                .ledger
                .accuse(format!("{}: after all faults, instance {number} does not say {due:?}", key.id));
        }
    }
}

/// An answer that is wrong is noted by the ledger; a 503 may be one of the last.
async fn is_as_due(caller: &Caller, key: &Key, way: Way) -> bool {
    for _ in 0..20 {
        match (caller.call(key, way).await, key.due()) {
            (Outcome::Accepted, Due::Passes | Due::Either)
            | (Outcome::Refused(_), Due::Fails | Due::Either) => return true,
            (Outcome::Accepted | Outcome::Refused(_), _) => return false,
            _ => sleep(Duration::from_millis(100)).await,
        }
    }
    false
}
