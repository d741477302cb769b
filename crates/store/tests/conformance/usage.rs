//! Stories of usage: what is added, how often, and what leaves.

use crate::fixture::{Fixture, NOW};
use crate::stories::id;
use sqlx::{AssertSqlSafe, Connection, PgConnection, SqliteConnection, query, query_scalar};
use std::sync::Arc;
use std::time::{Duration, Instant};
use titan_core::port::{Store, StoreError};
use titan_core::revision::InstanceId;
use titan_core::time::Timestamp;
use titan_core::usage::{
    Flush, Group, Label, LastClient, Outcome, Series, Step, Tally, UsageEnd, UsageQuery, UsageRow, Who,
};
use titan_store::Location;
use titan_token::{KeyId, TenantId, Uuid};

const MINUTE: i64 = 60;

fn series(tenant: u32, key: Who<KeyId>, route: Who<&str>, outcome: &'static str) -> Series {
    let route = match route {
        Who::Known(route) => Who::Known(route.into()),
        Who::Nobody => Who::Nobody,
        Who::Other => Who::Other,
    };
    Series { tenant: Who::Known(TenantId(tenant)), key, route, outcome: Outcome::new(outcome) }
}

fn tally(requests: u64) -> Tally {
    Tally { requests, bytes_in: 2 * requests, bytes_out: 3 * requests, micros: 4 * requests }
}

fn flush(instance: u64, number: u64, minute: Timestamp, rows: Vec<(Series, Tally)>) -> Flush {
    Flush { instance: InstanceId(instance), number, minute, rows, clients: Vec::new() }
}

/// Some requests of one key.
fn one(number: u64, minute: Timestamp, requests: u64) -> Flush {
    let series = series(1, Who::Known(id(1)), Who::Known("/a"), "allowed");
    flush(1, number, minute, vec![(series, tally(requests))])
}

fn all(step: Step) -> UsageQuery {
    let (from, to) = (Timestamp::from_secs(0), NOW.plus_secs(1_000_000));
    UsageQuery { step, from, to, tenant: None, key: None, route: None, group: None, top: 10 }
}

/// Rows whose keys are bytes of several lengths, and texts in the order of their bytes.
pub(crate) async fn fill(store: &dyn Store) {
    let keys = [Who::Known(id(1)), Who::Nobody, Who::Other];
    let routes = [Who::Known("/ä"), Who::Known("/B"), Who::Known("/b"), Who::Nobody, Who::Other];
    let rows = keys.iter().flat_map(|key| routes.iter().map(|route| series(1, *key, *route, "allowed")));
    let rows = rows.map(|series| (series, tally(3))).collect();
    let client = LastClient { at: NOW, address: "::/48".to_owned(), user_agent: "curl \\N".to_owned() };
    let flush = Flush { clients: vec![(id(1), client)], ..flush(1, 1, NOW, rows) };
    store.add_usage(&flush).await.unwrap();
}

async fn rows(store: &dyn Store, query: &UsageQuery) -> Vec<UsageRow> {
    store.usage(query).await.unwrap()
}

async fn sum(store: &dyn Store, query: &UsageQuery) -> u64 {
    rows(store, query).await.iter().map(|row| row.tally.requests).sum()
}

pub(crate) async fn a_flush_that_is_repeated_counts_once(fixture: Fixture) {
    let store = &*fixture.store;
    let client = LastClient { at: NOW, address: "192.0.2.0/24".to_owned(), user_agent: "x".to_owned() };
    let first = Flush { clients: vec![(id(1), client.clone())], ..one(1, NOW, 5) };
    for flush in [&first, &first, &one(2, NOW, 7), &first, &one(2, NOW, 7)] {
        store.add_usage(flush).await.unwrap();
    }
    assert_eq!(sum(store, &all(Step::Minute)).await, 12);
    // Another instance has numbers of its own.
    store.add_usage(&Flush { instance: InstanceId(2), ..one(1, NOW, 100) }).await.unwrap();
    assert_eq!(sum(store, &all(Step::Minute)).await, 112);
    assert_eq!(store.last_client(id(1)).await.unwrap(), Some(client));
    assert_eq!(store.last_client(id(2)).await.unwrap(), None);
}

pub(crate) async fn rollups_of_all_lengths_are_the_sum_of_the_minutes(fixture: Fixture) {
    let store = &*fixture.store;
    // Minutes of three days, in no order: the clock went back, and a flush came late.
    let minutes = [0, 5000, 3, 1, 1500, 0, 1439, 1440, 3000, 2];
    for (number, minute) in (1..).zip(minutes) {
        store.add_usage(&one(number, NOW.plus_secs(minute * MINUTE), number)).await.unwrap();
    }
    for step in Step::ALL {
        let rows = rows(store, &all(step)).await;
        let mut expected = std::collections::BTreeMap::new();
        for (number, minute) in (1..).zip(minutes) {
            *expected.entry(step.floor(NOW.plus_secs(minute * MINUTE))).or_default() += number;
        }
        let found: Vec<_> = rows.iter().map(|row| (row.at, row.tally)).collect();
        let expected: Vec<_> = expected.into_iter().map(|(at, requests)| (at, tally(requests))).collect();
        assert_eq!(found, expected, "{step:?}");
    }
}

