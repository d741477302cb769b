//! The protocol broken on purpose. Each scenario provokes what one of its rules prevents. The same scenario with the
//! whole protocol must find nothing.

use crate::Options;
use crate::change::Changer;
use crate::key::Key;
use crate::postgres::Postgres;
use crate::random::Random;
use crate::round::Fleet;
use crate::tally::Tally;
use crate::wire::{Flow, Mode};
use anyhow::{Result, bail};
use clap::ValueEnum;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::task::JoinSet;
use tokio::time::{sleep, sleep_until};

/// What `TITAN_FAULT` can break (`crates/edge/src/fault.rs`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
#[value(rename_all = "snake_case")]
pub(crate) enum Break {
    HeadRuleOff,
    LeaseFromAnswer,
    ShortWait,
    EarlySweep,
}

const ATTEMPTS: u64 = 8;
const KEYS: usize = 25;
/// The grants of before are out of the way, all have applied everything, and each connection has prepared the statement of
/// a grant: with the delay of a plan, preparing takes too long for one.
const WARM_UP: Duration = Duration::from_secs(8);

/// How one instance is disturbed, and when keys are deleted through another one.
struct Plan {
    mode: Mode,
    first: Duration,
    last: Duration,
    end: Duration,
}

impl Break {
    fn name(self) -> String {
        self.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default()
    }

    fn plan(self) -> Plan {
        let (whole, ms) = (Mode::default(), Duration::from_millis);
        let plan = |mode, first, last, end| Plan { mode, first: ms(first), last: ms(last), end: ms(end) };
        match self {
            // Its grants come, and it does not see what they are about.
            Self::HeadRuleOff => plan(Mode { stalls_log: true, ..whole }, 100, 1500, 9000),
            // A grant is asked for in the first second. It takes one delay until it is made (before it, the connection
            // is tried), and another until it arrives. A change in between waits for less than such a lease lasts.
            Self::LeaseFromAnswer => {
                plan(Mode { stalls_log: true, delay: ms(2200), ..whole }, 3300, 3900, 11_000)
            }
            // Its lease is good for four seconds at least.
            Self::ShortWait => plan(Mode { flow: Flow::Silent, ..whole }, 0, 1000, 7000),
            // Its row is gone after three or four seconds; its lease ends after four or five.
            Self::EarlySweep => plan(Mode { flow: Flow::Silent, ..whole }, 1500, 4500, 8000),
        }
    }
}

/// Looks for a violation with each of these breaks, at the same time, and for none without them.
pub(crate) async fn find_all(options: &Arc<Options>, postgres: &Arc<Postgres>) -> Result<()> {
    let (began, mut searches) = (Instant::now(), JoinSet::new());
    for one in options.breaks.clone() {
        let (options, postgres) = (Arc::clone(options), Arc::clone(postgres));
        searches.spawn(async move { (one.name(), find(&options, &postgres, one).await) });
    }
    let mut failed = Vec::new();
    while let Some(ended) = searches.join_next().await {
        let (name, found) = ended?;
        let found = found?;
        println!("{name}: {} ({} s)", found.clone().unwrap_or_else(|error| error), began.elapsed().as_secs());
        failed.extend(found.err().map(|_| name));
    }
    if failed.is_empty() { Ok(()) } else { bail!("wrong: {}", failed.join(", ")) }
}

/// Says what was found, as an error if it is not as it must be.
async fn find(options: &Options, postgres: &Postgres, one: Break) -> Result<Result<String, String>> {
    let whole = attempt(options, postgres, format!("{}_whole", one.name()), one, "").await?;
    if let Some(violation) = whole.first() {
        return Ok(Err(format!("VIOLATION with the whole protocol\n  {violation}")));
    }
    for number in 1..=ATTEMPTS {
        let name = format!("{}_{number}", one.name());
        let found = attempt(options, postgres, name, one, &one.name()).await?;
        if let Some(violation) = found.first() {
            let first = violation.lines().next().unwrap_or_default();
            return Ok(Ok(format!("found at attempt {number}, {} violations: {first}", found.len())));
        }
    }
    Ok(Err(format!("not found in {ATTEMPTS} attempts")))
}

/// The violations of one run.
async fn attempt(
    options: &Options,
    postgres: &Postgres,
    database: String,
    one: Break,
    breaks: &str,
) -> Result<Vec<String>> {
    let fleet = Fleet::start(options, postgres, &Arc::new(Tally::default()), database, breaks).await?;
    let [changing, .., victim] = &fleet.callers[..] else { bail!("two instances") };
    let mut maker = fleet.changer(Random::new(1));
    let mut keys = Vec::new();
    for _ in 0..KEYS {
        keys.push(maker.new_key(1).await?);
    }
    sleep(WARM_UP).await;
    let mut helpers = JoinSet::new();
    helpers.spawn(victim.clone().load(options.rate, Random::new(2)));
    let plan = one.plan();
    victim.instance.wire.set(plan.mode);
    let began = tokio::time::Instant::now();
    let gap = plan.last.saturating_sub(plan.first) / u32::try_from(KEYS)?;
    let mut at = began + plan.first;
    let mut deletions = JoinSet::new();
    for key in keys {
        sleep_until(at).await;
        at += gap;
        let changer = Changer { callers: vec![changing.clone()], ..fleet.changer(Random::new(3)) };
        deletions.spawn(delete(changer, key));
    }
    sleep_until(began + plan.end).await;
    victim.instance.wire.set(Mode::default());
    while let Some(ended) = deletions.join_next().await {
        ended??;
    }
    Ok(fleet.ledger.violations())
}

async fn delete(mut changer: Changer, key: Arc<Key>) -> Result<()> {
    changer.delete_key(key).await
}
