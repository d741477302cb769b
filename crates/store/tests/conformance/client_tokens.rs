//! Stories of the rules for client tokens, of those that were revoked, and of what persons send on a day.

use crate::fixture::{Fixture, NOW};
use crate::stories::id;
use std::collections::BTreeSet;
use std::sync::Arc;
use titan_core::client_token::{ClientRules, ClientSession, Day, RecipientMode, RevokedToken};
use titan_core::limit::Person;
use titan_core::port::Store;
use titan_core::revision::{Change, CredentialId, KeyStatus, Revision};
use titan_token::{ClientTokenId, SessionId, SessionName, TenantId, Uuid};

fn session(tenant: u32, name: &str) -> ClientSession {
    ClientSession { name: SessionName::new(name).unwrap(), tenant: TenantId(tenant) }
}

fn rules(rate_limit: u32) -> ClientRules {
    ClientRules {
        recipient_mode: RecipientMode::Allowlist,
        allowed_recipients: BTreeSet::from(["1@c.us".into()]),
        allowed_actions: BTreeSet::from(["send_message".into()]),
        allowed_origins: BTreeSet::from(["https://a.example".into()]),
        rate_limit,
        max_daily: 7,
        enabled: false,
    }
}

async fn record(store: &dyn Store, changes: &[Change]) {
    let mut tx = store.begin().await.unwrap();
    for change in changes {
        tx.record_change(change).await.unwrap();
    }
    tx.commit().await.unwrap();
}

fn set(session: &ClientSession, rules: Option<ClientRules>) -> Change {
    Change::ClientRules(session.clone(), rules.map(Arc::new))
}

/// Made so many seconds before now.
fn token(secs: i64, tenant: u32) -> RevokedToken {
    let id = Uuid::v7(NOW.plus_secs(-secs).ms().unsigned_abs(), [7; 10]);
    RevokedToken { id: ClientTokenId::new(id), tenant: TenantId(tenant) }
}

pub(crate) async fn client_rules_are_read_back_and_counted(fixture: Fixture) {
    let store = &*fixture.store;
    let (ours, theirs) = (session(1, "default"), session(2, "default"));
    assert_eq!(store.client_rules(&ours).await.unwrap(), None);
    // The last byte of a tenant must not end its range.
    let last = session(u32::MAX, "z");
    let all =
        [set(&ours, Some(rules(1))), set(&session(1, "z.z"), Some(rules(2))), set(&last, Some(rules(3)))];
    record(store, &all).await;
    assert_eq!(store.client_rules(&ours).await.unwrap(), Some(rules(1)));
    assert_eq!(store.client_rules(&theirs).await.unwrap(), None);
    record(store, &[set(&ours, None)]).await;
    assert_eq!(store.client_rules(&ours).await.unwrap(), None);
    let mut tx = store.begin().await.unwrap();
    assert_eq!(tx.current_client_rules(&last).await.unwrap(), Some(rules(3)));
    let length = |n| u64::try_from(serde_json::to_string(&rules(n)).unwrap().len()).unwrap();
    // Deleted ones count too, as `null`.
    for (tenant, sessions, bytes) in [(1, 2, 4 + length(2)), (2, 0, 0), (u32::MAX, 1, length(3))] {
        let room = tx.room_of_client_rules(TenantId(tenant)).await.unwrap();
        assert_eq!((room.sessions, room.bytes), (sessions, bytes), "{tenant}");
    }
    drop(tx);
    let log = store.changes_after(Revision(0), 9).await.unwrap().list.decode().unwrap();
    let changes: Vec<_> = log.into_iter().map(|(_, change)| change).collect();
    assert_eq!(changes, [all[1].clone(), all[2].clone(), set(&ours, None)]);
}