pub(crate) async fn instances_that_flush_together_lose_nothing(fixture: Fixture) {
    let store = &fixture.store;
    let flushes = (1..=8).map(|instance| {
        let store = Arc::clone(store);
        tokio::spawn(async move {
            for number in 1..=10 {
                let flush = Flush { instance: InstanceId(instance), ..one(number, NOW, 1) };
                store.add_usage(&flush).await.unwrap();
            }
        })
    });
    for flush in flushes.collect::<Vec<_>>() {
        flush.await.unwrap();
    }
    for step in Step::ALL {
        assert_eq!(sum(&**store, &all(step)).await, 80, "{step:?}");
    }
}

pub(crate) async fn usage_is_narrowed_and_grouped(fixture: Fixture) {
    let store = &*fixture.store;
    let (a, b) = (Who::Known(id(1)), Who::Known(id(2)));
    let nobody = Series { tenant: Who::Nobody, ..series(0, Who::Nobody, Who::Nobody, "missing_api_key") };
    let rows_of_all = vec![
        (series(1, a, Who::Known("/a"), "allowed"), tally(10)),
        (series(1, a, Who::Known("/b"), "allowed"), tally(5)),
        (series(1, a, Who::Known("/b"), "insufficient_scope"), tally(1)),
        (series(2, b, Who::Known("/a"), "allowed"), tally(3)),
        (series(2, Who::Other, Who::Other, "allowed"), tally(2)),
        (nobody, tally(4)),
    ];
    store.add_usage(&flush(1, 1, NOW, rows_of_all)).await.unwrap();
    let all = all(Step::Hour);
    assert_eq!(sum(store, &UsageQuery { tenant: Some(TenantId(2)), ..all.clone() }).await, 5);
    assert_eq!(sum(store, &UsageQuery { key: Some(id(1)), ..all.clone() }).await, 16);
    assert_eq!(sum(store, &UsageQuery { route: Some("/b".to_owned()), ..all.clone() }).await, 6);
    let late = NOW.plus_secs(3600);
    assert_eq!(sum(store, &UsageQuery { from: late, ..all.clone() }).await, 0);
    let grouped = async |group, top| {
        let rows = rows(store, &UsageQuery { group: Some(group), top, ..all.clone() }).await;
        let mut sums = std::collections::BTreeMap::new();
        for row in rows {
            *sums.entry(row.label).or_insert(0) += row.tally.requests;
        }
        sums.into_iter().collect::<Vec<_>>()
    };
    let keys = [(a, 16), (b, 3), (Who::Nobody, 4), (Who::Other, 2)];
    assert_eq!(grouped(Group::Key, 10).await, keys.map(|(key, n)| (Label::Key(key), n)));
    let top = [(a, 16), (Who::Nobody, 4), (Who::Other, 5)];
    assert_eq!(grouped(Group::Key, 2).await, top.map(|(key, n)| (Label::Key(key), n)));
    let tenants = [(Who::Known(TenantId(1)), 16), (Who::Known(TenantId(2)), 5), (Who::Nobody, 4)];
    assert_eq!(grouped(Group::Tenant, 10).await, tenants.map(|(tenant, n)| (Label::Tenant(tenant), n)));
    let routes = [
        (Who::Known("/a".to_owned()), 13),
        (Who::Known("/b".to_owned()), 6),
        (Who::Nobody, 4),
        (Who::Other, 2),
    ];
    assert_eq!(grouped(Group::Route, 10).await, routes.map(|(route, n)| (Label::Route(route), n)));
    let codes = [("allowed", 20), ("insufficient_scope", 1), ("missing_api_key", 4)];
    assert_eq!(grouped(Group::Code, 1).await, codes.map(|(code, n)| (Label::Code(Outcome::new(code)), n)));
}

