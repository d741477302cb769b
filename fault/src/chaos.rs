//! Faults, one after the other for each instance, and for PostgreSQL.

use crate::instance::Instance;
use crate::lock;
use crate::postgres::Postgres;
use crate::random::Random;
use crate::tally::Tally;
use crate::wire::{Flow, Mode};
use anyhow::Result;
use clap::ValueEnum;
use rustix::process::Signal;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::{sleep, timeout};

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Fault {
    /// SIGSTOP for 0.1 to 20 s
    Stop,
    /// SIGKILL, and a new process on the same port
    Kill,
    /// The connections to the database are closed
    Cut,
    /// The connections to the database say nothing
    Silence,
    /// Each answer of the database comes late
    Slow,
    /// Notifications are lost
    LostNotify,
    /// The log cannot be read, all else can
    StalledLog,
    /// The wall clock is set
    Clock,
    /// SIGKILL for PostgreSQL, and a new start
    Postgres,
}

/// Makes faults until it is told to end.
pub(crate) struct Chaos {
    pub(crate) faults: Vec<Fault>,
    pub(crate) tally: Arc<Tally>,
    /// What is still to come before anything comes twice.
    pub(crate) deck: Arc<Mutex<Vec<Fault>>>,
    pub(crate) end: watch::Receiver<bool>,
    pub(crate) random: Random,
}

/// Reading takes several answers, so it still succeeds.
const SLOWEST: Duration = Duration::from_millis(1500);
const SHORTEST: Duration = Duration::from_millis(100);
const STOP: Duration = Duration::from_secs(20);
const OTHER: Duration = Duration::from_secs(12);

impl Chaos {
    /// Torments an instance, and leaves it whole.
    pub(crate) async fn torment(mut self, instance: Arc<Instance>) -> Result<()> {
        while self.rest(Duration::from_millis(300), Duration::from_secs(6)).await {
            let Some(fault) = self.draw() else { return Ok(()) };
            self.tally.fault(&format!("{fault:?}"));
            match fault {
                Fault::Stop => self.stop(&instance).await,
                Fault::Kill => self.kill(&instance).await?,
                Fault::Clock => self.step_clock(&instance)?,
                _ => self.disturb(&instance, fault).await,
            }
        }
        Ok(())
    }

    /// Kills PostgreSQL from time to time.
    pub(crate) async fn torment_database(mut self, postgres: Arc<Postgres>) -> Result<()> {
        if !self.faults.contains(&Fault::Postgres) {
            return Ok(());
        }
        while self.rest(Duration::from_secs(10), Duration::from_mins(1)).await {
            self.tally.fault("Postgres");
            postgres.kill();
            self.rest(SHORTEST, Duration::from_secs(8)).await;
            postgres.run().await?;
        }
        Ok(())
    }

    /// A pause, and whether to go on.
    async fn rest(&mut self, least: Duration, most: Duration) -> bool {
        let pause = self.random.time(least, most);
        timeout(pause, self.end.wait_for(|end| *end)).await.is_err()
    }

    fn draw(&mut self) -> Option<Fault> {
        let mut deck = lock(&self.deck);
        if deck.is_empty() {
            deck.extend(self.faults.iter().filter(|fault| **fault != Fault::Postgres));
            self.random.shuffle(&mut deck);
        }
        deck.pop()
    }

    async fn stop(&mut self, instance: &Instance) {
        instance.signal(Signal::STOP);
        self.rest(SHORTEST, STOP).await;
        instance.signal(Signal::CONT);
    }

    async fn kill(&mut self, instance: &Instance) -> Result<()> {
        instance.kill();
        self.rest(Duration::from_millis(1), Duration::from_secs(3)).await;
        instance.revive().map(drop)
    }

    fn step_clock(&mut self, instance: &Instance) -> Result<()> {
        let step = self.random.time(SHORTEST, Duration::from_hours(1));
        let ms = i64::try_from(step.as_millis())?;
        instance.step_clock(if self.random.is_one_of(2) { ms } else { -ms })
    }

    async fn disturb(&mut self, instance: &Instance, fault: Fault) {
        let whole = Mode::default();
        instance.wire.set(match fault {
            Fault::Cut => Mode { flow: Flow::Cut, ..whole },
            Fault::Silence => Mode { flow: Flow::Silent, ..whole },
            Fault::Slow => Mode { delay: self.random.time(Duration::from_millis(2), SLOWEST), ..whole },
            Fault::LostNotify => Mode { loses_news: true, ..whole },
            _ => Mode { stalls_log: true, ..whole },
        });
        self.rest(SHORTEST, OTHER).await;
        // What was held either arrives late, or never does.
        if self.random.is_one_of(2) {
            instance.wire.set(Mode { flow: Flow::Cut, ..whole });
            sleep(Duration::from_millis(20)).await;
        }
        instance.wire.set(whole);
    }
}

/// Starts what has ended by itself: without a database, Titan does not start.
pub(crate) async fn keep_alive(instance: Arc<Instance>) -> Result<()> {
    loop {
        sleep(Duration::from_millis(250)).await;
        instance.revive()?;
    }
}