pub(crate) async fn the_state_of_a_client_token_is_all_that_decides_about_it(fixture: Fixture) {
    let store = &*fixture.store;
    let (ours, other) = (session(1, "default"), session(2, "default"));
    let parent = Change::Key(id(1), KeyStatus { is_disabled: true, ..KeyStatus::default() });
    let gone = Change::ClientToken(token(1, 1));
    let decides = [parent, gone, set(&ours, Some(rules(1)))];
    record(store, &decides).await;
    record(store, &[Change::ClientToken(token(1, 2)), set(&other, Some(rules(2)))]).await;
    let state = CredentialId::Client(token(1, 1), id(1), ours);
    let state = store.credential_state(state, TenantId(1)).await.unwrap();
    assert_eq!(state.changes.len(), 3);
    assert!(decides.iter().all(|change| state.changes.contains(change)), "{:?}", state.changes);
}

pub(crate) async fn a_revoked_client_token_leaves_the_log_when_it_has_expired(fixture: Fixture) {
    let store = &*fixture.store;
    let tokens = [token(3602, 1), token(3600, 1), token(1, 1), token(1, 2)];
    record(store, &tokens.map(Change::ClientToken)).await;
    record(store, &[set(&session(1, "default"), Some(rules(1)))]).await;
    let mut tx = store.begin().await.unwrap();
    tx.sweep_until(NOW).await.unwrap();
    assert!(!tx.sweep_log(NOW, 10).await.unwrap());
    tx.commit().await.unwrap();
    let log = store.changes_after(Revision(0), 9).await.unwrap().list.decode().unwrap();
    let left: Vec<_> = log.into_iter().map(|(_, change)| change).collect();
    assert_eq!(left[..3], tokens[1..].iter().copied().map(Change::ClientToken).collect::<Vec<_>>());
    assert_eq!(left.len(), 4, "rules stay");
}

/// It lives for 12 hours from the time in its id.
pub(crate) async fn an_ended_console_session_leaves_the_log_when_it_has_expired(fixture: Fixture) {
    let store = &*fixture.store;
    let made = |ago_secs: u64| {
        let ms = u64::try_from(NOW.ms()).unwrap() - ago_secs * 1000;
        Change::Console(SessionId::new(Uuid::v7(ms, [7; 10])))
    };
    let sessions = [made(43_202), made(43_200), made(1)];
    record(store, &sessions).await;
    let mut tx = store.begin().await.unwrap();
    tx.sweep_until(NOW).await.unwrap();
    assert!(!tx.sweep_log(NOW, 10).await.unwrap());
    tx.commit().await.unwrap();
    let log = store.changes_after(Revision(0), 9).await.unwrap().list.decode().unwrap();
    let left: Vec<_> = log.into_iter().map(|(_, change)| change).collect();
    assert_eq!(left, sessions[1..], "read back as it was written");
}

pub(crate) async fn no_more_are_counted_on_a_day_than_there_may_be(fixture: Fixture) {
    let store = Arc::clone(&fixture.store);
    let (ada, bob) = (Person::from_bytes([1; 16]), Person::from_bytes([2; 16]));
    let count = async |store: &dyn Store, person, day, most| {
        let mut counted = 0;
        for _ in 0..10 {
            counted += u32::from(store.count_daily(person, Day(day), most).await.unwrap());
        }
        counted
    };
    let tasks: Vec<_> = (0..8)
        .map(|_| {
            let store = Arc::clone(&store);
            tokio::spawn(async move {
                let mut counted = 0;
                for _ in 0..10 {
                    counted += u32::from(store.count_daily(ada, Day(20_000), 23).await.unwrap());
                }
                counted
            })
        })
        .collect();
    let mut counted = 0;
    for task in tasks {
        counted += task.await.unwrap();
    }
    assert_eq!(counted, 23, "whoever counts at the same time");
    assert_eq!(count(&*store, ada, 20_000, 25).await, 2, "of a limit that was raised");
    assert_eq!((count(&*store, bob, 20_000, 1).await, count(&*store, ada, 20_001, 3).await), (1, 3));
    drop(store);
    let fixture = fixture.reopen(&[]).await.unwrap();
    assert_eq!(count(&*fixture.store, ada, 20_000, 25).await, 0, "after a restart");
    fixture.store.sweep_days(Day(20_001)).await.unwrap();
    assert_eq!(count(&*fixture.store, ada, 20_001, 3).await, 0, "today stays");
    assert_eq!(count(&*fixture.store, ada, 20_000, 25).await, 10, "an earlier day is forgotten");
}