pub(crate) async fn what_is_old_leaves_by_its_length(fixture: Fixture) {
    let store = &*fixture.store;
    let client =
        |secs| LastClient { at: NOW.plus_secs(secs), address: String::new(), user_agent: String::new() };
    for (number, secs) in (1..).zip([-200_000, -90_000, -4000, -100, 0]) {
        let key = id(u8::try_from(number).unwrap());
        let flush = Flush { clients: vec![(key, client(secs))], ..one(number, NOW.plus_secs(secs), 1) };
        store.add_usage(&flush).await.unwrap();
    }
    let at = |secs| NOW.plus_secs(secs);
    let floor = |step: Step, secs| step.floor(at(secs));
    let (minute, hour) = (floor(Step::Minute, -200), floor(Step::Hour, -10_000));
    let end = UsageEnd { minute, hour, day: floor(Step::Day, -100_000), clients: at(-1) };
    store.sweep_usage(&end).await.unwrap();
    for (step, left) in [(Step::Minute, 2), (Step::Hour, 3), (Step::Day, 4)] {
        let rows = rows(store, &all(step)).await;
        assert_eq!(rows.iter().map(|row| row.tally.requests).sum::<u64>(), left, "{step:?}");
        assert!(rows.iter().all(|row| row.at >= end.of(step)), "{step:?}");
    }
    assert_eq!(store.last_client(id(4)).await.unwrap(), None);
    assert_eq!(store.last_client(id(5)).await.unwrap(), Some(client(0)));
    // More than one piece, and an end beyond all.
    let many = (0..2500).map(|n| (series(n, Who::Nobody, Who::Nobody, "allowed"), tally(1))).collect();
    store.add_usage(&flush(2, 1, NOW, many)).await.unwrap();
    let end = UsageEnd { minute: at(MINUTE), hour: at(7200), day: at(200_000), clients: at(MINUTE) };
    store.sweep_usage(&end).await.unwrap();
    for step in Step::ALL {
        assert_eq!(sum(store, &all(step)).await, 0, "{step:?}");
    }
}

/// An end beyond all.
fn all_over() -> UsageEnd {
    let end = NOW.plus_secs(1_000_000);
    UsageEnd { minute: end, hour: end, day: end, clients: end }
}

fn client(at: Timestamp) -> LastClient {
    LastClient { at, address: String::new(), user_agent: String::new() }
}

pub(crate) async fn many_rows_of_one_time_leave_piece_by_piece(fixture: Fixture) {
    let store = &*fixture.store;
    let routes: Vec<_> = (0..4500).map(|n| format!("/{n}")).collect();
    let of = |route| series(1, Who::Known(id(1)), Who::Known(route), "allowed");
    let rows = routes.iter().map(|route| (of(route), tally(1))).collect();
    let key = |n: u64| KeyId::new(Uuid::v7(n, [1; 10]));
    let clients = (0..4500).map(|n| (key(n), client(NOW))).collect();
    store.add_usage(&Flush { clients, ..flush(1, 1, NOW, rows) }).await.unwrap();
    let before = store.write_load().commits;
    store.sweep_usage(&all_over()).await.unwrap();
    let commits = store.write_load().commits - before;
    // Three for each length and three for the clients, and no more of each than one that finds nothing.
    assert!((12..=20).contains(&commits), "{commits}");
    for step in Step::ALL {
        assert_eq!(sum(store, &all(step)).await, 0, "{step:?}");
        assert_eq!(sum(store, &by_key(step)).await, 0, "{step:?}");
    }
    for n in [0, 2000, 4499] {
        assert_eq!(store.last_client(key(n)).await.unwrap(), None);
    }
}

/// Answered from the series, and not from the sums without key and route.
fn by_key(step: Step) -> UsageQuery {
    UsageQuery { group: Some(Group::Key), top: 100, ..all(step) }
}

async fn run(fixture: &Fixture, statement: &'static str) {
    match fixture.location() {
        Location::Postgres(url) => {
            let mut connection = PgConnection::connect(url).await.unwrap();
            query(statement).execute(&mut connection).await.unwrap();
        }
        Location::Sqlite(path) => {
            let url = format!("sqlite://{}", path.display());
            let mut connection = SqliteConnection::connect(&url).await.unwrap();
            query(statement).execute(&mut connection).await.unwrap();
        }
    }
}

pub(crate) async fn what_cannot_be_swept_holds_up_nothing_else(fixture: Fixture) {
    let store = &*fixture.store;
    store.add_usage(&one(1, NOW, 5)).await.unwrap();
    run(&fixture, "ALTER TABLE last_client RENAME TO away").await;
    assert!(store.sweep_usage(&all_over()).await.is_err(), "whoever sweeps hears of it");
    for step in Step::ALL {
        assert_eq!(sum(store, &by_key(step)).await, 0, "{step:?}");
    }
}

/// The sums by time and outcome.
async fn outcomes(store: &dyn Store, query: &UsageQuery) -> std::collections::BTreeMap<(i64, String), Tally> {
    let mut sums = std::collections::BTreeMap::new();
    for row in rows(store, query).await {
        *sums.entry((row.at.ms(), row.outcome.to_string())).or_insert_with(Tally::default) += row.tally;
    }
    sums
}

