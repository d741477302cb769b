//! Requests about one session at the same time, in every order of their begins and answers.

use crate::support::app::TestClock;
use crate::support::database::{SEAL_KEY, new_database};
use std::sync::Arc;
use std::time::Duration;
use tempfile::TempDir;
use titan::system::SystemEntropy;
use titan_core::license::{Installed, License, Outcome, SessionCounter, UnsettledSession};
use titan_core::policy::SessionEvent::{self, Close, Open};
use titan_core::port::Store;
use titan_core::tenant::DEFAULT;
use titan_core::time::Clock;
use titan_store::{Location, SealKey, connect};

struct Counting {
    counter: SessionCounter,
    store: Arc<dyn Store>,
    clock: Arc<TestClock>,
    _folder: TempDir,
}

impl Counting {
    async fn start(limit: u32) -> Self {
        let (folder, clock) = (tempfile::tempdir().unwrap(), Arc::new(TestClock::default()));
        let location = Location::parse(&new_database(folder.path())).unwrap();
        let seal = SealKey::from_base64(SEAL_KEY).unwrap();
        let entropy = Arc::new(SystemEntropy);
        let (store, _) =
            connect(&location, seal, &[], &*clock, Arc::<SystemEntropy>::clone(&entropy)).await.unwrap();
        let claims = format!(
            r#"{{"sessionLimit":{limit},"issuedAt":"2025-01-01T00:00:00Z","expiresAt":"2099-01-01T00:00:00Z"}}"#
        );
        let installed = Arc::new(Installed::new(Some(License::parse(&claims).unwrap())));
        let time: Arc<dyn Clock> = Arc::<TestClock>::clone(&clock);
        let counter =
            SessionCounter::new(Arc::clone(&store), time, entropy, installed, Duration::from_secs(35));
        Self { counter, store, clock, _folder: folder }
    }

    async fn begin(&self, event: SessionEvent, name: &str) -> Option<UnsettledSession> {
        self.counter.begin(event, DEFAULT, name).await.unwrap()
    }

    async fn settle(&self, session: Option<UnsettledSession>, outcome: Outcome) {
        if let Some(session) = session {
            self.counter.settle(session, outcome).await.unwrap();
        }
    }

    async fn is_full(&self) -> bool {
        self.counter.begin(Open, DEFAULT, "another").await.is_err()
    }

    async fn count(&self) -> usize {
        self.store.live_sessions(None, 100).await.unwrap().len()
    }
}

#[tokio::test]
async fn a_start_beside_a_slow_stop_stays_counted() {
    let sessions = Counting::start(1).await;
    let started = sessions.begin(Open, "s").await;
    sessions.settle(started, Outcome::Done).await;
    let stop = sessions.begin(Close, "s").await;
    let start = sessions.begin(Open, "s").await;
    sessions.settle(stop, Outcome::Done).await;
    sessions.settle(start, Outcome::Done).await;
    assert!(sessions.is_full().await, "the upstream has stopped it, and started it again");
    let stop = sessions.begin(Close, "s").await;
    sessions.settle(stop, Outcome::Done).await;
    assert_eq!(sessions.count().await, 0);
}

#[tokio::test]
async fn a_stop_beside_a_slow_start_frees_nothing() {
    for outcome in [Outcome::Done, Outcome::NotThere, Outcome::Failed] {
        let sessions = Counting::start(1).await;
        let start = sessions.begin(Open, "s").await;
        let stop = sessions.begin(Close, "s").await;
        sessions.settle(stop, outcome).await;
        assert!(sessions.is_full().await, "{outcome:?}");
        sessions.settle(start, Outcome::Done).await;
        assert!(sessions.is_full().await, "{outcome:?}");
        assert_eq!(sessions.count().await, 1);
    }
}

#[tokio::test]
async fn of_two_starts_the_one_that_worked_counts_in_any_order() {
    for first_works in [true, false] {
        for first_answers_first in [true, false] {
            let sessions = Counting::start(1).await;
            let (first, second) = (sessions.begin(Open, "s").await, sessions.begin(Open, "s").await);
            let outcome = |works| if works { Outcome::Done } else { Outcome::Failed };
            let mut answers = [(first, outcome(first_works)), (second, outcome(!first_works))];
            if !first_answers_first {
                answers.reverse();
            }
            for (session, outcome) in answers {
                sessions.settle(session, outcome).await;
            }
            assert!(sessions.is_full().await, "{first_works} {first_answers_first}");
        }
    }
}

#[tokio::test]
async fn two_starts_that_fail_leave_nothing() {
    let sessions = Counting::start(1).await;
    let (first, second) = (sessions.begin(Open, "s").await, sessions.begin(Open, "s").await);
    sessions.settle(first, Outcome::Failed).await;
    sessions.settle(second, Outcome::Failed).await;
    assert_eq!(sessions.count().await, 0);
}

#[tokio::test]
async fn a_start_that_nobody_settled_can_be_closed_when_it_cannot_be_under_way_any_more() {
    let sessions = Counting::start(1).await;
    drop(sessions.begin(Open, "s").await);
    sessions.clock.advance(90);
    assert!(sessions.begin(Close, "s").await.is_none(), "35 s and a minute");
    sessions.clock.advance(10);
    let stop = sessions.begin(Close, "s").await;
    sessions.settle(stop, Outcome::NotThere).await;
    assert_eq!(sessions.count().await, 0);
}
