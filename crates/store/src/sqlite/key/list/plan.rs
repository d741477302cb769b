//! Checks the query plan of every statement: each list is read from an index.

use super::candidates::Source;
use super::{After, Listing};
use crate::sqlite::migration::migrator;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions, QueryBuilder, Row, Sqlite, SqliteConnection, query};
use titan_core::key::{Creator, KeyFilter, Order, Sort};
use titan_core::time::Timestamp;
use titan_token::{KeyId, ScopeBit, TenantId, Uuid};

const AT: Timestamp = Timestamp::from_secs(1);

/// Every combination of filters, in every order.
fn filters() -> impl Iterator<Item = KeyFilter> {
    (0u32..1 << 7).flat_map(|chosen| {
        let is = move |bit: u32| chosen & (1 << bit) != 0;
        let filter = KeyFilter {
            tenant: is(0).then_some(TenantId(1)),
            is_active: is(1).then_some(false),
            label: is(2).then(|| "label".to_owned()),
            created_by: is(3).then_some(Creator::Master),
            scope: ScopeBit::new(1).filter(|_| is(4)),
            expires_before: is(5).then_some(AT),
            last_used_before: is(6).then_some(AT),
            limit: 100,
            ..KeyFilter::default()
        };
        let orders = Sort::ALL.into_iter().flat_map(|sort| Order::ALL.map(|order| (sort, order)));
        orders.map(move |(sort, order)| KeyFilter { sort, order, ..filter.clone() }).collect::<Vec<_>>()
    })
}

fn sources(filter: &KeyFilter) -> Vec<Source> {
    let terms = || "a AND b".to_owned();
    let mut sources = vec![
        Source::Order,
        Source::Few(terms()),
        Source::Before(Sort::Expires),
        Source::Before(Sort::LastUsed),
    ];
    sources.extend((filter.sort == Sort::Created).then(|| Source::Made(terms())));
    sources
}

async fn plan(connection: &mut SqliteConnection, select: &QueryBuilder<Sqlite>) -> Vec<String> {
    let explain = format!("EXPLAIN QUERY PLAN {}", select.sql().as_str());
    let rows = query(AssertSqlSafe(explain)).fetch_all(connection).await.unwrap();
    rows.iter().map(|row| row.get("detail")).collect()
}

/// Keys are read by an index or by id. Only few keys are ever sorted.
fn check(plan: &[String], filter: &KeyFilter, source: &Source) {
    let all = format!("{filter:?} {source:?} {plan:#?}");
    for step in plan.iter().filter(|step| step.contains(" key ") || step.ends_with(" key")) {
        assert!(step.contains("INDEX key_by_") || step.contains("USING PRIMARY KEY"), "{step} in {all}");
    }
    let is_sorted = plan.iter().any(|step| step.contains("TEMP B-TREE"));
    assert_eq!(is_sorted, matches!(source, Source::Before(_) | Source::Few(_)), "{all}");
    if *source == Source::Order && filter.sort != Sort::Created {
        let is_covered = plan.iter().any(|step| step.contains("USING COVERING INDEX key_by_"));
        assert!(is_covered || filter.last_used_before.is_some(), "{all}");
        let is_entered =
            plan.iter().any(|step| step.starts_with("SEARCH key USING") && step.contains("key_by_"));
        assert!(is_entered, "not from its place on: {all}");
    }
}

#[tokio::test]
async fn no_list_scans_the_table() {
    let mut connection = SqliteConnectOptions::new().in_memory(true).connect().await.unwrap();
    migrator().run(&mut connection).await.unwrap();
    for filter in filters() {
        let id = KeyId::new(Uuid::from_bits(1));
        let after = if filter.sort == Sort::Created { After::Number(1) } else { After::Time(1, id) };
        let listing = Listing { filter: &filter, after: Some(after) };
        for source in sources(&filter) {
            check(&plan(&mut connection, &listing.keys(&source)).await, &filter, &source);
            if let Some(end) = listing.end(&source) {
                check(&plan(&mut connection, &end).await, &filter, &source);
            }
        }
    }
}