pub(crate) async fn sums_without_key_and_route_are_those_of_the_series(fixture: Fixture) {
    let store = &*fixture.store;
    for n in 1..=20_u8 {
        let (tenant, minute) = (u32::from(n % 3), NOW.plus_secs(i64::from(n) * 1000));
        let rows = [Who::Known(id(n)), Who::Known(id(100 + n % 4)), Who::Nobody, Who::Other]
            .into_iter()
            .flat_map(|key| {
                let outcomes = [("allowed", 3), ("rate_limit_exceeded", 2)];
                outcomes
                    .map(|(outcome, count)| (series(tenant, key, Who::Known("/a"), outcome), tally(count)))
            });
        let stranger =
            Series { tenant: Who::Nobody, ..series(0, Who::Nobody, Who::Nobody, "missing_api_key") };
        let flush = flush(1, u64::from(n), minute, rows.chain([(stranger, tally(1))]).collect());
        for _ in 0..2 {
            store.add_usage(&flush).await.unwrap();
        }
    }
    for step in Step::ALL {
        for tenant in [None, Some(TenantId(1)), Some(TenantId(9))] {
            let by_key = UsageQuery { tenant, ..by_key(step) };
            let expected = outcomes(store, &by_key).await;
            assert_eq!(expected.is_empty(), tenant == Some(TenantId(9)));
            for group in [None, Some(Group::Code), Some(Group::Route), Some(Group::Tenant)] {
                let found = outcomes(store, &UsageQuery { group, ..by_key.clone() }).await;
                assert_eq!(found, expected, "{step:?} {tenant:?} {group:?}");
            }
        }
    }
}

/// The answer to a flush was lost, and it comes again while the first one still waits for its commit.
pub(crate) async fn a_repeated_piece_is_committed_when_it_is_answered(fixture: Fixture) {
    for number in 1..=50 {
        let adding = [(), ()].map(|()| {
            let store = Arc::clone(&fixture.store);
            tokio::spawn(async move {
                store.add_usage(&one(number, NOW, 1)).await.unwrap();
                assert_eq!(sum(&*store, &all(Step::Minute)).await, number);
            })
        });
        for adding in adding {
            adding.await.unwrap();
        }
    }
}

pub(crate) async fn a_client_of_the_future_gives_way(fixture: Fixture) {
    let store = &*fixture.store;
    let ahead = |secs| client(NOW.plus_secs(secs));
    // A clock that was wrong by days, and one that is a little behind the one before.
    for (number, at, seen) in [(1, 86_400, 86_400), (2, 0, 0), (3, -60, 0), (4, 1800, 1800), (5, 0, 1800)] {
        let flush = Flush { clients: vec![(id(1), ahead(at))], ..one(number, NOW, 1) };
        store.add_usage(&flush).await.unwrap();
        assert_eq!(store.last_client(id(1)).await.unwrap(), Some(ahead(seen)), "{number}");
    }
}

const SLOW: &str = "pg_stat_activity WHERE query LIKE '%FROM usage%' AND wait_event = 'PgSleep' \
    AND datname = current_database()";

async fn count_slow(connection: &mut PgConnection) -> i64 {
    let count = query_scalar(AssertSqlSafe(format!("SELECT count(*) FROM {SLOW}")));
    count.fetch_one(connection).await.unwrap()
}

async fn wait_for_slow(connection: &mut PgConnection) {
    let began = Instant::now();
    while count_slow(connection).await == 0 {
        assert!(began.elapsed() < Duration::from_secs(8), "no question runs");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

pub(crate) async fn one_question_at_a_time_also_when_whoever_asked_has_gone_away(fixture: Fixture) {
    fixture.store.add_usage(&one(1, NOW, 1)).await.unwrap();
    run(&fixture, "ALTER TABLE usage RENAME TO quick").await;
    run(&fixture, "CREATE VIEW usage AS SELECT quick.* FROM pg_sleep(60) CROSS JOIN quick").await;
    let ask = || {
        let store = Arc::clone(&fixture.store);
        tokio::spawn(async move { store.usage(&all(Step::Day)).await })
    };
    let mut connection = PgConnection::connect(&fixture.url()).await.unwrap();
    let gone = ask();
    wait_for_slow(&mut connection).await;
    gone.abort();
    let waiting = ask();
    for _ in 0..30 {
        assert_eq!(count_slow(&mut connection).await, 1, "the second does not begin");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    // As the server does it after its time.
    let cancel = format!("SELECT pg_cancel_backend(pid) FROM {SLOW}");
    while !waiting.is_finished() {
        query(AssertSqlSafe(cancel.clone())).execute(&mut connection).await.unwrap();
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let slow = waiting.await.unwrap().unwrap_err();
    assert!(matches!(slow, StoreError::TooSlow(_)), "{slow}");
    assert!(titan_core::Error::from(slow).message().contains("a shorter time"));
}
