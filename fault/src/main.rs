//! The fault test: keys are revoked while processes, clocks, wires and the database fail. `README.md` says more.

mod breaks;
mod change;
mod chaos;
mod http;
mod instance;
mod key;
mod ledger;
mod load;
mod outcome;
mod postgres;
mod random;
mod round;
mod tally;
mod upstream;
mod wire;

use anyhow::{Result, ensure};
use breaks::Break;
use chaos::Fault;
use clap::{Parser, ValueEnum};
use std::hash::{BuildHasher, RandomState};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use tokio::signal::unix::{SignalKind, signal};

/// Revokes keys while everything fails, and looks for a key that is accepted after the receipt
#[derive(Parser)]
pub(crate) struct Options {
    /// The program: built with the feature `fault`
    #[arg(long)]
    titan: PathBuf,
    /// The same seed draws the same faults; without one, it is drawn
    #[arg(long)]
    seed: Option<u64>,
    /// How many revocations, in rounds with a database each
    #[arg(long, default_value_t = 1000)]
    revocations: u64,
    /// How many of them in one round
    #[arg(long, default_value_t = 1000)]
    round: u64,
    /// Go on for at least so many seconds
    #[arg(long, default_value_t = 0)]
    seconds: u64,
    /// How many changes are under way at the same time
    #[arg(long, default_value_t = 256)]
    changers: usize,
    /// How many requests a second each instance gets, besides those after each receipt
    #[arg(long, default_value_t = 60)]
    rate: u32,
    /// Only these faults; all, if none is named
    #[arg(long, value_delimiter = ',')]
    faults: Vec<Fault>,
    /// Break the protocol on purpose in each of these ways, and expect to see it
    #[arg(long, value_delimiter = ',')]
    breaks: Vec<Break>,
}

pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[tokio::main]
async fn main() -> ExitCode {
    let options = Options::parse();
    let result = tokio::select! {
        result = run(options) => result,
        // So that everything that was started is dropped, and with it ended.
        _ = stopped() => Err(anyhow::anyhow!("interrupted")),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("fault: {error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn stopped() -> Result<()> {
    let (mut hangup, mut terminate) = (signal(SignalKind::hangup())?, signal(SignalKind::terminate())?);
    tokio::select! {
        _ = hangup.recv() => {}
        _ = terminate.recv() => {}
        interrupted = tokio::signal::ctrl_c() => interrupted?,
    }
    Ok(())
}

async fn run(mut options: Options) -> Result<()> {
    options.titan = options.titan.canonicalize()?;
    if options.faults.is_empty() {
        options.faults = Fault::value_variants().to_vec();
    }
    let postgres = Arc::new(postgres::Postgres::start().await?);
    let result = if options.breaks.is_empty() {
        let seed = options.seed.unwrap_or_else(|| RandomState::new().hash_one(0));
        search(&options, seed, &postgres).await
    } else {
        breaks::find_all(&Arc::new(options), &postgres).await
    };
    result.inspect_err(|_| postgres.keep())
}

/// Rounds until there were enough revocations, or a violation.
async fn search(options: &Options, seed: u64, postgres: &Arc<postgres::Postgres>) -> Result<()> {
    println!("fault: seed {seed}");
    let (began, tally) = (Instant::now(), Arc::new(tally::Tally::default()));
    let mut random = random::Random::new(seed);
    let mut number = 0;
    while tally.revocations() < options.revocations || began.elapsed() < Duration::from_secs(options.seconds)
    {
        number += 1;
        let found = round::Round::new(options, postgres, &tally, number, random.fork()).run().await?;
        for violation in found.iter().take(5) {
            println!("fault: seed {seed}, round {number}: VIOLATION\n  {violation}");
        }
        if !found.is_empty() {
            break;
        }
    }
    println!("fault: {} s, {number} rounds, seed {seed}", began.elapsed().as_secs());
    tally.lines().iter().for_each(|line| println!("  {line}"));
    println!("  violations: {}", tally.violations());
    ensure!(tally.violations() == 0, "the promise was broken");
    Ok(())
}
