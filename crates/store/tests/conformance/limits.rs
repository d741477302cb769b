//! Stories of settings and of what is borrowed of limits.

use crate::fixture::Fixture;
use crate::stories::id;
use std::sync::Arc;
use std::time::Duration;
use titan_core::limit::{Ask, Loan, Subject};
use titan_core::port::Store;
use titan_core::revision::{Change, Revision};
use titan_core::settings::{LogLevel, Settings};
use titan_core::time::Uptime;

fn at(secs: u64) -> Uptime {
    Uptime::new(Duration::from_secs(secs))
}

fn ask(limit: u32, wanted: u32) -> Ask {
    Ask { limit, wanted, needed: 1, ..Ask::default() }
}

async fn borrow(store: &dyn Store, subject: Subject, ask: Ask) -> u32 {
    match store.borrow(subject, &ask, at(1000)).await.unwrap() {
        Loan::Lent { amount, .. } => amount,
        Loan::Refused { .. } => 0,
    }
}

pub(crate) async fn all_who_borrow_together_get_no_more_than_there_is(fixture: Fixture) {
    let store = Arc::clone(&fixture.store);
    let tasks: Vec<_> = (0..12)
        .map(|_| {
            let store = Arc::clone(&store);
            tokio::spawn(async move {
                let mut sum = 0;
                for _ in 0..20 {
                    sum += borrow(&*store, Subject::Global, ask(500, 7)).await;
                }
                sum
            })
        })
        .collect();
    let mut sum = 0;
    for task in tasks {
        sum += task.await.unwrap();
    }
    assert_eq!(sum, 500);
    let key = Subject::Key(id(1));
    assert_eq!(borrow(&*store, key, ask(500, 7)).await, 7, "each subject has a budget of its own");
    assert_eq!(borrow(&*store, Subject::Message, ask(3, 1)).await, 1);
}

pub(crate) async fn what_is_borrowed_is_known_after_a_restart(fixture: Fixture) {
    let loan = fixture.store.borrow(Subject::Global, &ask(10, 5), at(1000)).await.unwrap();
    let Loan::Lent { amount: 5, tick, rest: 5, .. } = loan else { unreachable!("{loan:?}") };
    let fixture = fixture.reopen(&[]).await.unwrap();
    let rest = Ask { needed: 5, ..ask(10, 5) };
    assert_eq!(borrow(&*fixture.store, Subject::Global, rest).await, 5);
    assert_eq!(borrow(&*fixture.store, Subject::Global, ask(10, 1)).await, 0);
    let unspent = Ask { unspent: Some((tick, 3)), needed: 3, ..ask(10, 3) };
    assert_eq!(borrow(&*fixture.store, Subject::Global, unspent).await, 3, "what was given back");
}

pub(crate) async fn sweeping_leaves_what_still_counts(fixture: Fixture) {
    borrow(&*fixture.store, Subject::Global, Ask { needed: 10, ..ask(10, 10) }).await;
    fixture.store.sweep_budgets(at(1001)).await.unwrap();
    assert_eq!(borrow(&*fixture.store, Subject::Global, ask(10, 1)).await, 0);
}

pub(crate) async fn settings_are_read_back(fixture: Fixture) {
    assert_eq!(fixture.store.settings().await.unwrap(), None);
    let settings =
        Settings { rate_limit: 7, msg_rate_limit: 0, debug_mode: true, log_level: Some(LogLevel::Warn) };
    let mut tx = fixture.store.begin().await.unwrap();
    tx.record_change(&Change::Settings(settings)).await.unwrap();
    tx.record_change(&Change::Debug(Some(true))).await.unwrap();
    assert_eq!(tx.current_settings().await.unwrap(), Some(settings));
    tx.commit().await.unwrap();
    assert_eq!(fixture.store.settings().await.unwrap(), Some(settings));
    let log = fixture.store.changes_after(Revision(0), 9).await.unwrap().list.decode().unwrap();
    let changes: Vec<_> = log.into_iter().map(|(_, change)| change).collect();
    assert_eq!(changes, [Change::Settings(settings), Change::Debug(Some(true))]);
}
